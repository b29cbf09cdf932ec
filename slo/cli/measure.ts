import { readCharts, readRoutes, type Charts, type RouteRow } from "../collect/charts.ts";
import { measureClient, type ClientWindow, type DropCount } from "../collect/client.ts";
import type { Measurement } from "../collect/measurement.ts";
import type { Span } from "../collect/points.ts";
import { queryNumber, queryRange, queryVector, type PrometheusApi } from "../collect/prometheus.ts";
import { guardService } from "../collect/guard.ts";
import { grown, measureServer, type ServerWindow } from "../collect/server.ts";
import { lastScrapeBefore } from "../collect/settle.ts";
import { dropCauseOf, risesOf, type CpuShortage, type DropCause } from "../collect/starved.ts";
import { judged, sumOfLast, type ObjectiveQueries } from "../compile/objectives.ts";
import { chartQueries, namedRoutes, serviceQueries } from "../compile/run.ts";
import type { Plan } from "../run/plan.ts";
import type { RunRecord } from "../run/record.ts";
import { k6Metrics } from "../spec/names.ts";

/** Says when what happened, Unix seconds of k6's clock. */
export interface Moments {
  /** k6's process began. */
  begun: number;
  /** The judged scenarios began. */
  judgedFrom: number;
  /** k6's process ended: no sample is later. */
  ended: number;
  /** Every service that is asked about had been scraped twice since k6 ended; Prometheus's clock. Nothing later counts. */
  countedUntil: number;
}

/** Says what of the load cannot be found in the counts, or is in them and not judged. */
export interface Omitted {
  /** Judged iterations that k6 had to drop, and all that were cut off. */
  dropped: number;
  interrupted: number;
  requestsPerIteration: number;
  judged: number;
  /** Requests of setup and warm-up. */
  notJudged: number;
}

/** Is the service that an objective's counters come from, by the labels of its scrapes; undefined when its series name none. */
export type ServiceOf = (query: ObjectiveQueries) => readonly Record<string, string>[];

/** Holds all that was read of a run. */
export interface Reading {
  measurements: Measurement[];
  charts: Charts;
  routes: RouteRow[];
  /** Growth over the whole run, warm-up and setup included, on the routes that the client named; null where it cannot be read. */
  served: { requests: number | null; errors: number | null; meanSeconds: number | null };
  clientMeanSeconds: number | null;
  dropCause: DropCause;
}

const numberOf = async (ask: ReturnType<typeof grown>): Promise<number | null> => {
  const got = await ask;
  return got.kind === "read" ? got.value : null;
};

/** Reads no series of errors as none of them, which holds where the requests were read; an answer that failed is unknown. */
const errorsOf = async (ask: ReturnType<typeof grown>): Promise<number | null> => {
  const got = await ask;
  if (got.kind === "none") return 0;
  return got.kind === "read" ? got.value : null;
};

/** Steps are seconds, and longer where Prometheus would refuse so many points (11,000). */
const stepOf = (lengthSeconds: number): number => Math.max(1, lengthSeconds / 5000);

/** Reads how many judged iterations had been dropped at each moment; undefined where not all of them can be placed in time. */
export async function droppedOver(api: PrometheusApi, testid: string, span: Span, dropped: number): Promise<DropCount[] | undefined> {
  if (dropped === 0) return [];
  const { fromSeconds, toSeconds, stepSeconds } = span;
  const read = sumOfLast(judged(k6Metrics.droppedIterations, testid))(toSeconds - fromSeconds + 60);
  const [over, end] = await Promise.all([
    queryRange(api, read, fromSeconds, toSeconds, stepSeconds),
    queryNumber(api, read, toSeconds), // what is dropped at the very end must not fall behind the last step
  ]);
  if (over.kind === "failed" || end.kind === "failed" || end.value !== dropped) return undefined;
  const before = (over.value[0]?.points ?? []).filter(({ atSeconds }) => atSeconds < toSeconds);
  return [...before, { atSeconds: toSeconds, value: dropped }];
}

/** Tells what is known of k6's CPU; what is not known of one pod is unknown of the whole load. */
export function shortageOf({ health }: Pick<RunRecord, "health">): CpuShortage {
  return health?.known ? { kind: "known", atSeconds: health.starvedAtSeconds } : { kind: "unknown" };
}

/**
 * Chooses the moment whose counters are "before": the start of the judged load, if a scrape fell into the quiet gap after the warm-up,
 * else the start of k6, and then up to `notJudged` requests of setup and warm-up are in the service's counts.
 */
async function serverStart(
  api: PrometheusApi,
  record: RunRecord,
  plan: Plan,
  moments: Moments,
  notJudged: number,
): Promise<{ at: number; notJudged: number }> {
  const offset = record.clockOffsetSeconds;
  const whole = { at: moments.begun + offset, notJudged };
  const quiet = quietSeconds(plan);
  // A foreign script does not say when its scenarios began, nor keep a quiet gap before them; and of several pods one may still warm up.
  if (record.script !== null || (record.cluster?.pods ?? 1) > 1 || quiet === 0) return whole;
  const at = moments.judgedFrom + offset - scrapeTakesSeconds;
  const last = await lastScrapeBefore(api, serviceQueries(record.serverLabels), at, 300);
  return last !== undefined && last > moments.judgedFrom + offset - quiet ? { at, notJudged: 0 } : whole;
}

/** A scrape bears the time at which it began, and counts what comes in until it is answered. */
const scrapeTakesSeconds = 0.1;
/** How long the warm-up of our scenarios runs on after its planned end: its graceful stop. */
const warmupRunsOnSeconds = 1;

/** Says for how long before the judged load our scenarios send nothing. k6's scenarios begin at 0, when setup has ended. */
export function quietSeconds(plan: Pick<Plan, "scenarios">): number {
  const ends = plan.scenarios.flatMap((one) => (one.judged ? [] : [(one.endSeconds ?? Infinity) + warmupRunsOnSeconds]));
  const starts = plan.scenarios.flatMap((one) => (one.judged ? [one.startSeconds] : []));
  return Math.max(0, Math.min(...starts) - Math.max(0, ...ends));
}

type GuardOf = (labels: Record<string, string>) => ReturnType<typeof guardService>;

/** Asks about each service once, however many objectives are about it. */
function guardOnce(api: PrometheusApi, server: ServerWindow): GuardOf {
  const asked = new Map<string, ReturnType<typeof guardService>>();
  return (labels) => {
    const { shown } = serviceQueries(labels);
    const known = asked.get(shown) ?? guardService(api, serviceQueries(labels), server);
    asked.set(shown, known);
    return known;
  };
}

async function measureAll(
  api: PrometheusApi,
  queries: readonly ObjectiveQueries[],
  client: ClientWindow,
  server: ServerWindow,
  serviceOf: ServiceOf,
  guard: GuardOf,
): Promise<Measurement[]> {
  return Promise.all(
    queries.map(async (query) => {
      if (query.kind === "client") return measureClient(api, query, client);
      const services = serviceOf(query);
      const guards = await Promise.all(services.map(guard));
      const unknown = { kind: "problem", reason: "the counters carry no job, so nobody can tell when they were last scraped" } as const;
      const guarded = guards.find((guard) => guard.kind === "problem") ?? guards[0] ?? unknown;
      return measureServer(api, query, server, guarded);
    }),
  );
}

/** Reads everything that a verdict and a report need, from Prometheus alone. */
export async function readRun(
  api: PrometheusApi,
  record: RunRecord,
  plan: Plan,
  queries: readonly ObjectiveQueries[],
  moments: Moments,
  omitted: Omitted,
  serviceOf: ServiceOf,
): Promise<Reading> {
  const offset = record.clockOffsetSeconds;
  const shortage = shortageOf(record);
  const stepSeconds = stepOf(moments.ended - moments.judgedFrom);
  const span = { fromSeconds: moments.judgedFrom, toSeconds: moments.ended + 1, stepSeconds };
  const drops = await droppedOver(api, record.testid, span, omitted.dropped);
  const dropCause = dropCauseOf(drops && risesOf(drops, stepSeconds), shortage);
  const client: ClientWindow = { ...span, ...omitted, dropsOver: drops ?? [], dropCause, shortage };
  const start = await serverStart(api, record, plan, moments, omitted.notJudged);
  const server: ServerWindow = {
    ...{ fromSeconds: start.at, toSeconds: moments.countedUntil, endedSeconds: moments.ended + offset, notJudged: start.notJudged },
    stepSeconds: Math.max(stepSeconds, record.scrapeIntervalSeconds),
    dropped: Math.ceil(omitted.dropped * Math.max(1, omitted.requestsPerIteration)),
  };
  const guard = guardOnce(api, server);
  const neverBegan: GuardOf = async () => ({ kind: "problem", reason: "the load that is judged never began" });
  const measurements = await measureAll(api, queries, client, server, serviceOf, omitted.judged > 0 ? guard : neverBegan);
  return {
    measurements,
    ...(await readPictures(api, record, moments, server, guard)),
    dropCause,
  };
}

/** Reads what the report shows and no verdict rests on. */
async function readPictures(
  api: PrometheusApi,
  record: RunRecord,
  moments: Moments,
  server: ServerWindow,
  guard: GuardOf,
): Promise<Pick<Reading, "charts" | "routes" | "served" | "clientMeanSeconds">> {
  const offset = record.clockOffsetSeconds;
  const named = await queryVector(api, namedRoutes(record.testid, moments.ended - moments.begun + 60), moments.ended + 1);
  const names = named.kind === "answer" ? named.value.map(({ labels }) => labels["name"] ?? "") : [];
  const charted = chartQueries(record.testid, record.serverLabels, names);
  const chartWindow = { fromSeconds: Math.floor(moments.begun), toSeconds: moments.ended + 1, clockOffsetSeconds: offset };
  const whole = { fromSeconds: moments.begun + offset, toSeconds: server.toSeconds };
  const range = moments.ended - moments.judgedFrom + 60;
  const clientQueries = [charted.clientSeconds.sum(range), charted.clientSeconds.count(range)];
  const [charts, routes, requests, errors, seconds, servedJudged, guarded, [sum, count]] = await Promise.all([
    readCharts(api, charted, chartWindow),
    readRoutes(api, charted, { ...chartWindow, fromSeconds: moments.judgedFrom }),
    numberOf(grown(api, charted.served, whole)),
    errorsOf(grown(api, charted.servedErrors, whole)),
    numberOf(grown(api, charted.servedSeconds, server)),
    numberOf(grown(api, charted.served, server)),
    guard(record.serverLabels),
    Promise.all(clientQueries.map((query) => queryVector(api, query, moments.ended + 1))),
  ]);
  const valueOf = (got: typeof sum): number | undefined => (got?.kind === "answer" ? got.value[0]?.points[0]?.value : undefined);
  const mean = (total: number | null | undefined, n: number | null | undefined): number | null =>
    total !== null && total !== undefined && n ? total / n : null;
  const trusted = guarded.kind === "sound" && requests !== null;
  return {
    ...{ charts, routes },
    served: {
      requests: trusted ? requests : null,
      errors: trusted ? errors : null,
      meanSeconds: trusted ? mean(seconds, servedJudged) : null,
    },
    clientMeanSeconds: mean(valueOf(sum), valueOf(count)),
  };
}
