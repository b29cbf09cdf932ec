import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Child, Nursery } from "../run/child.ts";
import { isStarved, watchHealth, type HealthSample } from "../run/health.ts";
import { startK6, type K6Line, type K6Progress } from "../run/k6.ts";
import { writeRecord, type RunRecord } from "../run/record.ts";
import type { Relay } from "../run/relay/relay.ts";
import type { Host } from "./host.ts";
import { startLiveLine } from "./live.ts";
import type { Prepared } from "./prepare.ts";
import type { Stack } from "./stack.ts";

/** How many requests k6 may be asked to keep a summary of; above that its memory would grow with the run. */
const summaryLimit = 100_000;

/** How long k6 may take beyond its own plan before it is stopped. */
const graceSeconds = 90;

/** Is what a run has by the time k6 starts. */
export interface Running {
  prepared: Prepared;
  stack: Stack;
  relay: Relay;
  record: RunRecord;
}

/** Ends the load early or not at all; what ended it is remembered. */
export interface Course {
  interrupted: boolean;
  k6: Child | undefined;
}

/** Runs k6 to its end, or stops it when it overstays its plan; what became of it stands in the record. */
export async function loadWithK6(running: Running, host: Host, nursery: Nursery, course: Course): Promise<void> {
  const { prepared, stack, relay, record } = running;
  const errors: string[] = [];
  let progress: K6Progress | undefined;
  const onLine = (line: K6Line): void => {
    if (line.kind === "progress") progress = line.progress;
    if (line.kind === "log" && line.level === "error" && errors.length < 20) errors.push(line.message);
  };
  const summaryFile = (prepared.plan.offeredIterations ?? 0) * 2 <= summaryLimit ? join(prepared.folder, "k6-summary.json") : undefined;
  const startedAtSeconds = host.now();
  const k6 = startK6(nursery, {
    ...{
      binary: prepared.k6,
      script: prepared.script,
      folder: host.folder,
      logFile: join(prepared.folder, "k6.log"),
      writeUrl: relay.url,
      summaryFile,
      onLine,
    },
    labels: { testid: prepared.testid, instance_id: "0" },
    environment: { ...host.environment, ...prepared.scenarioEnvironment, PLIMSOLL_TARGET: stack.target, PLIMSOLL_INSTANCE: "0" },
    systemTags: prepared.foreign
      ? "proto,subproto,status,method,name,group,check,error,error_code,tls_version,scenario,service,expected_response"
      : undefined,
  });
  course.k6 = k6;
  if (course.interrupted) k6.signal("SIGINT");
  record.k6 = {
    startedAtSeconds,
    endedAtSeconds: null,
    exitCode: null,
    signal: null,
    iterations: null,
    interrupted: 0,
    summaryRequests: null,
    errors,
  };
  record.phase = "loading";
  writeRecord(prepared.folder, record);
  const health = watchHealth(k6.pid ?? 0);
  const live = startLiveLine({ plan: prepared.plan, spec: prepared.spec, relay }, host, startedAtSeconds);
  const limit = setTimeout(
    () => {
      record.doubts.push(`k6 did not end within ${graceSeconds} s of its plan and was stopped`);
      void k6.stop("SIGINT", 10);
    },
    (prepared.plan.totalSeconds + graceSeconds) * 1000,
  );
  const watch = watchStack(stack, record, host);
  const exit = await k6.exited;
  clearTimeout(limit);
  live.stop();
  watch.stop();
  if (exit.error) errors.push(exit.error);
  record.interrupted = course.interrupted;
  record.health = summarizeHealth(health.stop());
  record.k6 = {
    ...{ startedAtSeconds, endedAtSeconds: host.now(), exitCode: exit.code, signal: exit.signal, errors },
    ...{ iterations: progress?.iterations ?? null, interrupted: progress?.interrupted ?? 0, summaryRequests: summaryRequests(summaryFile) },
  };
  record.phase = "loaded";
  writeRecord(prepared.folder, record);
}

/** Notes when a part of the local stack ends in the middle of the load; the load goes on, because what it meets then is the truth. */
function watchStack(stack: Stack, record: RunRecord, host: Host): { stop: () => void } {
  let over = false;
  for (const child of stack.children) {
    void child.exited.then((exit) => {
      if (over) return;
      const after = host.now() - (record.k6?.startedAtSeconds ?? host.now());
      const sentence = `${child.name} ended ${after.toFixed(1)} s after k6 began (${exit.signal ?? exit.error ?? `exit code ${exit.code}`})`;
      record.notes.push(sentence);
      host.say(sentence);
    });
  }
  return { stop: () => void (over = true) };
}

function summarizeHealth(samples: readonly HealthSample[]): NonNullable<RunRecord["health"]> {
  const most = (values: number[]): number | null => (values.length === 0 ? null : Math.max(...values));
  return {
    cpuShareMax: most(samples.map((sample) => sample.cpuShare)),
    memoryPeakBytes: most(samples.map((sample) => sample.memoryBytes)),
    starvedAtSeconds: samples.filter(isStarved).map((sample) => sample.atSeconds),
    known: samples.length > 0,
  };
}

/** Reads k6's own total of requests; null where it wrote none. */
function summaryRequests(file: string | undefined): number | null {
  if (file === undefined) return null;
  try {
    const summary = JSON.parse(readFileSync(file, "utf8")) as { metrics?: Record<string, { count?: number }> };
    return summary.metrics?.["http_reqs"]?.count ?? null;
  } catch {
    return null;
  }
}
