import type { PromQL } from "../compile/promql.ts";
import type { ChartQueries } from "../compile/run.ts";
import type { ChartWindow } from "./charts.ts";
import { finite } from "./lines.ts";
import { answerOf, queryVector, type PrometheusApi } from "./prometheus.ts";

/** Reads the table of routes, most errors first, then most requests. */
export async function readRoutes(api: PrometheusApi, queries: ChartQueries, window: Pick<ChartWindow, "fromSeconds" | "toSeconds">) {
  const range = window.toSeconds - window.fromSeconds + 60;
  const read = async (query: PromQL) => {
    const got = await answerOf(() => queryVector(api, query, window.toSeconds));
    const series = got.kind === "answer" ? got.value : [];
    return series.map(({ labels, points }) => ({
      key: JSON.stringify([labels["method"], labels["name"]]),
      labels,
      value: points[0]?.value,
    }));
  };
  const asked = [queries.routes(range), queries.routeQuantile(0.5, range), queries.routeQuantile(0.99, range)].map(read);
  const [counts = [], ...quantiles] = await Promise.all(asked);
  const [p50, p99] = quantiles.map((series) => new Map(series.map(({ key, value }) => [key, value])));
  const rows = [...Map.groupBy(counts, ({ key }) => key)].map(([key, own]) => {
    const { method = "", name: route = "" } = own[0]?.labels ?? {};
    const row = { method, route, requests: 0, errors: 0, p50Seconds: finite(p50?.get(key)), p99Seconds: finite(p99?.get(key)) };
    const statuses: Record<string, number> = {};
    for (const { labels, value = 0 } of own) {
      const { status = "?", expected_response: expected } = labels;
      row.requests += value;
      if (expected === "false") row.errors += value;
      statuses[status] = (statuses[status] ?? 0) + value;
    }
    return { ...row, statuses };
  });
  return rows.toSorted((a, b) => b.errors - a.errors || b.requests - a.requests);
}
