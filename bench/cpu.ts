import { readFileSync } from "node:fs";

/** Linux counts a process's time in hundredths of a second (proc(5), USER_HZ). */
const ticksPerSecond = 100;

/** Reads CPU seconds, user and system, out of the text of /proc/PID/stat; the name of the program may hold spaces and brackets. */
export function statCpuSeconds(stat: string): { own: number; children: number } {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15).map(Number);
  return { own: (user + system) / ticksPerSecond, children: (childrenUser + childrenSystem) / ticksPerSecond };
}

/** Reads the CPU seconds of a running process, and of those of its children that have ended, to their ends. */
export function cpuSecondsOf(pid: number): { own: number; children: number } {
  return statCpuSeconds(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

/** Reads from /proc the most memory that a process ever had, bytes. */
export function peakBytesOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}
