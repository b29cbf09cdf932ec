import type { PrometheusApi } from "./prometheus.ts";

/** One series of a made-up answer: its value at each moment, Unix seconds. */
export interface FakeSeries {
  labels?: Record<string, string>;
  valueAt: (atSeconds: number) => number | undefined;
}

/** Answers queries as Prometheus would, from functions of time; a query for which `seriesOf` gives undefined fails. */
export function fakeApi(seriesOf: (query: string) => readonly FakeSeries[] | undefined): PrometheusApi {
  const answer = async (url: unknown, init?: RequestInit): Promise<Response> => {
    const form = new URLSearchParams(String(init?.body));
    const series = seriesOf(form.get("query") ?? "");
    if (series === undefined) return Response.json({ status: "error", errorType: "timeout", error: "query timed out" });
    const number = (name: string): number => Number(form.get(name));
    const ranged = String(url).endsWith("query_range");
    const times = ranged
      ? Array.from(
          { length: Math.floor((number("end") - number("start")) / number("step") + 1e-9) + 1 },
          (_, i) => number("start") + i * number("step"),
        )
      : [number("time")];
    const rows = series.flatMap(({ labels = {}, valueAt }) => {
      const values = times.flatMap((at) => {
        const value = valueAt(at);
        return value === undefined ? [] : [[at, String(value)] as const];
      });
      if (values.length === 0) return [];
      return [ranged ? { metric: labels, values } : { metric: labels, value: values[0] }];
    });
    return Response.json({ status: "success", data: { resultType: ranged ? "matrix" : "vector", result: rows } });
  };
  return { url: "http://fake", headers: {}, timeoutSeconds: 1, fetch: answer as typeof fetch };
}
