import type { ChartQueries } from "../compile/run.ts";
import type { PromQL } from "../compile/promql.ts";
import { queryRange, queryVector, type PrometheusApi } from "./prometheus.ts";

/** A line of a chart: one value a step, null where there is no sample. */
export type Line = (number | null)[];

type LineName = "achievedRate" | "serverRate" | "errorRatio" | `${"client" | "server"}${"P50" | "P95" | "P99"}`;

/** What the report draws; rates are per second, latencies seconds, times Unix seconds. */
export interface Charts extends Record<LineName, Line> {
  atSeconds: number[];
  /** When the last answered request came, if at least two seconds of unanswered ones followed; else null. */
  silentFromSeconds: number | null;
}

/** One route's share of the run. */
export interface RouteRow {
  method: string;
  route: string;
  requests: number;
  errors: number;
  statuses: Record<string, number>;
  p50Seconds: number | null;
  p99Seconds: number | null;
}

/** Says from when to when a chart is drawn. */
export interface ChartWindow {
  fromSeconds: number;
  toSeconds: number;
  /** Prometheus's clock minus k6's, for the server's series. */
  clockOffsetSeconds: number;
}

/** Reads a line; where there is no sample stands `gap`, and null throughout where it could not be read. */
async function lineOf(api: PrometheusApi, query: PromQL, times: number[], stepSeconds: number, gap: 0 | null): Promise<Line> {
  const from = times[0] ?? 0;
  const got = await queryRange(api, query, from, times.at(-1) ?? 0, stepSeconds);
  if (got.kind === "failed") return times.map(() => null);
  const points = got.value[0]?.points ?? [];
  const byStep = new Map(points.map(({ atSeconds, value }) => [Math.round((atSeconds - from) / stepSeconds), value]));
  return times.map((_, i) => finite(byStep.get(i)) ?? gap);
}

const finite = (value: number | undefined): number | null => (value !== undefined && Number.isFinite(value) ? value : null);

/** Turns a cumulative line into growth a second; null where either end is missing or the counter went back. What counts from 0 begins with its first sample. */
export function growth(line: Line, stepSeconds: number, from: "unknown" | "zero" = "unknown"): Line {
  const first = from === "zero" ? line.findIndex((value) => value !== null) : -1;
  return line.map((value, i) => {
    const before = i === first ? 0 : line[i - 1];
    if (value === null || before === null || before === undefined || value < before) return null;
    return (value - before) / stepSeconds;
  });
}

function ratio(part: Line, whole: Line): Line {
  return whole.map((total, i) => {
    const some = part[i] ?? null;
    return total === null || total === 0 || some === null ? null : some / total;
  });
}

/** Reads every line that the report draws, in steps of at least a second and at most 300 of them. */
export async function readCharts(api: PrometheusApi, queries: ChartQueries, window: ChartWindow): Promise<Charts> {
  const length = window.toSeconds - window.fromSeconds;
  const stepSeconds = Math.max(1, Math.ceil(length / 300));
  const times = Array.from({ length: Math.floor(length / stepSeconds) + 1 }, (_, i) => window.fromSeconds + i * stepSeconds);
  const serverTimes = times.map((at) => at + window.clockOffsetSeconds);
  const range = length + 60;
  const width = Math.max(4, 2 * stepSeconds);
  const client = (query: PromQL, gap: 0 | null = null): Promise<Line> => lineOf(api, query, times, stepSeconds, gap);
  const server = async (query: PromQL | undefined): Promise<Line> =>
    query === undefined ? times.map(() => null) : lineOf(api, query, serverTimes, stepSeconds, null);
  const [iterations, requests, errors, answered, served] = await Promise.all([
    client(queries.iterations(range)),
    client(queries.requests(range)),
    client(queries.errors(range), 0), // drawn as none until the first one
    client(queries.answered(range), 0),
    server(queries.served(300)),
  ]);
  const quantile = (q: number): Promise<[Line, Line]> =>
    Promise.all([client(queries.clientQuantile(q, width, range)), server(queries.serverQuantile?.(q, width))]);
  const [[clientP50, serverP50], [clientP95, serverP95], [clientP99, serverP99]] = await Promise.all([
    quantile(0.5),
    quantile(0.95),
    quantile(0.99),
  ]);
  const sent = growth(requests, stepSeconds, "zero");
  return {
    atSeconds: times,
    achievedRate: growth(iterations, stepSeconds, "zero"),
    serverRate: growth(served, stepSeconds),
    errorRatio: ratio(growth(errors, stepSeconds, "zero"), sent),
    clientP50,
    clientP95,
    clientP99,
    serverP50,
    serverP95,
    serverP99,
    silentFromSeconds: silenceOf(times, growth(answered, stepSeconds, "zero"), sent, stepSeconds),
  };
}

function silenceOf(times: number[], answered: Line, sent: Line, stepSeconds: number): number | null {
  if (answered.every((value) => value === null)) return null; // it could not be read
  const lastWith = (line: Line): number => line.findLastIndex((value) => value !== null && value > 0);
  const [lastAnswered, lastSent] = [lastWith(answered), lastWith(sent)];
  return lastSent >= 0 && (lastSent - lastAnswered) * stepSeconds >= 2 ? (times[Math.max(lastAnswered, 0)] ?? null) : null;
}

/** Reads the table of routes, most errors first, then most requests. */
export async function readRoutes(api: PrometheusApi, queries: ChartQueries, window: ChartWindow): Promise<RouteRow[]> {
  const range = window.toSeconds - window.fromSeconds + 60;
  const [counts, ...quantiles] = await Promise.all(
    [queries.routes(range), queries.routeQuantile(0.5, range), queries.routeQuantile(0.99, range)].map((query) =>
      queryVector(api, query, window.toSeconds),
    ),
  );
  if (counts?.kind !== "answer") return [];
  const key = ({ method = "", name = "" }: Record<string, string>): string => JSON.stringify([method, name]);
  const [p50, p99] = quantiles.map(
    (got) => new Map(got.kind === "answer" ? got.value.map((one) => [key(one.labels), one.points[0]?.value]) : []),
  );
  const rows = new Map<string, RouteRow>();
  for (const { labels, points } of counts.value) {
    const { method = "", name: route = "", status = "?", expected_response: expected } = labels;
    const id = key(labels);
    const [p50Seconds, p99Seconds] = [finite(p50?.get(id)), finite(p99?.get(id))];
    const row = rows.get(id) ?? { method, route, requests: 0, errors: 0, statuses: {}, p50Seconds, p99Seconds };
    const n = points[0]?.value ?? 0;
    row.requests += n;
    if (expected === "false") row.errors += n;
    row.statuses[status] = (row.statuses[status] ?? 0) + n;
    rows.set(id, row);
  }
  return [...rows.values()].toSorted((a, b) => b.errors - a.errors || b.requests - a.requests);
}
