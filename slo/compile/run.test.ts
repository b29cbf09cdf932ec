import { expect, test } from "vitest";
import { presetNamed } from "../spec/presets.ts";
import { chartQueries } from "./run.ts";

test("the client's percentile takes away what had ended before the window, within the range of each series", () => {
  const series = 'k6_http_req_duration_seconds{testid="T",scenario!="",scenario!="warmup"}[600s]';
  const [now, before] = [`sum(last_over_time(${series}))`, `sum(last_over_time(${series} offset 4s))`];
  expect(chartQueries({ testid: "T", server: {}, routes: [], metrics: presetNamed("fastify") }).clientQuantile(0.5, 4, 600).promql).toBe(
    `histogram_quantile(0.5, (${now} - ${before}) or ${now})`,
  );
});
