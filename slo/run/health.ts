import { readdirSync, readFileSync } from "node:fs";

/** The generator's health over one interval. */
export interface HealthSample {
  /** Unix seconds at the interval's end. */
  atSeconds: number;
  /** CPU seconds that k6 used, a second. */
  cpuShare: number;
  /** Seconds that k6's threads waited for a CPU, a second, all threads together. */
  waitShare: number;
  memoryBytes: number;
}

/** Reads a process's CPU, run-queue wait and memory from /proc; undefined where there is none (macOS) or it has ended. */
function readProcess(pid: number): { cpuSeconds: number; waitSeconds: number; memoryBytes: number } | undefined {
  try {
    let [cpuSeconds, waitSeconds] = [0, 0];
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      // proc(5): time on the CPU and time waiting on a run queue, both in nanoseconds
      const [ran, waited] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ");
      cpuSeconds += Number(ran) / 1e9;
      waitSeconds += Number(waited) / 1e9;
    }
    const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return { cpuSeconds, waitSeconds, memoryBytes: Number(resident?.[1] ?? 0) * 1024 };
  } catch {
    return undefined;
  }
}

/** Watches a process every second; gives what ends that, and gives the samples (none where the system does not tell). */
export function watchHealth(pid: number): () => HealthSample[] {
  const samples: HealthSample[] = [];
  let [before, beforeAt] = [readProcess(pid), performance.now()];
  const timer = setInterval(() => {
    const [now, at] = [readProcess(pid), performance.now()];
    const seconds = (at - beforeAt) / 1000;
    if (now && before && seconds > 0) {
      samples.push({
        atSeconds: Date.now() / 1000,
        cpuShare: Math.max(0, now.cpuSeconds - before.cpuSeconds) / seconds,
        waitShare: Math.max(0, now.waitSeconds - before.waitSeconds) / seconds,
        memoryBytes: now.memoryBytes,
      });
    }
    [before, beforeAt] = [now, at];
  }, 1000);
  timer.unref();
  return () => {
    clearInterval(timer);
    return samples;
  };
}

/**
 * Says whether k6 was short of CPU in an interval: it waited for a CPU at least as long as it ran, and for at least half a second a second.
 * A generator with spare CPU waits a few percent of the time that it runs.
 */
function isStarved({ cpuShare, waitShare }: HealthSample): boolean {
  return waitShare >= 0.5 && waitShare >= cpuShare;
}

/** A sample is due every second: one that is later than this has averaged a shortage away, and whoever took it was short of CPU itself. */
const heldUpSeconds = 2;

/** Lists the ends (Unix seconds) of the seconds between two moments in which k6 was short of CPU, or in which nobody could look. */
export function starvedSeconds(samples: readonly HealthSample[], fromSeconds: number, toSeconds: number): number[] {
  if (samples.length === 0) return [];
  const intervals = [...samples.map((sample) => ({ at: sample.atSeconds, short: isStarved(sample) })), { at: toSeconds, short: false }];
  return intervals.flatMap(({ at, short }, i) => {
    const length = at - (intervals[i - 1]?.at ?? fromSeconds);
    if (!short && length <= heldUpSeconds) return [];
    const seconds = Math.max(1, Math.round(length));
    return Array.from({ length: seconds }, (_, second) => at - (seconds - 1 - second));
  });
}
