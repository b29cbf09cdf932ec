import { compileObjectives } from "../compile/objectives.ts";
import type { Scope } from "../compile/scope.ts";
import { storedCountQueries } from "../compile/run.ts";
import { steadyReads } from "../collect/steady.ts";
import type { Totals } from "../collect/stored-counts.ts";
import { exitCodes, k6ExitCodes } from "../host/exit-codes.ts";
import { waitFor } from "../host/wait.ts";
import { judge } from "../judge/judge.ts";
import { runCaveats, type RunFacts } from "../judge/validity.ts";
import type { RunVerdict } from "../judge/verdict.ts";
import type { LoadRun } from "../load/load-run.ts";
import type { Report } from "../report/schema.ts";
import { phasesOf } from "../run/plan.ts";
import type { RunRecord } from "../run/record.ts";
import { k6EndReason } from "../run/script-errors.ts";
import { isJudged, k6Metrics } from "../spec/names.ts";
import type { Spec } from "../spec/spec.ts";
import { composeReport } from "./compose-report.ts";
import { readCauses } from "./read-causes.ts";
import { readRun, type Reading } from "./read-run.ts";
import { awaitScrapes, runTimesOf, servicesOf, type Asked } from "./run-times.ts";
import { totalsOf, unservedLoadOf } from "./sent.ts";
import { settleCounts } from "./settle.ts";
import { userScriptFacts } from "./user-script.ts";

/** Ends a run with a report, or says why Prometheus could not be asked, or what is wrong with the objectives. */
export type Verified =
  | { kind: "verified"; report: Report; countedUntilSeconds: number }
  | { kind: "unreachable"; reason: string }
  | { kind: "problems"; messages: string[] };

/** How long Prometheus is waited for where nobody knows what it should hold, seconds. */
const unknownTotalsSeconds = 3;

/** Settles, reads, judges and composes the report of a load, wherever it ran; a signal ends the wait for what the service may still count. */
export async function verify(load: LoadRun, spec: Spec, say: (line: string) => void, signal?: AbortSignal): Promise<Verified> {
  const { record, sent, sentIsWhole, prometheus, now, settleLimitSeconds } = load;
  const compiled = compileObjectives(spec, scopeOf(load), record.slowCounted);
  if (compiled.kind === "problems")
    return { kind: "problems", messages: compiled.problems.map((p) => `${p.objective.name}: ${p.text} ${p.message}`) };
  const { queries } = compiled;
  const totals = totalsOf(sent);
  const { api, unread } = steadyReads(prometheus.api);
  const serviceOf = await servicesOf(api, load, queries);
  const range = now() - (record.k6?.startedAtSeconds ?? record.commandAtSeconds) + 120;
  const [settled, countedUntilSeconds] = await Promise.all([
    settleCounts(prometheus.api, storedCountQueries(record.testid), totals, range, sentIsWhole ? settleLimitSeconds : unknownTotalsSeconds),
    awaitScrapes(load, queries, serviceOf),
  ]);
  if (settled.kind === "unreachable") return settled;
  const { stored } = settled;
  if (settled.kind === "different" && sentIsWhole)
    say(`Prometheus holds ${stored.requests} of ${totals.requests} requests; it was waited for ${settleLimitSeconds} s`);
  const judgedSent = totalsOf(sent, isJudged);
  const unserved = unservedLoadOf(record, totals, judgedSent);
  const base = { api, load, spec, queries, serviceOf, totals, judgedSent, unserved };
  const { asked, reading } = await readLate({ ...base, times: runTimesOf(record, sent, countedUntilSeconds) }, say, signal);
  const reason = unread();
  if (reason !== undefined) return { kind: "unreachable", reason };
  return { kind: "verified", report: await reportOf(asked, reading, stored), countedUntilSeconds: asked.times.countedUntil };
}

/** How long a service may take to add up what it has counted, seconds: Envoy adds up its histograms every 5. */
const lateSeconds = 10;

const lackingOf = ({ measurements }: Reading): number =>
  measurements.reduce((sum, one) => sum + (one.kind === "counted" ? (one.lacking ?? 0) : 0), 0);

/** Reads a run; where histograms of the service lack requests that its own counter has, again until they have them, or for ten seconds. */
async function readLate(asked: Asked, say: (line: string) => void, signal: AbortSignal | undefined) {
  const { load, times } = asked;
  const now = (): number => load.now() + load.record.clockOffsetSeconds;
  const first = { asked, reading: await readRun(asked) };
  if (lackingOf(first.reading) === 0 || load.finished || load.record.interrupted) return first;
  say(`the service's histograms lack requests that its counter has: waiting for them, ${lateSeconds} s at most`);
  const whole = async () => {
    const later = { ...asked, times: { ...times, countedUntil: now() } };
    const reading = await readRun(later);
    return lackingOf(reading) === 0 ? { asked: later, reading } : undefined;
  };
  return (await waitFor(whole, lateSeconds, 1000, 1000, signal)) ?? first;
}

async function reportOf(asked: Asked, reading: Reading, stored: Totals): Promise<Report> {
  const { load, spec, times, judgedSent } = asked;
  const { record } = load;
  const script = userScriptFacts(record, load.sent);
  const { verdicts, run } = judge(spec, reading.measurements, {
    caveats: runCaveats(factsOf(asked, reading, stored, script.caveats)),
    openModel: load.plan.openModel,
    originSeconds: Math.floor(times.begun),
    stoppedOnProof: record.stoppedOnProof === null ? undefined : { planned: record.stoppedOnProof.planned, sent: judgedSent.requests },
  });
  const causes = await readCauses(asked, reading, verdicts);
  return composeReport(asked, reading, { stored, verdicts, run, exitCode: exitCodeOf(record, run), causes, notes: script.notes });
}

function scopeOf({ record, plan }: LoadRun): Scope {
  return {
    testid: record.testid,
    server: record.serverLabels,
    routes: [...new Set(plan.mix.map(({ route }) => route))],
    isUserScript: record.script !== null,
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

function factsOf({ load, totals, judgedSent }: Asked, reading: Reading, stored: Totals, scriptCaveats: readonly string[]): RunFacts {
  const { record, plan } = load;
  const { k6 } = record;
  return {
    interrupted: record.interrupted,
    stoppedOnProof: stoppedSentence(record),
    k6: { ...unknownK6, ...k6, meaning: k6EndReason(k6?.exitCode ?? -1, k6?.errors ?? []) },
    sent: totals,
    bytesSent: load.sent.sumOf(k6Metrics.dataSent),
    sentIsWhole: load.sentIsWhole,
    stored,
    started: judgedSent.iterations,
    dropped: judgedSent.dropped,
    dropCause: reading.client.dropCause,
    offeredIterations: plan.offeredIterations ?? null,
    cutOff: k6?.interrupted ?? 0,
    plannedSeconds: plan.loadSeconds ?? null,
    ranSeconds: k6 === null || k6.endedAtSeconds === null ? null : k6.endedAtSeconds - k6.startedAtSeconds,
    more: [...record.caveats, ...load.caveats, ...scriptCaveats],
  };
}
