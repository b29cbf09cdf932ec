import { readCharts, readRoutes, type Charts, type RouteRow } from "../collect/charts.ts";
import { measureClient, type ClientWindow } from "../collect/client.ts";
import type { Measurement } from "../collect/measurement.ts";
import { queryRange, queryVector, type PrometheusApi } from "../collect/prometheus.ts";
import { counterProblem, grown, measureServer, type ServerWindow } from "../collect/server.ts";
import { lastScrapeBefore } from "../collect/settle.ts";
import type { ObjectiveQueries } from "../compile/objectives.ts";
import { chartQueries, heldQueries, namedRoutes, serviceQueries } from "../compile/run.ts";
import type { Plan } from "../run/plan.ts";
import type { RunRecord } from "../run/record.ts";

/** Says when what happened, Unix seconds of k6's clock. */
export interface Moments {
  /** k6's process began. */
  begun: number;
  /** The judged scenarios began. */
  judgedFrom: number;
  /** k6's process ended: no sample is later. */
  ended: number;
  /** Now: what Prometheus holds is final. */
  settled: number;
}

/** Holds all that was read of a run. */
export interface Reading {
  measurements: Measurement[];
  charts: Charts;
  routes: RouteRow[];
  /** Growth over the whole run, warm-up and setup included, on the routes that the client named; null where it cannot be read. */
  served: { requests: number | null; errors: number | null; meanSeconds: number | null };
  clientMeanSeconds: number | null;
  notes: string[];
  /** Unix seconds at which k6 dropped iterations. */
  droppedAtSeconds: number[];
}

const numberOf = async (ask: ReturnType<typeof grown>): Promise<number | null> => {
  const got = await ask;
  return got.kind === "read" ? got.value : null;
};

async function droppedMoments(api: PrometheusApi, record: RunRecord, moments: Moments): Promise<number[]> {
  const got = await queryRange(
    api,
    heldQueries(record.testid).dropped(moments.ended - moments.begun + 60),
    moments.begun,
    moments.ended + 1,
    1,
  );
  const points = got.kind === "answer" ? (got.value[0]?.points ?? []) : [];
  return points.flatMap(({ atSeconds, value }, i) => (value > (points[i - 1]?.value ?? 0) ? [atSeconds] : []));
}

/** Tells whether iterations were dropped in a second in which k6 itself was short of CPU. */
export function dropsWhileStarved(droppedAt: readonly number[], starvedAt: readonly number[]): boolean {
  return droppedAt.some((dropped) => starvedAt.some((starved) => Math.abs(starved - dropped) <= 1.5));
}

/**
 * Chooses the moment whose counters are "before": the start of the judged load, if a scrape fell into the quiet gap after the warm-up,
 * else the start of k6, and then the service's side includes warm-up and setup.
 */
async function serverStart(
  api: PrometheusApi,
  record: RunRecord,
  plan: Plan,
  moments: Moments,
): Promise<{ at: number; includesWarmup: boolean }> {
  const offset = record.clockOffsetSeconds;
  const before = plan.scenarios.filter((scenario) => !scenario.judged && scenario.endSeconds !== undefined);
  const judgedStart = Math.min(...plan.scenarios.filter((scenario) => scenario.judged).map((scenario) => scenario.startSeconds));
  if (before.length === 0) return { at: moments.begun + offset, includesWarmup: record.script === null };
  const gap = judgedStart - Math.max(...before.map((scenario) => scenario.endSeconds ?? 0));
  const last = await lastScrapeBefore(api, serviceQueries(record.serverLabels), moments.judgedFrom + offset, 300);
  const quiet = last !== undefined && last > moments.judgedFrom + offset - gap + 0.5;
  return quiet ? { at: moments.judgedFrom + offset, includesWarmup: false } : { at: moments.begun + offset, includesWarmup: true };
}

/** Reads everything that a verdict and a report need, from Prometheus alone. */
export async function readRun(
  api: PrometheusApi,
  record: RunRecord,
  plan: Plan,
  queries: readonly ObjectiveQueries[],
  moments: Moments,
  omitted: { dropped: number; interrupted: number },
  scrapedTwice: boolean,
): Promise<Reading> {
  const offset = record.clockOffsetSeconds;
  const notes: string[] = [];
  const droppedAtSeconds = omitted.dropped > 0 ? await droppedMoments(api, record, moments) : [];
  const starved = dropsWhileStarved(droppedAtSeconds, record.health?.starvedAtSeconds ?? []);
  const client: ClientWindow = {
    fromSeconds: moments.judgedFrom,
    toSeconds: moments.ended + 1,
    stepSeconds: 1,
    droppedAreBad: !starved,
    ...omitted,
  };
  const start = await serverStart(api, record, plan, moments);
  if (start.includesWarmup && queries.some((query) => query.kind === "server")) {
    notes.push("no scrape fell between the warm-up and the judged load, so the server's counts include setup and warm-up");
  }
  const server: ServerWindow = {
    fromSeconds: start.at,
    toSeconds: moments.settled + offset,
    stepSeconds: Math.max(1, record.scrapeIntervalSeconds),
    dropped: omitted.dropped,
  };
  const service = serviceQueries(record.serverLabels);
  const problem =
    (await counterProblem(api, service, server)) ??
    (scrapedTwice ? undefined : "the service was not scraped twice after the last request, so its last counts may be missing");
  const measurements = await Promise.all(
    queries.map((query) => (query.kind === "client" ? measureClient(api, query, client) : measureServer(api, query, server, problem))),
  );
  const named = await queryVector(api, namedRoutes(record.testid, moments.settled - moments.begun + 60), moments.ended + 1);
  const names = named.kind === "answer" ? named.value.map(({ labels }) => labels["name"] ?? "") : [];
  const charted = chartQueries(record.testid, record.serverLabels, names);
  const chartWindow = { fromSeconds: Math.floor(moments.begun), toSeconds: moments.ended + 1, clockOffsetSeconds: offset };
  const whole = { fromSeconds: moments.begun + offset, toSeconds: server.toSeconds };
  const [charts, routes, requests, errors, seconds, servedJudged] = await Promise.all([
    readCharts(api, charted, chartWindow),
    readRoutes(api, charted, { ...chartWindow, fromSeconds: moments.judgedFrom }),
    numberOf(grown(api, charted.served, whole)),
    numberOf(grown(api, charted.servedErrors, whole)),
    numberOf(grown(api, charted.servedSeconds, server)),
    numberOf(grown(api, charted.served, server)),
  ]);
  const range = moments.ended - moments.judgedFrom + 60;
  const [sum, count] = await Promise.all(
    [charted.clientSeconds.sum(range), charted.clientSeconds.count(range)].map((query) => queryVector(api, query, moments.ended + 1)),
  );
  const valueOf = (got: typeof sum): number | undefined => (got?.kind === "answer" ? got.value[0]?.points[0]?.value : undefined);
  const mean = (total: number | null | undefined, n: number | null | undefined): number | null =>
    total !== null && total !== undefined && n ? total / n : null;
  return {
    measurements,
    charts,
    routes,
    served: {
      requests,
      errors: requests === null ? null : (errors ?? 0),
      meanSeconds: problem === undefined ? mean(seconds, servedJudged) : null,
    },
    clientMeanSeconds: mean(valueOf(sum), valueOf(count)),
    notes,
    droppedAtSeconds,
  };
}
