import { arch, cpus, release, totalmem, type } from "node:os";
import { type PrometheusApi, versionOf } from "../collect/prometheus.ts";
import { version } from "../host/command-line.ts";
import { errorMessage } from "../host/error-message.ts";
import type { Host } from "../host/host.ts";
import { runProcess } from "../host/process.ts";
import { keepsSummary } from "../run/plan.ts";
import { type RunRecord, writeRecord } from "../run/record.ts";
import type { Place } from "./local.ts";
import type { Preflight } from "./preflight.ts";
import type { Prepared } from "./prepare.ts";

const notEvaluated = "the script's own thresholds were not evaluated: the objectives are the gate";

/** What nobody counts when k6 keeps no summary. */
const noSummary =
  "k6 was not asked for its summary, for which it keeps every request in memory: only its iterations are compared with what it wrote";
const nothingOfScript = ", the script's checks are not counted, and its handleSummary() is not called";

export function newRecord(prepared: Prepared, host: Host, stack: Place, checked: Preflight): RunRecord {
  const { options } = prepared;
  return {
    version: 1,
    testid: prepared.testid,
    scenario: prepared.name,
    script: prepared.isUserScript ? (options.script ?? null) : null,
    specFile: prepared.specFile,
    specText: prepared.specText,
    target: stack.target,
    prometheus: { url: stack.prometheus, embedded: stack.embedded },
    cluster: null,
    telemetry: { traces: options.traces, logs: options.logs },
    timings: null,
    serverLabels: prepared.serverLabels,
    slowCounted: !prepared.isUserScript,
    scrapeIntervalSeconds: checked.scrapeIntervalSeconds,
    clockOffsetSeconds: checked.clockOffsetSeconds,
    countedUntilSeconds: null,
    commandAtSeconds: host.commandAtSeconds,
    origin: checked.origin,
    inspected: prepared.inspected,
    stoppedOnProof: null,
    phase: "prepared",
    interrupted: false,
    k6: null,
    health: null,
    caveats: [],
    notes: [
      ...(options.fault === undefined ? [] : [`faults were injected into the storage API: ${options.fault}`]),
      ...prepared.notes,
      ...(prepared.isUserScript && prepared.plan.hasThresholds ? [notEvaluated] : []),
      ...(keepsSummary(prepared.plan) ? [] : [noSummary + (prepared.isUserScript ? nothingOfScript : "")]),
    ],
  };
}

/** Gives how long to wait for Prometheus at the end of a run: who interrupted one is not kept waiting. */
export function settleLimitOf({ interrupted }: RunRecord, settleLimitSeconds: number): number {
  return interrupted ? Math.min(10, settleLimitSeconds) : settleLimitSeconds;
}

export function sayK6Errors({ k6 }: RunRecord, host: Host): void {
  const errors = [...new Set(k6?.errors ?? [])];
  for (const error of errors.slice(0, 5)) host.say(`k6: ${error}`);
  if (errors.length > 5) host.say(`k6: and ${errors.length - 5} other errors, in k6.log`);
}

/** Writes the record of a run that is under way or over; a full disk costs the record, never the verdict. */
export function keepRecord(folder: string, record: RunRecord, host: Host): void {
  try {
    writeRecord(folder, record);
  } catch (error) {
    host.say(`the run's record cannot be kept, so a later gate will not know all of it: ${errorMessage(error)}`);
  }
}

/** Finds who loads, with what, from where; what does not tell is null. */
export async function originOf(host: Host, k6: string, api: PrometheusApi): Promise<NonNullable<RunRecord["origin"]>> {
  const [commit, prometheus] = await Promise.all([commitOf(host.folder), versionOf(api)]);
  return { command: host.command, commit, machine: machine(), versions: { plimsoll: version, k6, prometheus } };
}

/** Names the commit of a folder that git keeps, `-dirty` where something was not committed. */
async function commitOf(folder: string): Promise<string | null> {
  const args = ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"];
  const { ending, stdout } = await runProcess({ command: "git", args, folder, limitSeconds: 5 });
  return ending.kind === "exited" && ending.code === 0 ? stdout.trim() : null;
}

function machine(): string {
  const cores = cpus();
  return `${cores.length} × ${cores[0]?.model.trim() ?? "CPU"}, ${(totalmem() / 1e9).toFixed(1)} GB, ${type()} ${release()} ${arch()}, Node ${process.version}`;
}
