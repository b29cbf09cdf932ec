import type { ChartQueries } from "../compile/run.ts";
import type { PromQL } from "../compile/promql.ts";
import { queryRange, queryVector, type PrometheusApi } from "./prometheus.ts";

/** A line of a chart: one value a step, null where there is no sample. */
export type Line = (number | null)[];

/** Holds what the report draws; rates are per second, latencies seconds, times Unix seconds. */
export interface Charts {
  atSeconds: number[];
  achievedRate: Line;
  serverRate: Line;
  errorRatio: Line;
  clientP50: Line;
  clientP95: Line;
  clientP99: Line;
  serverP50: Line;
  serverP95: Line;
  serverP99: Line;
  /** Unix seconds of the last answered request, when at least two seconds of unanswered ones followed; else null. */
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

/** Says which moments a chart shows. */
export interface ChartWindow {
  fromSeconds: number;
  toSeconds: number;
  /** Prometheus's clock minus k6's, for the server's series. */
  clockOffsetSeconds: number;
}

async function lineOf(api: PrometheusApi, query: PromQL, times: number[], step: number): Promise<Line | undefined> {
  const from = times[0] ?? 0;
  const got = await queryRange(api, query, from, times.at(-1) ?? 0, step);
  if (got.kind === "failed") return undefined;
  const points = got.value[0]?.points ?? [];
  const byStep = new Map(points.map(({ atSeconds, value }) => [Math.round((atSeconds - from) / step), value]));
  return times.map((_, i) => {
    const value = byStep.get(i);
    return value !== undefined && Number.isFinite(value) ? value : null;
  });
}

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
  const step = Math.max(1, Math.ceil(length / 300));
  const times = Array.from({ length: Math.floor(length / step) + 1 }, (_, i) => window.fromSeconds + i * step);
  const serverTimes = times.map((at) => at + window.clockOffsetSeconds);
  const range = length + 60;
  const width = Math.max(4, 2 * step);
  const client = (query: PromQL): Promise<Line | undefined> => lineOf(api, query, times, step);
  const server = (query: PromQL): Promise<Line | undefined> => lineOf(api, query, serverTimes, step);
  const [iterations, requests, errors, answered, served, c50, c95, c99, s50, s95, s99] = await Promise.all([
    client(queries.iterations(range)),
    client(queries.requests(range)),
    client(queries.errors(range)),
    client(queries.answered(range)),
    server(queries.served(300)),
    ...[0.5, 0.95, 0.99].map((q) => client(queries.clientQuantile(q, width, range))),
    ...[0.5, 0.95, 0.99].map((q) => server(queries.serverQuantile(q, width))),
  ]);
  const none: Line = times.map(() => null);
  const sent = growth(requests ?? none, step, "zero");
  return {
    atSeconds: times,
    achievedRate: growth(iterations ?? none, step, "zero"),
    serverRate: growth(served ?? none, step),
    errorRatio: ratio(growth(errors ? zeroWhereNone(errors) : none, step, "zero"), sent),
    clientP50: c50 ?? none,
    clientP95: c95 ?? none,
    clientP99: c99 ?? none,
    serverP50: s50 ?? none,
    serverP95: s95 ?? none,
    serverP99: s99 ?? none,
    silentFromSeconds: answered ? silenceOf(times, growth(zeroWhereNone(answered), step, "zero"), sent, step) : null,
  };
}

function silenceOf(times: number[], answered: Line, sent: Line, step: number): number | null {
  const lastWith = (line: Line): number => line.findLastIndex((value) => value !== null && value > 0);
  const [lastAnswered, lastSent] = [lastWith(answered), lastWith(sent)];
  return lastSent >= 0 && (lastSent - lastAnswered) * step >= 2 ? (times[Math.max(lastAnswered, 0)] ?? null) : null;
}

/** Reads a cumulative count of errors as 0 until the first one; used for drawing only. */
function zeroWhereNone(line: Line): Line {
  return line.map((value) => value ?? 0);
}

/** Reads the table of routes, most errors first, then most requests. */
export async function readRoutes(api: PrometheusApi, queries: ChartQueries, window: ChartWindow): Promise<RouteRow[]> {
  const range = window.toSeconds - window.fromSeconds + 60;
  const at = window.toSeconds;
  const [counts, p50, p99] = await Promise.all([
    queryVector(api, queries.routes(range), at),
    queryVector(api, queries.routeQuantile(0.5, range), at),
    queryVector(api, queries.routeQuantile(0.99, range), at),
  ]);
  if (counts.kind === "failed") return [];
  const key = (labels: Record<string, string>): string => JSON.stringify([labels["method"] ?? "", labels["name"] ?? ""]);
  const quantiles = [p50, p99].map(
    (got) => new Map(got.kind === "answer" ? got.value.map((s) => [key(s.labels), s.points[0]?.value] as const) : []),
  );
  const finite = (value: number | undefined): number | null => (value !== undefined && Number.isFinite(value) ? value : null);
  const rows = new Map<string, RouteRow>();
  for (const { labels, points } of counts.value) {
    const id = key(labels);
    const row = rows.get(id) ?? {
      ...{ method: labels["method"] ?? "", route: labels["name"] ?? "", requests: 0, errors: 0, statuses: {} },
      ...{ p50Seconds: finite(quantiles[0]?.get(id)), p99Seconds: finite(quantiles[1]?.get(id)) },
    };
    const n = points[0]?.value ?? 0;
    const status = labels["status"] ?? "?";
    row.requests += n;
    if (labels["expected_response"] === "false") row.errors += n;
    row.statuses[status] = (row.statuses[status] ?? 0) + n;
    rows.set(id, row);
  }
  return [...rows.values()].toSorted((a, b) => b.errors - a.errors || b.requests - a.requests);
}
