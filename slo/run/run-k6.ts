import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { k6ExitCodes } from "../host/exit-codes.ts";
import type { ProcessGroup } from "../host/process-group.ts";
import { starvedSeconds, watchHealth, type HealthSample } from "./health.ts";
import { startK6, type K6Line, type K6Progress } from "./k6.ts";
import { keepsSummary, type Plan } from "./plan.ts";
import type { RunRecord } from "./record.ts";

/** What is kept of a longer error; k6's log has all of it. */
const longestError = 1000;

/** How long k6 may take beyond its own plan before it is stopped. */
export const graceSeconds = 90;

/** The load that one k6 process is to carry. */
export interface DriveOptions {
  binary: string;
  script: string;
  /** Of the run: k6's log and summary are written there, and what the script itself writes (handleSummary). */
  folder: string;
  writeUrl: string;
  testid: string;
  /** The part of the load that falls to this process of several. */
  segment: { index: number; of: number };
  plan: Plan;
  isUserScript: boolean;
  target: string;
  environment: NodeJS.ProcessEnv;
  /** Ends k6 early when it aborts. */
  signal: AbortSignal;
}

/** What became of a k6 process. */
export interface Driven {
  k6: NonNullable<RunRecord["k6"]>;
  health: NonNullable<RunRecord["health"]>;
  caveats: string[];
}

/** Runs k6 to its end, or stops it when it overstays its plan. */
export function runK6(group: ProcessGroup, options: DriveOptions): { begun: NonNullable<RunRecord["k6"]>; ended: Promise<Driven> } {
  const { plan, folder, segment } = options;
  const errors: string[] = [];
  const caveats: string[] = [];
  let progress: K6Progress | undefined;
  let thrown = 0;
  const onLine = (line: K6Line): void => {
    if (line.kind === "progress") progress = line.progress;
    if (line.kind === "log" && line.thrown) thrown += 1;
    if (line.kind === "log" && line.level === "error" && errors.length < 20) errors.push(cut(line.message));
  };
  const summaryFile = keepsSummary(plan) ? join(folder, "k6-summary.json") : undefined;
  const startedAtSeconds = Date.now() / 1000;
  const child = startK6(group, {
    ...{ binary: options.binary, script: options.script, folder, logFile: join(folder, "k6.log") },
    ...{ writeUrl: options.writeUrl, summaryFile, segment, onLine },
    labels: { testid: options.testid, instance_id: String(segment.index) },
    environment: { ...options.environment, PLIMSOLL_TARGET: options.target, PLIMSOLL_INSTANCE: String(segment.index) },
    systemTags: options.isUserScript
      ? "proto,subproto,status,method,name,group,check,error,error_code,tls_version,scenario,service,expected_response"
      : undefined,
  });
  const interrupt = (): void => child.signal("SIGINT");
  options.signal.addEventListener("abort", interrupt, { once: true });
  if (options.signal.aborted) interrupt();
  const health = watchHealth(child.pid ?? 0);
  const overdue = (): void => {
    caveats.push(`k6 did not end within ${graceSeconds} s of its plan and was stopped`);
    void child.stop("SIGINT", 10);
  };
  const limit = setTimeout(overdue, (plan.totalSeconds + graceSeconds) * 1000);
  const begun = { startedAtSeconds, ...unknownEnd, errors };
  const ended = child.exited.then((exit) => {
    clearTimeout(limit);
    if (exit.error) errors.push(exit.error);
    // k6 counts such an iteration as complete, and ends with 0; it ends with 107 where setup() threw, which is a reason of its own.
    if (thrown > 0 && exit.code !== k6ExitCodes.scriptException)
      caveats.push(`the script threw ${thrown === 1 ? "an error" : `${thrown} errors`}: what it had still to send there was never sent`);
    return {
      k6: {
        ...{ startedAtSeconds, endedAtSeconds: Date.now() / 1000, exitCode: exit.code, signal: exit.signal, errors },
        ...{ iterations: progress?.iterations ?? null, interrupted: progress?.interrupted ?? 0 },
        ...readSummary(summaryFile),
      },
      health: summarizeHealth(health.stop(), startedAtSeconds, Date.now() / 1000),
      caveats,
    };
  });
  return { begun, ended };
}

const cut = (message: string): string =>
  message.length > longestError ? `${message.slice(0, longestError)}… (${message.length} characters; k6.log has them all)` : message;

const unknownEnd = {
  endedAtSeconds: null,
  exitCode: null,
  signal: null,
  iterations: null,
  interrupted: 0,
  summaryRequests: null,
  summaryBad: null,
  checks: null,
};

function summarizeHealth(samples: readonly HealthSample[], fromSeconds: number, toSeconds: number): NonNullable<RunRecord["health"]> {
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

/** Reads k6's own total of requests, and of its checks; null where it wrote none. */
function readSummary(file: string | undefined): Pick<Driven["k6"], "summaryRequests" | "summaryBad" | "checks"> {
  try {
    const { metrics } = summarySchema.parse(JSON.parse(readFileSync(file ?? "", "utf8")));
    const { checks, slow_requests: slow, wrong_contents: wrong } = metrics;
    return {
      summaryRequests: metrics.http_reqs?.count ?? null,
      summaryBad: slow && wrong ? slow.count + wrong.count : null,
      checks: checks ? { passes: checks.passes, fails: checks.fails } : null,
    };
  } catch {
    return { summaryRequests: null, summaryBad: null, checks: null };
  }
}
