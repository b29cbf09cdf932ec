import { expect, test } from "vitest";
import { latencyRows } from "./html/tables.ts";
import { metReport } from "./reports.fixture.ts";
import type { Report } from "./schema.ts";

type Buckets = Report["latencies"]["client"];
const of = (...buckets: [atMostSeconds: number | null, requests: number][]): Buckets =>
  buckets.map(([atMostSeconds, requests]) => ({ atMostSeconds, requests }));

test.each<[string, Buckets, string]>([
  ["in the first bucket is no number within it", of([0.005, 99], [null, 100]), "0–5 ms (first bucket)"],
  ["in a wide bucket is told by both bounds", of([0.005, 10], [0.01, 90], [null, 100]), "5–10 ms"],
  ["between units names both", of([0.5, 10], [2, 90], [null, 100]), "500 ms–2 s"],
  ["in a narrow bucket is as good as a number", of([0.01, 0], [0.0109, 90], [0.0119, 100]), "10.9 ms"],
  ["above the highest bound is told as that", of([0.005, 10], [null, 100]), "over 5 ms (last bucket)"],
])("a median %s", (_, server, expected) => {
  const [[side, p50] = []] = latencyRows({ ...metReport(), latencies: { client: [], server } });
  expect([side, p50]).toEqual(["server", expected]);
});
