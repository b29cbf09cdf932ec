import { compileObjectives } from "../compile/objectives.ts";
import type { Scope } from "../compile/scope.ts";
import { storedCountQueries } from "../compile/run.ts";
import { steadyReads } from "../collect/steady.ts";
import { exitCodes, k6ExitCodes } from "../host/exit-codes.ts";
import { judge } from "../judge/judge.ts";
import { runCaveats, type RunFacts } from "../judge/validity.ts";
import type { RunVerdict, Verdict } from "../judge/verdict.ts";
import type { LoadRun } from "../load/load-run.ts";
import type { Report } from "../report/schema.ts";
import { phasesOf } from "../run/plan.ts";
import type { RunRecord } from "../run/record.ts";
import { k6EndReason } from "../run/script-errors.ts";
import { k6Metrics } from "../spec/names.ts";
import type { Spec } from "../spec/spec.ts";
import { composeReport, type Ingredients } from "./compose-report.ts";
import { readCauses } from "./read-causes.ts";
import { readRun } from "./read-run.ts";
import { awaitScrapes, runTimesOf, servicesOf, timingsOf } from "./run-times.ts";
import { judgedSentOf, totalsOf, unservedLoadOf } from "./sent.ts";
import { settleCounts } from "./settle.ts";
import { userScriptFacts } from "./user-script.ts";

/** Ends a run with a report, or says why Prometheus could not be asked, or what is wrong with the objectives. */
export type Verified =
  | { kind: "verified"; report: Report; countedUntilSeconds: number }
  | { kind: "unreachable"; reason: string }
  | { kind: "problems"; messages: string[] };

/** How long Prometheus is waited for where nobody knows what it should hold, seconds. */
const unknownTotalsSeconds = 3;

/** Settles, reads, judges and composes the report of a load, wherever it ran. */
export async function verify(load: LoadRun, spec: Spec, say: (line: string) => void): Promise<Verified> {
  const { record, sent, prometheus, now, settleLimitSeconds } = load;
  const compiled = compileObjectives(spec, scopeOf(load), record.slowCounted);
  if (compiled.kind === "problems")
    return { kind: "problems", messages: compiled.problems.map((p) => `${p.objective.name}: ${p.text} ${p.message}`) };
  const totals = totalsOf(sent);
  const reads = steadyReads(prometheus.api);
  const serviceOf = await servicesOf(reads.api, load, compiled.queries);
  const range = now() - (record.k6?.startedAtSeconds ?? record.commandAtSeconds) + 120;
  const limit = load.sentIsWhole ? settleLimitSeconds : unknownTotalsSeconds;
  const [settled, countedUntilSeconds] = await Promise.all([
    settleCounts(prometheus.api, storedCountQueries(record.testid), totals, range, limit),
    awaitScrapes(load, compiled.queries, serviceOf),
  ]);
  if (settled.kind === "unreachable") return settled;
  const { stored } = settled;
  if (settled.kind === "different" && load.sentIsWhole)
    say(`Prometheus holds ${stored.requests} of ${totals.requests} requests; it was waited for ${settleLimitSeconds} s`);
  const runTimes = runTimesOf(record, sent, countedUntilSeconds);
  const judgedSent = judgedSentOf(sent);
  const unserved = unservedLoadOf(record, totals, judgedSent);
  const reading = await readRun(reads.api, load, { queries: compiled.queries, metrics: spec.metrics }, runTimes, unserved, serviceOf);
  const unread = reads.unread();
  if (unread !== undefined) return { kind: "unreachable", reason: unread };
  const read = { reading, runTimes, sent: totals, stored, judgedSent };
  const report = await reportOf(load, spec, read, (verdicts) =>
    readCauses(reads.api, record, spec, verdicts, { ...reading, queries: compiled.queries, serviceOf }),
  );
  return { kind: "verified", report, countedUntilSeconds };
}

type ReadOfRun = Pick<Ingredients, "reading" | "runTimes" | "sent" | "stored" | "judgedSent">;

/** Judges what was read of a run, and composes its report. */
async function reportOf(
  load: LoadRun,
  spec: Spec,
  read: ReadOfRun,
  causesOf: (verdicts: readonly Verdict[]) => Promise<Ingredients["causes"]>,
): Promise<Report> {
  const { reading, runTimes } = read;
  const script = userScriptFacts(load.record, load.sent);
  const { openModel } = load.plan;
  const caveats = runCaveats(factsOf(load, read, script.caveats));
  const { verdicts, run } = judge(spec, reading.measurements, {
    caveats,
    openModel,
    originSeconds: Math.floor(runTimes.begun),
    stoppedOnProof:
      load.record.stoppedOnProof === null ? undefined : { planned: load.record.stoppedOnProof.planned, sent: read.judgedSent.requests },
  });
  const record = { ...load.record, notes: [...load.record.notes, ...script.notes] };
  const timings = timingsOf(load, runTimes);
  const causes = await causesOf(verdicts);
  return composeReport({ ...load, ...read, record, spec, verdicts, run, exitCode: exitCodeOf(record, run), timings, causes });
}

function scopeOf({ record, plan }: LoadRun): Scope {
  return {
    testid: record.testid,
    server: record.serverLabels,
    routes: [...new Set(plan.mix.map(({ route }) => route))],
    script: plan.script,
    phases: phasesOf(plan),
  };
}

function exitCodeOf({ interrupted, k6 }: RunRecord, run: RunVerdict): number {
  if (interrupted) return exitCodes.interrupted;
  if (k6 === null || k6.signal !== null || k6.exitCode === k6ExitCodes.scriptException || k6.exitCode === k6ExitCodes.panic)
    return exitCodes.notCarriedOut;
  return exitCodes[run.kind];
}

function stoppedSentence({ stoppedOnProof: stopped }: RunRecord): string | null {
  if (stopped === null) return null;
  const counts = `${stopped.bad} bad of ${stopped.total}`;
  const bounds =
    stopped.planned === null ? "by bounds that hold at any look" : `as if all others of ${stopped.planned} planned requests were good`;
  return `the load was stopped ${stopped.afterSeconds.toFixed(0)} s after k6 began, when ${counts} proved that ${stopped.objective} is exceeded (--stop-on exceeded); it is judged ${bounds}`;
}

const unknownK6 = { exitCode: null, signal: null, iterations: null, summaryRequests: null, summaryBad: null };

function factsOf(
  { record, sent: counts, sentIsWhole, caveats, plan }: LoadRun,
  { reading: { dropCause }, sent, stored, judgedSent: { iterations: started, dropped } }: ReadOfRun,
  scriptCaveats: readonly string[],
): RunFacts {
  const { k6 } = record;
  return {
    interrupted: record.interrupted,
    stoppedOnProof: stoppedSentence(record),
    k6: { ...unknownK6, ...k6, meaning: k6EndReason(k6?.exitCode ?? -1, k6?.errors ?? []) },
    sent,
    bytesSent: counts.sumOf(k6Metrics.dataSent),
    sentIsWhole,
    stored,
    started,
    dropped,
    dropCause,
    offeredIterations: plan.offeredIterations ?? null,
    cutOff: k6?.interrupted ?? 0,
    plannedSeconds: plan.loadSeconds ?? null,
    ranSeconds: k6 === null || k6.endedAtSeconds === null ? null : k6.endedAtSeconds - k6.startedAtSeconds,
    more: [...record.caveats, ...caveats, ...scriptCaveats],
  };
}
