import type { ChartQueries } from "../compile/run.ts";
import type { ChartWindow } from "./charts.ts";
import { finite } from "./lines.ts";
import { answerOf, queryVector, type PrometheusApi } from "./prometheus.ts";

export interface RouteRow {
  method: string;
  route: string;
  requests: number;
  errors: number;
  statuses: Record<string, number>;
  p50Seconds: number | null;
  p99Seconds: number | null;
}

/** Reads the table of routes, most errors first, then most requests. */
export async function readRoutes(
  api: PrometheusApi,
  queries: ChartQueries,
  window: Pick<ChartWindow, "fromSeconds" | "toSeconds">,
): Promise<RouteRow[]> {
  const range = window.toSeconds - window.fromSeconds + 60;
  const [counts, ...quantiles] = await Promise.all(
    [queries.routes(range), queries.routeQuantile(0.5, range), queries.routeQuantile(0.99, range)].map((query) =>
      answerOf(() => queryVector(api, query, window.toSeconds)),
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
