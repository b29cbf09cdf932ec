import { k6Labels, k6Metrics } from "../spec/names.ts";
import { compileObjectives, type ObjectiveQueries } from "../compile/objectives.ts";
import { storedCountQueries, serviceQueries } from "../compile/run.ts";
import type { PrometheusApi } from "../collect/prometheus.ts";
import { jobsOf } from "../collect/server.ts";
import type { Totals } from "../collect/stored-counts.ts";
import { steadyReads } from "../collect/steady.ts";
import { judge } from "../judge/judge.ts";
import { runCaveats, type RunFacts } from "../judge/validity.ts";
import type { RunVerdict } from "../judge/verdict.ts";
import type { Report } from "../report/schema.ts";
import { readPlan, type Plan } from "../run/plan.ts";
import type { RunRecord } from "../run/record.ts";
import type { SentCounts } from "../run/relay/sent-totals.ts";
import { k6EndReason } from "../run/script-errors.ts";
import type { Spec } from "../spec/spec.ts";
import { composeReport } from "./compose-report.ts";
import { exitCodes } from "../host/exit-codes.ts";
import { userScriptFacts } from "./user-script.ts";
import { isJudged } from "../load/progress.ts";
import { readRun, type RunTimes, type UnservedLoad, type ServiceOf } from "./read-run.ts";
import { settleCounts, settleScrapes } from "./settle.ts";

/** What concluding a run needs. */
export interface ConcludeOptions {
  record: RunRecord;
  spec: Spec;
  api: PrometheusApi;
  sent: SentCounts;
  /** False when `sent` lacks what a lost load pod sent last. */
  sentIsWhole: boolean;
  /** What the relay has to say against the run. */
  relayCaveats: string[];
  settleLimitSeconds: number;
  say: (line: string) => void;
  now: () => number;
  /** True when the run is judged later than it ran: nothing more will be scraped, and the command's own time means nothing. */
  finished?: boolean;
}

/** Ends a run with a report, or says why Prometheus could not be asked. */
export type Concluded =
  | { kind: "concluded"; report: Report; countedUntilSeconds: number }
  | { kind: "unreachable"; reason: string }
  | { kind: "problems"; messages: string[] };

function totalsOf(sent: SentCounts): Totals {
  return {
    requests: sent.sumOf(k6Metrics.requests),
    iterations: sent.sumOf(k6Metrics.iterations),
    dropped: sent.sumOf(k6Metrics.droppedIterations),
    errors: sent.sumOf(k6Metrics.requests, (labels) => labels[k6Labels.expectedResponse] === "false"),
    slow: sent.sumOf(k6Metrics.slowRequests),
    wrongContents: sent.sumOf(k6Metrics.wrongContents),
  };
}

function runTimesOf(record: RunRecord, sent: SentCounts, countedUntil: number): RunTimes {
  const begun = record.k6?.startedAtSeconds ?? record.commandAtSeconds;
  const starts = sent.valuesOf(k6Metrics.scenarioStart).filter(({ labels }) => isJudged(labels));
  return {
    begun,
    judgedFrom: starts.length > 0 ? Math.min(...starts.map(({ value }) => value)) : begun,
    ended: record.k6?.endedAtSeconds ?? countedUntil - record.clockOffsetSeconds,
    countedUntil,
  };
}

/** Finds whose scrapes each objective's counters come from: the spec's service, or the jobs that a ratio's series carry. */
async function servicesOf({ api, record, now }: ConcludeOptions, queries: readonly ObjectiveQueries[]): Promise<ServiceOf> {
  const range = now() - record.commandAtSeconds + 300;
  const jobs = new Map<string, string[]>();
  for (const query of queries) {
    if (query.kind === "server" && query.jobs)
      jobs.set(query.objective, await jobsOf(api, query, range, now() + record.clockOffsetSeconds));
  }
  return (query) => (jobs.has(query.objective) ? (jobs.get(query.objective) ?? []).map((job) => ({ job })) : [record.serverLabels]);
}

/** How long two scrapes may take to come, seconds. */
const scrapesTake = ({ scrapeIntervalSeconds }: RunRecord): number => 3 * scrapeIntervalSeconds + 3;

/**
 * Gives the moment, on Prometheus's clock, up to which a run that is judged later is counted: the one that was found then, or the one at which
 * the wait for scrapes would have ended; undefined while scrapes may still come.
 */
export function countedThen(record: RunRecord, endedSeconds: number, nowSeconds: number): number | undefined {
  if (record.countedUntilSeconds !== null) return record.countedUntilSeconds;
  const due = endedSeconds + scrapesTake(record);
  if (nowSeconds >= due) return due;
  return record.prometheus.embedded ? nowSeconds : undefined;
}

/** Waits until every service in question was scraped twice since k6 ended, and gives that moment on Prometheus's clock: nothing later is counted. */
async function countedUntil(
  options: ConcludeOptions,
  queries: readonly ObjectiveQueries[],
  serviceOf: ServiceOf,
  ended: number,
): Promise<number> {
  const { record, api, now } = options;
  const offset = record.clockOffsetSeconds;
  const then = options.finished ? countedThen(record, ended + offset, now() + offset) : undefined;
  if (then !== undefined) return then;
  const limit = options.finished ? scrapesTake(record) : Math.min(options.settleLimitSeconds, scrapesTake(record));
  const services = queries.flatMap((query) =>
    query.kind === "server" ? serviceOf(query).map((labels) => ({ labels, limit: query.jobs ? options.settleLimitSeconds : limit })) : [],
  );
  const asked = services.length > 0 ? services : [{ labels: record.serverLabels, limit: 1 }];
  await Promise.all(
    asked.map(({ labels, limit: most }) => settleScrapes(api, serviceQueries(labels), ended + offset, () => now() + offset, most)),
  );
  return now() + offset;
}

function exitCodeOf(record: RunRecord, run: RunVerdict): number {
  if (record.interrupted) return exitCodes.interrupted;
  if (record.k6 === null || record.k6.signal !== null || record.k6.exitCode === 107 || record.k6.exitCode === 109)
    return exitCodes.notCarriedOut;
  if (run.kind === "met") return exitCodes.met;
  return run.kind === "exceeded" ? exitCodes.exceeded : exitCodes.inconclusive;
}

/** What k6 wrote of the judged scenarios. */
interface JudgedSent {
  requests: number;
  iterations: number;
  dropped: number;
}

function judgedOf(sent: SentCounts): JudgedSent {
  return {
    requests: sent.sumOf(k6Metrics.requests, isJudged),
    iterations: sent.sumOf(k6Metrics.iterations, isJudged),
    dropped: sent.sumOf(k6Metrics.droppedIterations, isJudged),
  };
}

function unservedLoadOf(record: RunRecord, totals: Totals, judged: JudgedSent): UnservedLoad {
  return {
    ...{ dropped: judged.dropped, interrupted: record.k6?.interrupted ?? 0 },
    requestsPerIteration: judged.iterations > 0 ? judged.requests / judged.iterations : 1,
    ...{ judged: judged.requests, notJudged: totals.requests - judged.requests },
  };
}

function factsOf(
  { record, sentIsWhole, relayCaveats }: ConcludeOptions,
  plan: Plan,
  totals: Totals,
  stored: Totals,
): Omit<RunFacts, "started" | "dropped" | "dropCause"> {
  const { k6 } = record;
  return {
    interrupted: record.interrupted,
    k6: {
      ...{ exitCode: k6?.exitCode ?? null, signal: k6?.signal ?? null, meaning: k6EndReason(k6?.exitCode ?? -1, k6?.errors ?? []) },
      ...{ iterations: k6?.iterations ?? null, summaryRequests: k6?.summaryRequests ?? null, summaryBad: k6?.summaryBad ?? null },
    },
    ...{ sent: totals, sentIsWhole, stored, offeredIterations: plan.offeredIterations ?? null, cutOff: k6?.interrupted ?? 0 },
    plannedSeconds: plan.loadSeconds ?? null,
    ranSeconds: k6 === null || k6.endedAtSeconds === null ? null : k6.endedAtSeconds - k6.startedAtSeconds,
    more: [...record.caveats, ...relayCaveats],
  };
}

function timingsOf({ record, sent, now, finished }: ConcludeOptions, runTimes: RunTimes): Report["timings"] {
  const times = sent.valuesOf(k6Metrics.requests).map(({ atSeconds }) => atSeconds);
  const lastRequestAt = times.length > 0 ? Math.max(...times) : runTimes.ended;
  const firstRequestAt = Math.min(runTimes.judgedFrom, ...sent.valuesOf(k6Metrics.scenarioStart).map(({ value }) => value));
  const then = record.timings ?? { toFirstRequestSeconds: null, toVerdictSeconds: null };
  const spent = { toFirstRequestSeconds: firstRequestAt - record.commandAtSeconds, toVerdictSeconds: now() - lastRequestAt };
  return { ...(finished ? then : spent), loadSeconds: lastRequestAt - firstRequestAt };
}

/** Settles, reads, judges and composes the report of a run that k6 has ended. */
export async function conclude(options: ConcludeOptions): Promise<Concluded> {
  const { record, spec, api, sent, now } = options;
  const plan = readPlan(record.inspected);
  const scope = { testid: record.testid, server: record.serverLabels, routes: [...new Set(plan.mix.map(({ route }) => route))] };
  const compiled = compileObjectives(spec, scope, record.slowCounted);
  if (compiled.kind === "problems")
    return { kind: "problems", messages: compiled.problems.map((p) => `${p.objective.name}: ${p.text} ${p.message}`) };
  const totals = totalsOf(sent);
  const reads = steadyReads(api);
  const serviceOf = await servicesOf({ ...options, api: reads.api }, compiled.queries);
  const range = now() - (record.k6?.startedAtSeconds ?? record.commandAtSeconds) + 120;
  const [settled, until] = await Promise.all([
    settleCounts(api, storedCountQueries(record.testid), totals, range, options.sentIsWhole ? options.settleLimitSeconds : 3),
    countedUntil(options, compiled.queries, serviceOf, record.k6?.endedAtSeconds ?? now()),
  ]);
  if (settled.kind === "unreachable") return { kind: "unreachable", reason: settled.reason };
  const { stored } = settled;
  if (settled.kind === "different" && options.sentIsWhole)
    options.say(`Prometheus holds ${stored.requests} of ${totals.requests} requests; it was waited for ${options.settleLimitSeconds} s`);
  const runTimes = runTimesOf(record, sent, until);
  const judgedSent = judgedOf(sent);
  const reading = await readRun(reads.api, record, plan, compiled.queries, runTimes, unservedLoadOf(record, totals, judgedSent), serviceOf);
  const unread = reads.unread();
  if (unread !== undefined) return { kind: "unreachable", reason: unread };
  const isUserScript = userScriptFacts(record, sent);
  const facts = factsOf(options, plan, totals, stored);
  const { dropCause } = reading;
  const { iterations: started, dropped } = judgedSent;
  const caveats = runCaveats({ ...facts, started, dropped, dropCause, more: [...facts.more, ...isUserScript.caveats] });
  const { verdicts, run } = judge(spec, reading.measurements, {
    caveats,
    openModel: plan.openModel,
    originSeconds: Math.floor(runTimes.begun),
  });
  const report = composeReport({
    record: { ...record, notes: [...record.notes, ...isUserScript.notes] },
    ...{
      plan,
      spec,
      reading,
      runTimes,
      sent: totals,
      sentIsWhole: options.sentIsWhole,
      stored,
      judgedSent,
      verdicts,
      run,
      exitCode: exitCodeOf(record, run),
    },
    ...{ reasons: run.kind === "met" ? [] : run.reasons, timings: timingsOf(options, runTimes) },
  });
  return { kind: "concluded", report, countedUntilSeconds: until };
}
