import { chmodSync, readFileSync, writeFileSync } from "node:fs";

/** Linux counts a process's time in hundredths of a second (proc(5), USER_HZ). */
const ticksPerSecond = 100;

/** Reads the CPU seconds, user and system, out of the text of /proc/PID/stat; the name of the program may hold spaces and brackets. */
export function statCpuSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Reads the CPU seconds of a running process. */
export function cpuSecondsOf(pid: number): number {
  return statCpuSeconds(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

/** Reads the CPU seconds of a shell's children from what `times` prints: a line for the shell, then one for its children, user and system. */
export function childrenSeconds(times: string): number {
  const parts = [...(times.trim().split("\n")[1] ?? "").matchAll(/(\d+)m([\d.]+)s/g)];
  if (parts.length !== 2) throw new Error(`times printed: ${times}`);
  return parts.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}

/** Writes a program that runs another one and leaves its CPU time in a file: to the end of the process, which polling would miss. */
export function timedProgram(file: string, program: string): { program: string; cpuSeconds: () => number } {
  const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  writeFileSync(file, `#!/bin/sh\n${quoted(program)} "$@"\ncode=$?\ntimes > ${quoted(`${file}.times`)}\nexit $code\n`);
  chmodSync(file, 0o755);
  return { program: file, cpuSeconds: () => childrenSeconds(readFileSync(`${file}.times`, "utf8")) };
}

/** Reads from /proc the most memory that a process ever had, bytes. */
export function peakBytesOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}
