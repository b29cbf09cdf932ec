import type { PromQL } from "../compile/promql.ts";
import type { ChartQueries } from "../compile/run.ts";
import { bucketLines, bucketsBetween, finite, fromZero, growth, loadSteps, quantileLine, ratio } from "./lines.ts";
import type { Bucket, Line } from "./lines.ts";
import { answerOf, queryHistograms, queryRange, type PrometheusApi } from "./prometheus.ts";

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

/** How long rates of k6's counts are evened out, seconds: it pushes once a second, give or take. */
const evenSeconds = 6;

/** Opens the reads of all charts of a run, in steps of at least a second and at most 300 of them; what Prometheus refuses is kept by chart. */
function openReads(api: PrometheusApi, window: ChartWindow) {
  const length = window.toSeconds - window.fromSeconds;
  const stepSeconds = Math.max(1, Math.ceil(length / 300));
  const steps = Array.from({ length: Math.floor(length / stepSeconds) + 1 }, (_, i) => i);
  const unread: Partial<Record<Chart, string>> = {};
  /** Reads series as lines, of k6's clock or of Prometheus's; none where they could not be read. */
  const linesOf = async (chart: Chart, query: PromQL, offsetSeconds = 0) => {
    const from = window.fromSeconds + offsetSeconds;
    const got = await answerOf(() => queryRange(api, query, from, from + (steps.length - 1) * stepSeconds, stepSeconds));
    if (got.kind === "failed") unread[chart] ??= got.reason;
    return (got.kind === "failed" ? [] : got.value).map(({ labels, points }) => {
      const byStep = new Map(points.map(({ atSeconds, value }) => [Math.round((atSeconds - from) / stepSeconds), value]));
      return { labels, line: steps.map((i) => finite(byStep.get(i))) };
    });
  };
  return {
    stepSeconds,
    unread,
    atSeconds: steps.map((i) => window.fromSeconds + i * stepSeconds),
    /** How many steps a rate looks back and ahead that is taken over so long. */
    halfOf: (seconds: number): number => Math.max(1, Math.ceil(seconds / stepSeconds / 2)),
    judgedStep: Math.max(0, Math.floor((window.judgedFromSeconds - window.fromSeconds) / stepSeconds)),
    linesOf,
    lineOf: async (...asked: Parameters<typeof linesOf>): Promise<Line> => (await linesOf(...asked))[0]?.line ?? steps.map(() => null),
  };
}

/** How many routes have a line of their own. */
const mostRoutes = 6;

/** Reads what the report draws; rates are per second, latencies seconds, times Unix seconds. A server's percentile is the upper bound of its bucket. */
export async function readCharts(api: PrometheusApi, queries: ChartQueries, window: ChartWindow) {
  const { stepSeconds, unread, atSeconds, halfOf, judgedStep, linesOf, lineOf } = openReads(api, window);
  const range = window.toSeconds - window.fromSeconds + 60;
  const offset = window.clockOffsetSeconds;
  const counted = async (chart: Chart, query: PromQL): Promise<Line> => fromZero(await lineOf(chart, query), judgedStep);
  const quantile = (q: number): Promise<Line> => lineOf("latency", queries.clientQuantile(q, Math.max(4, 2 * stepSeconds), range));
  const [iterations, requests, errors, served, clientP50, clientP95, clientP99, byBound, byRoute, spread] = await Promise.all([
    counted("rate", queries.iterations(range)),
    counted("errors", queries.requests(range)),
    lineOf("errors", queries.errors(range)),
    lineOf("rate", queries.served(300), offset),
    quantile(0.5),
    quantile(0.95),
    quantile(0.99),
    queries.serverBuckets && linesOf("latency", queries.serverBuckets.read(300), offset),
    linesOf("routes", queries.routeRequests(range)),
    answerOf(() => queryHistograms(api, queries.clientSeconds(range), window.toSeconds, window.toSeconds, 1)),
  ]);
  if (spread.kind === "failed") unread.spread = spread.reason;
  const clientSpread = spread.kind === "answer" ? spread.value.at(-1)?.value : undefined;
  const load = loadSteps(requests);
  const [half, halfOfService] = [halfOf(evenSeconds), halfOf(Math.max(evenSeconds, 2 * window.scrapeIntervalSeconds))];
  const rateOf = (line: Line): Line => growth(line, stepSeconds, half, load);
  const latest = ({ line }: { line: Line }): number => line.findLast((value) => value !== null) ?? 0;
  const busiest = byRoute.toSorted((a, b) => latest(b) - latest(a)).slice(0, mostRoutes);
  const buckets = bucketLines(byBound ?? [], queries.serverBuckets?.unitsPerSecond ?? 1);
  const atMost = (q: number): Line => quantileLine(buckets, q, atSeconds.length, stepSeconds, halfOfService);
  return {
    atSeconds,
    // Over how many seconds each moment's rates and shares are taken: of k6's counts, and of the service's, which is scraped now and then.
    clientWidthSeconds: 2 * half * stepSeconds,
    serverWidthSeconds: 2 * halfOfService * stepSeconds,
    achievedRate: rateOf(iterations),
    serverRate: growth(served, stepSeconds, halfOfService, load),
    errorRatio: ratio(rateOf(errors), rateOf(requests)),
    clientP50,
    clientP95,
    clientP99,
    serverP50: atMost(0.5),
    serverP95: atMost(0.95),
    serverP99: atMost(0.99),
    routes: busiest.map(({ labels: { method = "", name: route = "" }, line }) => {
      return { method, route, rate: rateOf(fromZero(line, judgedStep)) };
    }),
    // How many judged requests took how long, cumulative; empty where it was not read.
    latencies: {
      client: cumulated(clientSpread?.buckets ?? []),
      server: bucketsBetween(buckets, judgedStep, atSeconds.length - 1),
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
