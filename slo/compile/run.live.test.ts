import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { presetNamed } from "../spec/presets.ts";
import { chartQueries, latestQuantile } from "./run.ts";

/** One bucket of a native histogram of schema 0: above 2^(bucket − 1) and up to 2^bucket seconds. */
const histogram = (count: number, bucket: number): string => `{{schema:0 count:${count} sum:${count} offset:${bucket} buckets:[${count}]}}`;
const slow = 3; // 4 to 8 s
const fast = 0; // 0.5 to 1 s

const labels = (status: string): string => `k6_http_req_duration_seconds{testid="T",scenario="main",status="${status}"}`;
const median = chartQueries({ testid: "T", server: {}, routes: [], metrics: presetNamed("fastify") }).clientQuantile(0.5, 4, 600).promql;

/** Proves what a query gives of native histograms a second apart: a value within a range, or none. */
function expectProved(
  promtool: string,
  query: string,
  series: Record<string, string>,
  atSeconds: number,
  range: [above: number, upTo: number] | undefined,
): void {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-promtool-"));
  const [above, upTo] = range ?? [0, Infinity];
  const expr = range === undefined ? `(${query}) >= 0` : `((${query}) > bool ${above}) * ((${query}) <= bool ${upTo})`;
  const samples = range === undefined ? [] : [{ labels: "{}", value: 1 }];
  const file = join(folder, "test.yaml");
  const input = Object.entries(series).map(([status, values]) => ({ series: labels(status), values }));
  const promql = [{ expr, eval_time: `${atSeconds}s`, exp_samples: samples }];
  writeFileSync(
    file,
    JSON.stringify({
      rule_files: [],
      evaluation_interval: "1s",
      tests: [{ interval: "1s", input_series: input, promql_expr_test: promql }],
    }),
  );
  try {
    expect(execFileSync(promtool, ["test", "rules", file], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })).toContain("SUCCESS");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describeLive("the client's percentiles over time, in promtool", ["promtool"], ({ promtool = "" }) => {
  test.each<[string, Record<string, string>, number, [above: number, upTo: number] | undefined]>([
    ["the very first sample counts", { "200": `_x9 ${histogram(5, slow)}` }, 9, [4, 8]],
    ["before it there is nothing", { "200": `_x9 ${histogram(5, slow)}` }, 8, undefined],
    [
      "what ended before the window is out of it",
      { "200": `${histogram(900, slow)} _x19 {{schema:0 count:905 sum:1 offset:0 buckets:[5 0 0 900]}}` },
      20,
      [0.5, 1],
    ],
    [
      "the first sample of a series that begins in the middle, as with a fault, counts",
      { "200": `${histogram(90, fast)}+{{schema:0}}x30`, "500": `_x20 ${histogram(5, slow)}` },
      20,
      [4, 8],
    ],
    ["no request within the window has no percentile", { "200": `${histogram(900, slow)}` }, 20, undefined],
  ])("%s", (_, series, atSeconds, range) => {
    expectProved(promtool, median, series, atSeconds, range);
  });

  const p99 = latestQuantile("T", 0.99).promql;
  const zeros = "{{schema:0 count:5 z_bucket:5 z_bucket_w:1e-128}}";
  test.each<[string, Record<string, string>, number, [above: number, upTo: number] | undefined]>([
    [
      "the latest requests alone count",
      { "200": `${histogram(900, slow)} _x14 ${histogram(5, fast)}+${histogram(5, fast)}x9` },
      24,
      [0.5, 1],
    ],
    ["requests that were never answered took no time", { "0": `${zeros}+${zeros}x9` }, 9, [-1, 1e-9]],
    ["no request within the window has no percentile", { "200": `${histogram(900, slow)}x30` }, 30, undefined],
  ])("while the load runs: %s", (_, series, atSeconds, range) => {
    expectProved(promtool, p99, series, atSeconds, range);
  });
});
