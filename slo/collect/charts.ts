import type { PromQL } from "../compile/promql.ts";
import type { ChartQueries } from "../compile/run.ts";
import { bucketLines, bucketsBetween, finite, fromZero, growth, loadSteps, quantileLine, ratio } from "./lines.ts";
import type { Around, Bucket, Line } from "./lines.ts";
import { answerOf, queryHistograms, queryRange, type PrometheusApi, type Series } from "./prometheus.ts";

/** Says from when to when a chart is drawn. */
export interface ChartWindow {
  fromSeconds: number;
  toSeconds: number;
  /** Prometheus's clock minus k6's, for the server's series. */
  clockOffsetSeconds: number;
  scrapeIntervalSeconds: number;
  /** When the judged load began. */
  judgedFromSeconds: number;
}

type Chart = "rate" | "latency" | "errors" | "routes" | "spread";

/** Gives the moments of a chart, and how series become lines on them. */
function gridFrom(fromSeconds: number, stepSeconds: number, count: number) {
  const times = Array.from({ length: count }, (_, i) => fromSeconds + i * stepSeconds);
  const lineOf = (points: Series<number>["points"], gap?: 0): Line => {
    const byStep = new Map(points.map(({ atSeconds, value }) => [Math.round((atSeconds - fromSeconds) / stepSeconds), value]));
    return times.map((_, i) => finite(byStep.get(i)) ?? gap ?? null);
  };
  return { times, lineOf };
}
type Grid = ReturnType<typeof gridFrom>;

/** How long rates of k6's counts are evened out, seconds: it pushes once a second, give or take. */
const evenSeconds = 6;

/** Gives as many steps before as after a moment, together at least so long. */
function aroundOf(seconds: number, stepSeconds: number): Around {
  const half = Math.max(1, Math.ceil(seconds / stepSeconds / 2));
  return { back: half, ahead: half };
}

/** Opens the reads of all charts of a run, in steps of at least a second and at most 300 of them; what Prometheus refuses is kept by chart. */
function openReads(api: PrometheusApi, window: ChartWindow) {
  const length = window.toSeconds - window.fromSeconds;
  const stepSeconds = Math.max(1, Math.ceil(length / 300));
  const count = Math.floor(length / stepSeconds) + 1;
  const unread: Partial<Record<Chart, string>> = {};
  const seriesOf = async (chart: Chart, query: PromQL, { times }: Grid): Promise<Series<number>[] | undefined> => {
    const got = await answerOf(() => queryRange(api, query, times[0] ?? 0, times.at(-1) ?? 0, stepSeconds));
    if (got.kind === "answer") return got.value;
    unread[chart] ??= got.reason;
    return undefined;
  };
  return {
    stepSeconds,
    unread,
    client: gridFrom(window.fromSeconds, stepSeconds, count),
    server: gridFrom(window.fromSeconds + window.clockOffsetSeconds, stepSeconds, count),
    /** Around each moment, for rates of k6's counts and of the service's. */
    around: aroundOf(evenSeconds, stepSeconds),
    ofService: aroundOf(Math.max(evenSeconds, 2 * window.scrapeIntervalSeconds), stepSeconds),
    judgedStep: Math.max(0, Math.floor((window.judgedFromSeconds - window.fromSeconds) / stepSeconds)),
    seriesOf,
    /** Reads one line; where there is no sample stands `gap`, and null throughout where it could not be read. */
    async lineOf(chart: Chart, query: PromQL, grid: Grid, gap?: 0): Promise<Line> {
      const series = await seriesOf(chart, query, grid);
      return series === undefined ? grid.times.map(() => null) : grid.lineOf(series[0]?.points ?? [], gap);
    },
  };
}

/** How many routes have a line of their own. */
const mostRoutes = 6;

/** Reads what the report draws; rates are per second, latencies seconds, times Unix seconds. A server's percentile is the upper bound of its bucket. */
export async function readCharts(api: PrometheusApi, queries: ChartQueries, window: ChartWindow) {
  const { stepSeconds, unread, client, server, around, ofService, judgedStep, seriesOf, lineOf } = openReads(api, window);
  const range = window.toSeconds - window.fromSeconds + 60;
  const counted = async (chart: Chart, query: PromQL): Promise<Line> => fromZero(await lineOf(chart, query, client), judgedStep);
  const quantile = (q: number): Promise<Line> => lineOf("latency", queries.clientQuantile(q, Math.max(4, 2 * stepSeconds), range), client);
  const [iterations, requests, errors, served, clientP50, clientP95, clientP99, byBound, byRoute, spread] = await Promise.all([
    counted("rate", queries.iterations(range)),
    counted("errors", queries.requests(range)),
    lineOf("errors", queries.errors(range), client, 0), // drawn as none until the first one
    lineOf("rate", queries.served(300), server),
    quantile(0.5),
    quantile(0.95),
    quantile(0.99),
    queries.serverBuckets && seriesOf("latency", queries.serverBuckets.read(300), server),
    seriesOf("routes", queries.routeRequests(range), client),
    answerOf(() => queryHistograms(api, queries.clientSeconds(range), window.toSeconds, window.toSeconds, 1)),
  ]);
  if (spread.kind === "failed") unread.spread = spread.reason;
  const clientSpread = spread.kind === "answer" ? spread.value.at(-1)?.value : undefined;
  const load = loadSteps(requests, judgedStep);
  const latest = ({ points }: Series<number>): number => points.at(-1)?.value ?? 0;
  const busiest = (byRoute ?? []).toSorted((a, b) => latest(b) - latest(a)).slice(0, mostRoutes);
  const buckets = bucketLines(byBound ?? [], queries.serverBuckets?.unitsPerSecond ?? 1, server.lineOf);
  const atMost = (q: number): Line => quantileLine(buckets, q, client.times.length, stepSeconds, ofService);
  return {
    atSeconds: client.times,
    // Over how many seconds each moment's rates and shares are taken: of k6's counts, and of the service's, which is scraped now and then.
    clientWidthSeconds: (around.back + around.ahead) * stepSeconds,
    serverWidthSeconds: (ofService.back + ofService.ahead) * stepSeconds,
    achievedRate: growth(iterations, stepSeconds, around, load),
    serverRate: growth(served, stepSeconds, ofService, load),
    errorRatio: ratio(growth(errors, stepSeconds, around, load), growth(requests, stepSeconds, around, load)),
    clientP50,
    clientP95,
    clientP99,
    serverP50: atMost(0.5),
    serverP95: atMost(0.95),
    serverP99: atMost(0.99),
    routes: busiest.map(({ labels: { method = "", name: route = "" }, points }) => {
      return { method, route, rate: growth(fromZero(client.lineOf(points), judgedStep), stepSeconds, around, load) };
    }),
    // How many judged requests took how long, cumulative; empty where it was not read.
    latencies: {
      client: cumulated(clientSpread?.buckets ?? []),
      server: bucketsBetween(buckets, judgedStep, client.times.length - 1),
    },
    clientMeanSeconds: clientSpread && clientSpread.count > 0 ? clientSpread.sum / clientSpread.count : null,
    // Why a chart's lines could not be read, where Prometheus refused.
    unread,
  };
}

/** Adds up the buckets of a native histogram, which leaves out the empty ones: where one ends and the next does not begin there nothing was counted. */
export function cumulated(buckets: readonly { lower: number; upper: number; count: number }[]): Bucket[] {
  let requests = 0;
  return buckets.flatMap(({ lower, upper, count }, i) => [
    ...(lower === buckets[i - 1]?.upper ? [] : [{ atMostSeconds: lower, requests }]),
    { atMostSeconds: upper, requests: (requests += count) },
  ]);
}
