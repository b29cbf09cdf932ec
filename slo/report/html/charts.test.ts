import { describe, expect, test } from "vitest";
import { madeUpObjective, madeUpStart } from "../parts.fixture.ts";
import { emptyReport, exceededReport, inconclusiveReport, metReport } from "../reports.fixture.ts";
import { chartModels, lineSummaries } from "./charts.ts";

type Model = ReturnType<typeof chartModels>[number];
const chart = (report: Parameters<typeof chartModels>[0], id: string): Model =>
  chartModels(report).find((model) => model.id === id) as Model;

test("budget spent ends at the share that the judge found", () => {
  const report = exceededReport();
  const ends = chart(report, "budget").lines.map(({ values }) => values.at(-1));
  const judged = report.objectives.map(({ evidence }) => evidence?.budgetSpent);
  ends.forEach((end, at) => expect(end).toBeCloseTo(judged[at] as number, 9));
});

test("budget spent never falls, and stands at 0 before the first bad event", () => {
  const [availability] = chart(exceededReport(), "budget").lines;
  const values = availability?.values.filter((value) => value !== null) ?? [];
  expect(values[0]).toBe(0);
  values.forEach((value, at) => expect(value).toBeGreaterThanOrEqual(values[at - 1] ?? 0));
});

test("objectives read at different moments share one axis; each holds its value between its points and is absent outside them", () => {
  const point = (second: number, bad: number) => ({ atSeconds: madeUpStart + second, total: second * 100, bad });
  const objectives = [
    madeUpObjective({ name: "a", description: "", side: "client", targetRatio: 0.5, cumulative: [point(0, 0), point(10, 250)] }),
    madeUpObjective({ name: "b", description: "", side: "client", targetRatio: 0.5, cumulative: [point(5, 0), point(20, 1000)] }),
  ];
  const { at, lines } = chart({ ...metReport(), objectives }, "budget");
  expect(at).toEqual([0, 5, 10, 20]);
  expect(lines.map(({ values }) => values)).toEqual([
    [0, 0, 0.5, null],
    [null, 0, 0, 1],
  ]);
});

test("objectives with the same limit share one line on the latency chart", () => {
  const base = metReport();
  const more = madeUpObjective({ name: "write latency", description: "", side: "client", targetRatio: 0.9, atMostSeconds: 0.25 });
  expect(chart({ ...base, objectives: [...base.objectives, more] }, "latency").limits).toEqual([
    { label: "250 ms: read latency, write latency", value: 0.25 },
  ]);
});

test("each route has its rate, and how many are not drawn is said", () => {
  const base = metReport();
  expect(chart(base, "routes").lines.map(({ label }) => label)).toEqual([
    "GET /api/buckets/:id",
    "PUT /api/buckets/:id",
    "DELETE /api/buckets/:id",
  ]);
  expect(chart(base, "routes").note).toMatch(/^Each route, as k6 counted/);
  const many = { ...base, routes: [...base.routes, ...base.routes] };
  expect(chart(many, "routes").note).toMatch(/^The 3 busiest of 6 routes, as k6 counted/);
});

test("the spread of latencies is the share that took longer, each side at its own bounds, the limits upright", () => {
  const latencies = {
    client: [
      { atMostSeconds: 0.001, requests: 0 },
      { atMostSeconds: 0.002, requests: 75 },
      { atMostSeconds: 0.004, requests: 100 },
    ],
    server: [
      { atMostSeconds: 0.005, requests: 90 },
      { atMostSeconds: null, requests: 100 },
    ],
  };
  const { at, lines, limits } = chart({ ...metReport(), latencies }, "spread");
  expect(at).toEqual([0.001, 0.002, 0.005]);
  expect(lines.map(({ label, values }) => [label, values])).toEqual([
    ["client", [1, 0.25, null]],
    ["server", [null, null, expect.closeTo(0.1)]],
  ]);
  expect(limits).toEqual([{ label: "250 ms: read latency", value: 0.25 }]);
});

test("a side of which nothing took longer than its lowest bound was read, though it has no line", () => {
  const { client } = metReport().latencies;
  const silentWith = (server: typeof client) => chart({ ...metReport(), latencies: { client, server } }, "spread").silent;
  const quick = [
    { atMostSeconds: 0.5, requests: 100 },
    { atMostSeconds: null, requests: 100 },
  ];
  expect([silentWith(quick), silentWith([])]).toEqual([[], ["server"]]);
});

test("a chart of zeros alone says so, and one that could not be read says why", () => {
  const base = metReport();
  const quiet = {
    ...base,
    series: { ...base.series, errorRatio: base.series.errorRatio.map(() => 0), unread: { latency: "query timed out" } },
  };
  expect(chart(quiet, "errors").flat).toBe("0%");
  expect(chart(base, "errors").flat).toBeUndefined();
  expect(chart(quiet, "latency").unread).toBe("query timed out");
});

test("a latency of 0 cannot stand on a logarithmic axis and is absent", () => {
  const base = metReport();
  const zeros = base.series.clientP50.map(() => 0);
  expect(chart({ ...base, series: { ...base.series, clientP50: zeros } }, "latency").silent).toEqual(["client p50"]);
});

describe("without samples", () => {
  test("no chart has a line", () => expect(chartModels(emptyReport()).flatMap(({ lines }) => lines)).toEqual([]));
  test("a side that was not read is named", () =>
    expect(chart(inconclusiveReport(), "latency").silent).toEqual(["server p99 at most", "server p95 at most", "server p50 at most"]));
});

test("a line is summed up for those who cannot see it", () => {
  const base = metReport();
  const series = { ...base.series, atSeconds: [0, 1, 2].map((second) => madeUpStart + second), errorRatio: [0.01, null, 0.03] };
  expect(lineSummaries(chart({ ...base, series }, "errors"))).toEqual([
    { label: "errors", lowest: "1%", median: "1%", highest: "3%", highestAt: "0:02" },
  ]);
});
