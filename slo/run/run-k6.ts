import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { k6ExitCodes } from "../host/exit-codes.ts";
import { jsonOf } from "../host/json-of.ts";
import type { ProcessGroup } from "../host/process-group.ts";
import { type K6Line, type K6Options, startK6 } from "./k6.ts";
import { keepsSummary, type Plan } from "./plan.ts";
import type { RunRecord } from "./record.ts";
import { openSamples } from "./samples.ts";

/** What is kept of a longer error; k6's log has all of it. */
const longestError = 1000;

/** How long k6 may take beyond its own plan before it is stopped. */
export const graceSeconds = 90;

type K6Outcome = NonNullable<RunRecord["k6"]>;
type Health = NonNullable<RunRecord["health"]>;

export type Driven = { k6: K6Outcome; health: Health; caveats: string[] };

type DriveOptions = Omit<K6Options, "summaryFile" | "onLine"> & { plan: Plan; signal: AbortSignal };

/** Runs k6 to its end, or stops it when it overstays its plan or `signal` aborts. */
export function runK6(group: ProcessGroup, options: DriveOptions): { begun: K6Outcome; ended: Promise<Driven> } {
  const { plan, folder, signal } = options;
  const said = openSaid();
  const caveats: string[] = [];
  const summaryFile = keepsSummary(plan) ? join(folder, "k6-summary.json") : undefined;
  const startedAtSeconds = Date.now() / 1000;
  const child = startK6(group, { ...options, summaryFile, onLine: (line) => note(said, line) });
  const interrupt = (): void => child.signal("SIGINT");
  signal.addEventListener("abort", interrupt, { once: true });
  if (signal.aborted) interrupt();
  const endWatch = watchHealth(child.pid ?? 0);
  const overdue = (): void => {
    caveats.push(`k6 did not end within ${graceSeconds} s of its plan and was stopped`);
    void child.stop("SIGINT", 10);
  };
  const limit = setTimeout(overdue, (plan.totalSeconds + graceSeconds) * 1000);
  const begun = { ...unknownEnd, startedAtSeconds, errors: said.errors };
  const ended = child.exited.then((exit): Driven => {
    clearTimeout(limit);
    const endedAtSeconds = Date.now() / 1000;
    if (exit.error) said.errors.push(exit.error);
    const k6 = {
      ...begun,
      ...saidOf(said),
      ...summaryIn(() => readFileSync(summaryFile ?? "", "utf8")),
      endedAtSeconds,
      exitCode: exit.code,
      signal: exit.signal,
    };
    caveats.push(...thrownCaveats(said, exit.code));
    return { k6, health: summarizeHealth(endWatch(), startedAtSeconds, endedAtSeconds), caveats };
  });
  return { begun, ended };
}

type Said = ReturnType<typeof openSaid>;

export const openSaid = () => ({
  errors: [] as string[],
  progress: undefined as Extract<K6Line, { kind: "progress" }> | undefined,
  thrown: 0,
  samples: openSamples(),
});

export const saidOf = ({ progress, samples, errors }: Said) => ({
  iterations: progress?.iterations ?? null,
  interrupted: progress?.interrupted ?? 0,
  samples: samples.all(),
  errors,
});

export function note(said: Said, line: K6Line): void {
  if (line.kind === "progress") said.progress = line;
  if (line.kind !== "log") return;
  said.samples.take(line.message);
  if (line.thrown) said.thrown += 1;
  if (line.level === "error" && said.errors.length < 20) said.errors.push(cut(line.message));
}

function cut(message: string): string {
  const note = `… (${message.length} characters; k6.log has them all)`;
  return message.length > longestError + note.length ? message.slice(0, longestError) + note : message;
}

/** k6 counts an iteration that threw as complete, and ends with 0; it ends with 107 where setup() threw, which is a reason of its own. */
export function thrownCaveats({ thrown }: Said, exitCode: number | null): string[] {
  if (thrown === 0 || exitCode === k6ExitCodes.scriptException) return [];
  return [`the script threw ${thrown === 1 ? "an error" : `${thrown} errors`}: what it had still to send there was never sent`];
}

const unknownCounts = { iterations: null, interrupted: 0, summaryRequests: null, summaryBad: null, checks: null };
const unknownEnd = { endedAtSeconds: null, exitCode: null, signal: null, ...unknownCounts };

function summarizeHealth(samples: readonly HealthSample[], fromSeconds: number, toSeconds: number): Health {
  const most = (values: number[]): number | null => (values.length === 0 ? null : Math.max(...values));
  return {
    cpuShareMax: most(samples.map((sample) => sample.cpuShare)),
    memoryPeakBytes: most(samples.map((sample) => sample.memoryBytes)),
    starvedAtSeconds: starvedSeconds(samples, fromSeconds, toSeconds),
    known: samples.length > 0,
  };
}

const counter = z.object({ count: z.number() });
const summarySchema = z.object({
  metrics: z.object({
    http_reqs: counter.optional(),
    slow_requests: counter.optional(),
    wrong_contents: counter.optional(),
    checks: z.object({ passes: z.number(), fails: z.number() }).optional(),
  }),
});

/** Reads k6's own total of requests, and of its checks, in the text of its summary; null where it wrote none. */
export function summaryIn(text: () => string): Pick<K6Outcome, "summaryRequests" | "summaryBad" | "checks"> {
  const metrics = jsonOf(summarySchema, text)?.metrics;
  const { checks, http_reqs: requests, slow_requests: slow, wrong_contents: wrong } = metrics ?? {};
  return {
    summaryRequests: requests?.count ?? null,
    summaryBad: slow && wrong ? slow.count + wrong.count : null,
    checks: checks ? { passes: checks.passes, fails: checks.fails } : null,
  };
}

export interface HealthSample {
  /** Unix seconds at the interval's end. */
  atSeconds: number;
  /** CPU seconds that k6 used, a second. */
  cpuShare: number;
  /** Seconds that k6's threads waited for a CPU, a second, all threads together. */
  waitShare: number;
  memoryBytes: number;
  /** k6, or whoever watches it, stood still for half a second: paused, or on a machine that was. Neither runs then, nor waits for a CPU. */
  heldUp: boolean;
}

/** How often it is looked whether k6 stands still, and how long whoever looks may do so, milliseconds. */
const [lookMillis, stillMillis] = [100, 500];

/** Tells whether a process is stopped (proc(5): T), as by a debugger or SIGSTOP. */
function isStopped(pid: number): boolean {
  try {
    return /\) T [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
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
function watchHealth(pid: number): () => HealthSample[] {
  const samples: HealthSample[] = [];
  let [before, beforeAt] = [readProcess(pid), performance.now()];
  let [lookedAt, heldUp] = [beforeAt, false];
  const look = (): void => {
    const at = performance.now();
    heldUp ||= at - lookedAt > stillMillis || isStopped(pid);
    lookedAt = at;
  };
  const looks = setInterval(look, lookMillis);
  looks.unref();
  const timer = setInterval(() => {
    look();
    const [now, at] = [readProcess(pid), performance.now()];
    const seconds = (at - beforeAt) / 1000;
    if (now && before && seconds > 0) {
      samples.push({
        atSeconds: Date.now() / 1000,
        cpuShare: Math.max(0, now.cpuSeconds - before.cpuSeconds) / seconds,
        waitShare: Math.max(0, now.waitSeconds - before.waitSeconds) / seconds,
        memoryBytes: now.memoryBytes,
        heldUp,
      });
    }
    [before, beforeAt, heldUp] = [now, at, false];
  }, 1000);
  timer.unref();
  return () => {
    clearInterval(timer);
    clearInterval(looks);
    return samples;
  };
}

/** Says whether k6 was short of CPU: it stood still, or waited for at least as long as it ran and half of the time. With spare CPU it waits a few percent of the time that it runs. */
const isStarved = ({ cpuShare, waitShare, heldUp }: HealthSample): boolean => heldUp || (waitShare >= 0.5 && waitShare >= cpuShare);

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
