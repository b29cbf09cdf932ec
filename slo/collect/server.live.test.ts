import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { compileObjectives } from "../compile/objectives.ts";
import { serviceQueries } from "../compile/run.ts";
import { openNursery } from "../run/child.ts";
import { encodeWrite, writeOnce } from "../run/relay/write.ts";
import { startPrometheus } from "../run/stack.ts";
import type { Indicator } from "../spec/spec.ts";
import { guardService } from "./guard.ts";
import type { Measurement } from "./measurement.ts";
import type { PrometheusApi } from "./prometheus.ts";
import { began, bucket, count, ended, errors, from, inOrder, k6, scraped, specOf, until, type Sample } from "./series.fixture.ts";
import { jobsOf, measureServer } from "./server.ts";

describeLive("what the service counted, by a real Prometheus", ["prometheus"], ({ prometheus: binary }) => {
  const nursery = openNursery();
  let api: PrometheusApi;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), "plimsoll-collect-"));
    const options = { binary, folder, logFile: join(folder, "log"), job: "none", targetUrl: undefined, environment: process.env };
    const started = await startPrometheus(nursery, options);
    if (started.kind === "failed") throw new Error(started.message);
    api = { url: started.url, headers: {}, timeoutSeconds: 20, fetch };
  });
  afterAll(() => nursery.stopAll());

  async function write(samples: Sample[]): Promise<void> {
    for (const sample of inOrder(samples)) {
      expect(await writeOnce({ url: `${api.url}/api/v1/write` }, encodeWrite([sample]))).toEqual({ kind: "written" });
    }
  }

  async function server(job: string, indicator: Indicator, stepSeconds = 1): Promise<Measurement> {
    const got = compileObjectives(specOf(indicator), { testid: job, server: { job }, routes: ["/x"] }, true);
    const query = got.kind === "compiled" ? got.queries[0] : undefined;
    if (query?.kind !== "server") throw new Error("no server objective");
    const span = { fromSeconds: from, toSeconds: until, endedSeconds: ended, stepSeconds, dropped: 0, notJudged: 0 };
    const jobs = query.jobs ? await jobsOf(api, query, 300, until) : [job];
    const guards = await Promise.all(jobs.map((one) => guardService(api, serviceQueries({ job: one }), span)));
    const guarded = guards.find(({ kind }) => kind === "problem") ?? guards[0];
    if (guarded === undefined) return { kind: "absent", objective: "o", reason: "no job", queries: { total: "", bad: "" } };
    return measureServer(api, query, span, guarded);
  }

  test("the service's past is subtracted, and its 5xx are its errors", async () => {
    await write([
      ...scraped("past", [from - 5, until - 3, until - 1]),
      ...[
        [from - 5, 1000, 10],
        [until - 1, 1500, 13],
      ].flatMap(([at = 0, good = 0, bad = 0]): Sample[] => [
        [count("past", "200"), good, at],
        [count("past", "500"), bad, at],
      ]),
    ]);
    expect(await server("past", errors("server"))).toMatchObject({ kind: "counted", best: { total: 503, bad: 3 } });
  });

  test("a service that nobody scrapes is absent, and so is one whose past nobody saw", async () => {
    expect(await server("unscraped", errors("server"))).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining('{job="unscraped"}') as string,
    });
    await write([...scraped("late", [until - 3, until - 1]), [count("late", "200"), 1500, until - 1]]);
    expect(await server("late", errors("server"))).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("first scraped after the load began") as string,
    });
  });

  test("an instance that started during the load counts from zero", async () => {
    await write([
      ...scraped("rolled", [from - 5, until - 3, until - 1]),
      ...scraped("rolled", [until - 3, until - 1], "b:1"),
      [began("rolled", "b:1"), from + 21, until - 1],
      [count("rolled", "200"), 1000, from - 5],
      [count("rolled", "200"), 1200, from + 20],
      [count("rolled", "200", "b:1"), 300, until - 1],
    ]);
    expect(await server("rolled", errors("server"))).toMatchObject({ kind: "counted", best: { total: 500, bad: 0 } });
  });

  test("a restart in the middle is absent: what was counted before it is lost", async () => {
    await write([
      ...scraped("restarted", [from - 5, until - 3, until - 1]),
      [began("restarted"), 1000, from - 1],
      [began("restarted"), from + 30, until - 1],
      [count("restarted", "200"), 1000, from - 5],
      [count("restarted", "200"), 300, until - 1],
    ]);
    expect(await server("restarted", errors("server"))).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("restarted during the run") as string,
    });
  });

  test("a threshold needs a bucket at exactly its value, in any spelling, and a missing one names those there are", async () => {
    await write([
      ...scraped("slow", [from - 5, until - 3, until - 1]),
      ...[from - 5, until - 1].flatMap((at, i): Sample[] => [
        [count("slow", "200"), 100 + 400 * i, at],
        ...(
          [
            ["0.1", 80, 300],
            ["1.0", 90, 390],
            ["+Inf", 100, 400],
          ] as const
        ).map(([le, past, more]): Sample => [bucket("slow", le), past + more * i, at]),
      ]),
    ]);
    const slow = (atMostSeconds: number): Indicator => ({ kind: "latency", side: "server", atMostSeconds, where: {} });
    expect(await server("slow", slow(1))).toMatchObject({ kind: "counted", best: { total: 400, bad: 10 } });
    expect(await server("slow", slow(0.25))).toMatchObject({
      kind: "absent",
      reason: "the service's histogram has no bucket at 0.25 s; it has 0.1, 1",
    });
  });

  test("a ratio whose bad events have no series is absent: the selector may be wrong", async () => {
    await write([
      ...[from - 5, until - 1].map((at, i): Sample => [{ __name__: "orders_total", result: "ok", job: "shop" }, 10 + 500 * i, at]),
      ...scraped("shop", [from - 5, until - 3, until - 1]),
    ]);
    const measured = await server("shop", { kind: "ratio", bad: 'orders_total{result="faild"}', total: "orders_total" });
    expect(measured).toMatchObject({ kind: "absent", reason: expect.stringContaining("create the label set at zero") as string });
  });

  test("an instance that is gone at the end is absent: what it counted after its last scrape is lost", async () => {
    await write([
      ...scraped("replaced", [from - 5, from + 20]),
      ...scraped("replaced", [from + 25, until - 3, until - 1], "b:1"),
      [began("replaced", "b:1"), from + 21, until - 1],
      [count("replaced", "200"), 1000, from - 5],
      [count("replaced", "200"), 1200, from + 20],
      [count("replaced", "200", "b:1"), 300, until - 1],
    ]);
    expect(await server("replaced", errors("server"))).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("a:1 was gone at the end") as string,
    });
  });

  test("a restart between the last scrape before the load and the load is found too", async () => {
    await write([
      ...scraped("deployed", [from - 15, from + 5, until - 3, until - 1]),
      [began("deployed"), 1000, from - 15],
      [began("deployed"), from - 8, from + 5],
      [began("deployed"), from - 8, until - 1],
      [count("deployed", "200"), 424, from - 15],
      [count("deployed", "200"), 20, from + 5],
      [count("deployed", "200"), 1177, until - 1],
      [count("deployed", "500"), 24, until - 1],
    ]);
    expect(await server("deployed", errors("server"))).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("restarted during the run") as string,
    });
  });

  test("a service that does not tell its start time shows a restart by counters that fall", async () => {
    await write([
      ...scraped("silent", [from - 5, from + 20, until - 3, until - 1]),
      ...(
        [
          [from - 5, 100],
          [from + 20, 300],
          [until - 3, 50],
          [until - 1, 700],
        ] as const
      ).map(([at, n]): Sample => [count("silent", "200"), n, at]),
    ]);
    expect(await server("silent", errors("server"))).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("counters fell") as string,
    });
  });

  test("a service that was not scraped twice since k6 ended is absent", async () => {
    await write([
      ...scraped("once", [from - 5, until - 1]),
      ...[from - 5, until - 1].map((at, i): Sample => [count("once", "200"), 100 + 500 * i, at]),
    ]);
    expect(await server("once", errors("server"))).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("not scraped twice") as string,
    });
  });

  test("a service whose series carry no status_code is absent, not free of errors", async () => {
    const other = (code: string): Record<string, string> => ({
      __name__: "http_request_duration_seconds_count",
      job: "codes",
      instance: "a:1",
      code,
      route: "/x",
    });
    await write([
      ...scraped("codes", [from - 5, until - 3, until - 1]),
      ...[from - 5, until - 1].map((at, i): Sample => [other("500"), 500 * i, at]),
    ]);
    expect(await server("codes", errors("server"))).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("carries a status_code") as string,
    });
  });

  test("a ratio is guarded by the scrapes of its own job", async () => {
    const order = (result: string): Record<string, string> => ({ __name__: "sales_total", job: "sales", instance: "a:1", result });
    await write([
      ...scraped("main", [from - 5, until - 3, until - 1]),
      ...scraped("sales", [from - 5, until - 10]),
      ...[from - 5, until - 10].flatMap((at, i): Sample[] => [
        [order("ok"), 1000 * i, at],
        [order("failed"), 2 * i, at],
      ]),
    ]);
    const measured = await server("main", { kind: "ratio", bad: 'sales_total{result="failed"}', total: "sales_total" });
    expect(measured).toMatchObject({ kind: "absent" });
  });

  test("a ratio is guarded by the job of its bad events as well, where that is another one", async () => {
    const sample = (name: string, job: string): Record<string, string> => ({ __name__: name, job, instance: "a:1" });
    await write([
      ...scraped("front", [from - 5, until - 3, until - 1]),
      ...scraped("back", [from - 5, until - 20]),
      ...[from - 5, until - 1].map((at, i): Sample => [sample("calls_total", "front"), 500 * i, at]),
      ...[from - 5, until - 20].map((at): Sample => [sample("failures_total", "back"), 0, at]),
    ]);
    expect(await server("front", { kind: "ratio", bad: "failures_total", total: "calls_total" })).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("a:1 was gone at the end") as string,
    });
  });

  test("an instance that is gone before it was scraped under load is absent as well", async () => {
    await write([
      ...scraped("brief", [from - 5], "a:1"),
      ...scraped("brief", [from - 5, until - 3, until - 1], "b:1"),
      ...[from - 5, until - 1].map((at, i): Sample => [count("brief", "200", "b:1"), 500 * i, at]),
      [count("brief", "200"), 10, from - 5],
    ]);
    expect(await server("brief", errors("server"))).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("a:1 was gone at the end") as string,
    });
  });

  test("a restart that hides behind failed scrapes is found by counters that fell since the last good one", async () => {
    await write([
      ...scraped("hidden", [from - 200]),
      ...scraped("hidden", [from - 3], "a:1", 0),
      ...scraped("hidden", [from + 5, until - 3, until - 1]),
      ...(
        [
          [from - 200, 1000, 10],
          [from + 5, 20, 1],
          [until - 1, 1700, 18],
        ] as const
      ).flatMap(([at, good, bad]): Sample[] => [
        [count("hidden", "200"), good, at],
        [count("hidden", "500"), bad, at],
      ]),
    ]);
    expect(await server("hidden", errors("server"))).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("counters fell") as string,
    });
  });

  test("a burst after the last whole step is in the counts over time as well", async () => {
    await write([
      ...scraped("steps", [from - 5, until - 3, until - 1]),
      ...[from - 5, from + 30, from + 55, until - 1].flatMap((at, i): Sample[] => [
        [count("steps", "200"), 100 + 100 * i, at],
        [count("steps", "500"), i < 2 ? 0 : 40, at],
      ]),
    ]);
    const measured = await server("steps", errors("server"), 25);
    expect(measured.kind === "counted" && measured.cumulative.map(({ atSeconds, total, bad }) => [atSeconds - from, total, bad])).toEqual([
      [0, 0, 0],
      [25, 0, 0],
      [50, 100, 0],
      [60, 340, 40],
    ]);
  });

  test("answers that the service did not count are in doubt: an instance may not be scraped at all", async () => {
    await write([
      ...scraped("half", [from - 5, until - 3, until - 1]),
      ...[from - 5, until - 1].map((at, i): Sample => [count("half", "200"), 1000 + 500 * i, at]),
      [k6("half", { status: "200" }), 990, ended],
      [k6("half", { status: "0" }), 7, ended],
      [k6("half", { status: "200", scenario: "warmup" }), 100, ended],
    ]);
    expect(await server("half", errors("server"))).toMatchObject({
      kind: "counted",
      best: { total: 500, bad: 0 },
      worst: { total: 990, bad: 490 },
      doubts: ["490 requests that were answered are not in the service's counts: is every instance of it scraped?"],
    });
  });
});
