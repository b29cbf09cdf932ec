import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { compileObjectives } from "../compile/objectives.ts";
import { serviceQueries } from "../compile/run.ts";
import { openProcessGroup } from "../host/process-group.ts";
import { encodeWrite } from "../run/relay/body.ts";
import { writeOnce } from "../run/relay/write.ts";
import { startPrometheus } from "../run/local-services.ts";
import { presetNamed, type Metrics } from "../spec/presets.ts";
import type { Indicator } from "../spec/spec.ts";
import { writeSeries, type HeldHistogram } from "../verify/worlds/write.ts";
import { readGrowth } from "./growth.ts";
import { guardService } from "./guard.ts";
import type { Count, Measurement } from "./measurement.ts";
import type { PrometheusApi } from "./prometheus.ts";
import { began, bucket, count, ended, errors, from, inOrder, k6, scraped, specOf, until, type Sample } from "./series.fixture.ts";
import { jobsOf, measureServer } from "./server.ts";

describeLive("what the service counted, by a real Prometheus", ["prometheus"], ({ prometheus: binary }) => {
  const group = openProcessGroup();
  let api: PrometheusApi;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), "plimsoll-collect-"));
    const options = { binary, folder, logFile: join(folder, "log"), job: "none", targetUrl: undefined };
    const started = await startPrometheus(group, options);
    if (started.kind === "failed") throw new Error(started.message);
    api = { url: started.url, headers: {}, timeoutSeconds: 20, fetch };
  });
  afterAll(() => group.stopAll());

  /** Writes samples; what a scrape of the last two holds alone was in the one before as well. */
  async function write(samples: Sample[]): Promise<void> {
    const at = (series: object, when: number): boolean =>
      samples.some(([labels, , seconds]) => seconds === when && JSON.stringify(labels) === JSON.stringify(series));
    const isScrape = ([{ __name__: name = "" }]: Sample): boolean => name !== "up" && !name.startsWith("k6_");
    const alone = samples.filter((one) => one[2] === until - 1 && isScrape(one) && !at(one[0], until - 3));
    const both = alone.filter(([{ job = "", instance }]) =>
      samples.some(
        ([up, , seconds]) => up["__name__"] === "up" && seconds === until - 3 && up["job"] === job && up["instance"] === instance,
      ),
    );
    const before = both.map(([labels, value]): Sample => [labels, value, until - 3]);
    for (const sample of inOrder([...samples, ...before])) {
      expect(await writeOnce({ url: `${api.url}/api/v1/write` }, encodeWrite([sample]))).toEqual({ kind: "written" });
    }
  }

  type More = { metrics?: Metrics; judgedOnly?: boolean; begunSeconds?: number };
  async function server(
    job: string,
    indicator: Indicator,
    stepSeconds = 1,
    notJudged = 0,
    routes = ["/x"],
    more: More = {},
  ): Promise<Measurement> {
    const got = compileObjectives(specOf(indicator, more.metrics), { testid: job, server: { job }, routes }, true);
    const query = got.kind === "compiled" ? got.queries[0] : undefined;
    if (query?.kind !== "server") throw new Error("no server objective");
    const moments = { fromSeconds: from, begunSeconds: more.begunSeconds ?? from, toSeconds: until, endedSeconds: ended, stepSeconds };
    const span = {
      ...moments,
      dropped: 0,
      cutOff: 0,
      sentIsWhole: true,
      notJudged,
      judgedOnly: more.judgedOnly ?? notJudged === 0,
      namedElsewhere: () => false,
    };
    const jobs = query.jobs ? await jobsOf(api, query, 300, until) : [job];
    const guards = await Promise.all(jobs.map((one) => guardService(api, serviceQueries({ job: one }), span)));
    const guarded = guards.find(({ kind }) => kind === "failed") ?? guards[0];
    if (guarded === undefined) return { kind: "absent", objective: "o", reason: "no job", queries: { total: "", bad: "" } };
    const instances = guarded.kind === "answer" ? guarded.value : [];
    return measureServer(api, query, span, guarded, (ask) => readGrowth(api, ask, instances, span));
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
      [k6("past", { status: "200" }), 503, ended],
    ]);
    expect(await server("past", errors("server"))).toMatchObject({ kind: "counted", best: { total: 503, bad: 3 } });
  });

  test("an error that k6 saw may be one, though the service counted it as good", async () => {
    await write([
      ...scraped("lenient", [from - 5, until - 3, until - 1]),
      [count("lenient", "200"), 1000, from - 5],
      [count("lenient", "200"), 1500, until - 1],
      [k6("lenient", { status: "200" }), 493, ended],
      [k6("lenient", { status: "503" }), 7, ended],
    ]);
    expect(await server("lenient", errors("server"))).toMatchObject({
      kind: "counted",
      best: { total: 500, bad: 0 },
      worst: { total: 500, bad: 7 },
      caveats: [expect.stringContaining("k6 saw 7 answers with an error status, and the service counts 0 at most")] as string[],
    });
  });

  test("so may one that it counted as good among others, where k6 names what is asked for otherwise", async () => {
    await write([
      ...scraped("masked", [from - 5, until - 3, until - 1]),
      [count("masked", "200"), 1000, from - 5],
      [count("masked", "200"), 1500, until - 1],
      [k6("masked", { name: "http://a/x?n=1", status: "200" }), 493, ended],
      [k6("masked", { name: "http://a/x?n=1", status: "503" }), 7, ended],
    ]);
    expect(await server("masked", { kind: "errors", side: "server", where: { route: "/x" } }, 1, 0, [])).toMatchObject({
      kind: "counted",
      best: { total: 500, bad: 0 },
      worst: { total: 500, bad: 7 },
      caveats: [expect.stringContaining("k6 saw 7 answers with an error status, and the service counts 0 at most")] as string[],
    });
  });

  test("a service that nobody scrapes is absent", async () => {
    expect(await server("unscraped", errors("server"))).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining('{job="unscraped"}') as string,
    });
  });

  test("of one that was first scraped during the load only what grew since counts, and the rest of k6's requests may be bad", async () => {
    await write([
      ...scraped("late", [from + 10, until - 3, until - 1]),
      [count("late", "200"), 1000, from + 10],
      [count("late", "200"), 1490, until - 3],
      [count("late", "200"), 1490, until - 1],
      [k6("late", { status: "200" }), 503, ended],
    ]);
    const counted = await server("late", errors("server"));
    expect(counted).toMatchObject({ kind: "counted", best: { total: 503, bad: 0 }, worst: { total: 503, bad: 13 } });
    expect(JSON.stringify(counted)).toContain("was first scraped after the load began: what it counted before that is unknown");
  });

  test.each<[string, string, [at: number, counter: number, histogram: number, fast: number][], Count, Count, string]>([
    [
      "what it held back of setup and warm-up may stand for k6's last requests",
      "held-back",
      [
        [from - 5, 150, 0, 0],
        [until - 1, 1150, 900, 880],
      ],
      { total: 1000, bad: 0 },
      { total: 1000, bad: 270 },
      "the service's counts include up to 150 requests of setup and warm-up",
    ],
    [
      "so it may where it has as many as k6 sent",
      "as-many",
      [
        [from - 12, 0, 0, 0],
        [from - 5, 150, 0, 0],
        [until - 1, 1150, 1000, 980],
      ],
      { total: 1000, bad: 0 },
      { total: 1000, bad: 170 },
      "the service's counts include up to 150 requests of setup and warm-up",
    ],
    [
      "but not where it took all of setup and warm-up at once: what it lacks is older, and it never takes that",
      "never-timed",
      [
        [from - 12, 150, 0, 0],
        [from - 5, 250, 100, 99],
        [until - 1, 1250, 1100, 1079],
      ],
      { total: 1000, bad: 20 },
      { total: 1000, bad: 20 },
      "",
    ],
    [
      "where it grew by more than the counter, as by probes that are only timed, nothing in it is known to be k6's",
      "outgrown",
      [
        [from + 10, 300, 100, 90],
        [until - 1, 700, 590, 573],
      ],
      { total: 1000, bad: 0 },
      { total: 1000, bad: 1000 },
      "others ask for GET /x too",
    ],
  ])("of a late histogram beside a counter: %s", async (_, job, scrapes, best, worst, caveat) => {
    await write([
      ...scraped(job, [...scrapes.map(([at]) => at), until - 3]),
      ...scrapes.flatMap(([at, counter, histogram, fast]): Sample[] => [
        [{ ...count(job, "200"), __name__: "http_requests_total" }, counter, at],
        [bucket(job, "1"), fast, at],
        [bucket(job, "+Inf"), histogram, at],
      ]),
      [k6(job, { status: "200" }), 1000, ended],
    ]);
    const metrics = { ...presetNamed("fastify"), requests: "http_requests_total" };
    const slow = { kind: "latency", side: "server", atMostSeconds: 1, where: {} } as const;
    const counted = await server(job, slow, 1, 150, ["/x"], { metrics, judgedOnly: true, begunSeconds: from - 10 });
    expect(counted).toMatchObject({ kind: "counted", best, worst });
    expect(JSON.stringify(counted)).toContain(caveat);
  });

  test("an instance that started during the load counts from zero", async () => {
    await write([
      ...scraped("rolled", [from - 5, until - 3, until - 1]),
      ...scraped("rolled", [until - 3, until - 1], "b:1"),
      [began("rolled", "b:1"), from + 21, until - 3],
      [began("rolled", "b:1"), from + 21, until - 1],
      [count("rolled", "200"), 1000, from - 5],
      [count("rolled", "200"), 1200, from + 20],
      [count("rolled", "200", "b:1"), 300, until - 1],
      [count("rolled", "200"), 1200, until - 1],
      [k6("rolled", { status: "200" }), 500, ended],
    ]);
    expect(await server("rolled", errors("server"))).toMatchObject({ kind: "counted", best: { total: 500, bad: 0 } });
  });

  test("a restart in the middle leaves what the new process counted; the rest of what k6 sent is uncertain", async () => {
    await write([
      ...scraped("restarted", [from - 5, until - 3, until - 1]),
      [began("restarted"), 1000, from - 1],
      [began("restarted"), from + 30, until - 3],
      [began("restarted"), from + 30, until - 1],
      [count("restarted", "200"), 1000, from - 5],
      [count("restarted", "200"), 300, until - 1],
      [k6("restarted", { status: "200" }), 520, ended],
    ]);
    expect(await server("restarted", errors("server"))).toMatchObject({
      kind: "counted",
      best: { total: 520, bad: 0 },
      worst: { total: 520, bad: 220 },
      caveats: [expect.stringContaining("restarted during the run"), expect.stringContaining("220 requests that k6 sent")] as string[],
      cumulative: [],
    });
  });

  test("a threshold between two buckets leaves open what is between them, and one at a bucket is exact in any spelling", async () => {
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
      [k6("slow", { status: "200" }), 400, ended],
    ]);
    const slow = (atMostSeconds: number): Indicator => ({ kind: "latency", side: "server", atMostSeconds, where: {} });
    expect(await server("slow", slow(1))).toMatchObject({ kind: "counted", best: { total: 400, bad: 10 } });
    expect(await server("slow", slow(0.25))).toMatchObject({
      kind: "counted",
      best: { total: 400, bad: 10 },
      worst: { total: 400, bad: 100 },
      caveats: [
        "90 requests took between 0.1 s and 1 s: not every series of the service's histogram has a bucket at 0.25 s; all have 0.1, 1",
      ],
    });
    expect(await server("slow", slow(2)), "above the last bucket").toMatchObject({ best: { bad: 0 }, worst: { bad: 10 } });
    expect(await server("slow", slow(0.05)), "below the first one").toMatchObject({ best: { bad: 100 }, worst: { bad: 400 } });
  });

  test.each<[string, string, Indicator, object]>([
    [
      "bad events by a label that every series has were none, though no series is of them",
      "healthy",
      { kind: "ratio", of: "bad", events: 'healthy_total{code=~"5.."}', total: "healthy_total" },
      { kind: "counted", best: { total: 500, bad: 0 }, worst: { total: 500, bad: 0 } },
    ],
    [
      "good ones that there are none of may be a slip",
      "grim",
      { kind: "ratio", of: "good", events: 'grim_total{code="201"}', total: "grim_total" },
      { kind: "absent", reason: expect.stringContaining("is the name right?") as string },
    ],
    [
      "a value that is there but for a letter is no zero",
      "typo",
      { kind: "ratio", of: "bad", events: 'typo_total{result="faild"}', total: "typo_total" },
      { kind: "absent", reason: expect.stringContaining("result is never faild: did you mean failed?") as string },
    ],
    [
      "and a value that is another one is told with those that are there",
      "told",
      { kind: "ratio", of: "bad", events: 'told_total{result="broken"}', total: "told_total" },
      { kind: "counted", best: { total: 500, bad: 0 }, caveats: ["no result is broken as yet, which counts as none; there are failed"] },
    ],
    [
      "the typing error in a label is no zero",
      "slip",
      { kind: "ratio", of: "bad", events: 'slip_total{cod="500"}', total: "slip_total" },
      { kind: "absent", reason: expect.stringContaining("no series of its metric has the label cod") as string },
    ],
    [
      "nor is one in a metric",
      "slap",
      { kind: "ratio", of: "bad", events: 'slop_total{code="500"}', total: "slap_total" },
      { kind: "absent", reason: expect.stringContaining("no series of its metric has the label code") as string },
    ],
    [
      "nor in a metric of its own",
      "lone",
      { kind: "ratio", of: "bad", events: "lone_failures_total", total: "lone_total" },
      { kind: "absent", reason: expect.stringContaining("create the label set at zero") as string },
    ],
    [
      "nor a bucket that there is not",
      "edge",
      { kind: "ratio", of: "good", events: 'edge_total{code="200",le="0.3"}', total: "edge_total" },
      { kind: "absent", reason: expect.stringContaining("nothing else tells that it has counted none") as string },
    ],
    [
      "a sum is its parts, and a part without series is none where that is proved",
      "sums",
      { kind: "ratio", of: "good", events: 'sums_total{code="200"}', total: 'sums_total{code="200"} + sums_total{code="500"}' },
      { kind: "counted", best: { total: 500, bad: 0 }, worst: { total: 500, bad: 0 } },
    ],
  ])("a ratio: %s", async (_, job, indicator, expected) => {
    const events = (code: string): Record<string, string> => ({
      __name__: `${job}_total`,
      job,
      instance: "a:1",
      ...(job === "typo" || job === "told" ? { result: "failed" } : { code }),
    });
    await write([
      ...[from - 5, until - 1].flatMap((at, i): Sample[] => [
        [events("200"), 10 + 500 * i, at],
        [count(job, "200"), 500 * i, at],
      ]),
      ...scraped(job, [from - 5, until - 3, until - 1]),
      [k6(job, { status: "200" }), 500, ended],
    ]);
    expect(await server(job, indicator)).toMatchObject(expected);
  });

  test("a ratio whose label is on some series only may have bad events in the others", async () => {
    const events = (more: Record<string, string>): Record<string, string> => ({
      __name__: "partly_total",
      job: "partly",
      instance: "a:1",
      ...more,
    });
    await write([
      ...[from - 5, until - 1].flatMap((at, i): Sample[] => [
        [events({ code: "200" }), 500 * i, at],
        [events({ kind: "other" }), 5 * i, at],
      ]),
      ...scraped("partly", [from - 5, until - 3, until - 1]),
    ]);
    expect(await server("partly", { kind: "ratio", of: "bad", events: 'partly_total{code="500"}', total: "partly_total" })).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("not every series of its metric has the label code") as string,
    });
  });

  test("an instance without the metric may have had bad events", async () => {
    const events = (instance: string, more: Record<string, string>): Record<string, string> => ({ job: "two", instance, ...more });
    await write([
      ...[from - 5, until - 1].flatMap((at, i): Sample[] => [
        [events("a:1", { __name__: "two_total" }), 500 * i, at],
        [events("b:1", { __name__: "two_total" }), 500 * i, at],
        [events("a:1", { __name__: "two_errors_total", type: "db" }), 0, at],
      ]),
      ...scraped("two", [from - 5, until - 3, until - 1]),
      ...scraped("two", [from - 5, until - 3, until - 1], "b:1"),
    ]);
    expect(await server("two", { kind: "ratio", of: "bad", events: 'two_errors_total{type="net"}', total: "two_total" })).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("not every instance of the service has its metric") as string,
    });
  });

  test.each([
    ["is whole where both sides agree", "replaced", 500, { best: { total: 500, bad: 0 }, worst: { total: 500, bad: 0 }, caveats: [] }],
    [
      "lacks no more than what k6 sent and nobody counted",
      "replaced-early",
      512,
      {
        best: { total: 512, bad: 0 },
        worst: { total: 512, bad: 12 },
        caveats: [expect.stringContaining("a:1 was gone at the end"), expect.stringContaining("12 requests that k6 sent")] as string[],
      },
    ],
  ])("an instance that ended during the load %s", async (_, job, sent, expected) => {
    await write([
      ...scraped(job, [from - 5, from + 20]),
      ...scraped(job, [from + 25, until - 3, until - 1], "b:1"),
      [began(job, "b:1"), from + 21, until - 3],
      [began(job, "b:1"), from + 21, until - 1],
      [count(job, "200"), 1000, from - 5],
      [count(job, "200"), 1200, from + 20],
      [count(job, "200", "b:1"), 300, until - 1],
      [k6(job, { status: "200" }), sent, ended],
    ]);
    expect(await server(job, errors("server"))).toMatchObject({ kind: "counted", ...expected });
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
      [k6("deployed", { status: "200" }), 1210, ended],
    ]);
    expect(await server("deployed", errors("server"))).toMatchObject({
      kind: "counted",
      best: { total: 1210, bad: 24 },
      worst: { total: 1210, bad: 53 }, // the 20 of the first scrape may be older than the load
      caveats: [expect.stringContaining("restarted during the run"), expect.stringContaining("29 requests that k6 sent")] as string[],
    });
  });

  test("a service that does not tell its start time shows a restart by counters that fall", async () => {
    await write([
      ...scraped("silent", [from - 5, from + 20, until - 3, until - 1]),
      ...(
        [
          [from - 5, 100],
          [from + 20, 300],
          [until - 10, 50],
          [until - 1, 700],
        ] as const
      ).map(([at, n]): Sample => [count("silent", "200"), n, at]),
      [k6("silent", { status: "200" }), 1000, ended],
    ]);
    expect(await server("silent", errors("server"))).toMatchObject({
      kind: "counted",
      worst: { total: 1000, bad: 600 }, // it does not tell whether the 300 of its first scrape are older than the load
      caveats: [expect.stringContaining("counters fell"), expect.stringContaining("600 requests that k6 sent")] as string[],
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

  test("a service without the series that its objective is about is absent, and they are named", async () => {
    await write(scraped("bare", [from - 5, until - 3, until - 1]));
    expect(await server("bare", errors("server"))).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining('holds no series http_request_duration_seconds_count{job="bare"') as string,
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
      reason: "no series of the service carries a status_code that can be read, so its errors cannot be told",
    });
  });

  test("a service with native histograms alone is judged by them; the bucket that a threshold cuts is open", async () => {
    const { __name__: _, ...labels } = count("native", "200");
    const observed = (times: number): HeldHistogram => ({
      schema: 3, // each bucket is 9 % wide
      zeroCount: 0,
      sum: times,
      buckets: new Map([
        [-32, 90 * times], // up to 2^-4 s
        [-16, 7 * times], // 0.229 s to 0.25 s
        [-8, 3 * times], // 0.458 s to 0.5 s
      ]),
    });
    await write([...scraped("native", [from - 5, from + 1, until - 3, until - 1]), [k6("native", { status: "200" }), 500, ended]]);
    const samples = [from - 5, from + 1, until - 3, until - 1].map((at, i) => ({
      atMillis: at * 1000,
      value: observed([2, 2, 7, 7][i] ?? 0),
    }));
    await writeSeries(api.url, [{ labels: { __name__: "http_request_duration_seconds", ...labels }, samples }]);
    const slow = (atMostSeconds: number): Indicator => ({ kind: "latency", side: "server", atMostSeconds, where: {} });
    expect(await server("native", errors("server"))).toMatchObject({ kind: "counted", best: { total: 500, bad: 0 }, caveats: [] });
    expect(await server("native", slow(0.25))).toMatchObject({ best: { total: 500, bad: 15 }, worst: { total: 500, bad: 15 } });
    expect(await server("native", slow(0.24))).toMatchObject({
      best: { total: 500, bad: 15 },
      worst: { total: 500, bad: 50 },
      caveats: ["35 requests lie in the histogram bucket that 0.24 s cuts"],
    });
  });

  test("what is counted without a route may be of the route that is asked about, where a script does not name its own", async () => {
    await write([
      ...scraped("lost", [from - 5, until - 3, until - 1]),
      ...[from - 5, until - 1].flatMap((at, i): Sample[] => [
        [count("lost", "200"), 640 * i, at],
        [{ ...count("lost", "500"), route: "" }, 160 * i, at],
      ]),
      [k6("lost", { status: "200" }), 800, ended],
    ]);
    const indicator: Indicator = { kind: "errors", side: "server", where: { route: "/x" } };
    expect(await server("lost", indicator, 1, 0, [])).toMatchObject({
      kind: "counted",
      worst: { total: 800, bad: 160 },
      caveats: ["160 requests are counted without the name of a route or method, and may be of this objective"],
    });
  });

  test("an instance that counts by another label may have bad events that no series of another one tells", async () => {
    const orders = (instance: string, more: Record<string, string>): Record<string, string> => ({
      __name__: "apart_orders_total",
      job: "mixed-orders",
      instance,
      ...more,
    });
    await write([
      ...scraped("mixed-orders", [from - 5, until - 3, until - 1]),
      ...scraped("mixed-orders", [from - 5, until - 3, until - 1], "b:1"),
      ...[from - 5, until - 1].flatMap((at, i): Sample[] => [
        [orders("a:1", { result: "ok" }), 240 * i, at],
        [orders("a:1", { result: "failed" }), 0, at],
        [orders("b:1", { outcome: "failed" }), 80 * i, at],
      ]),
    ]);
    for (const ratio of [
      { of: "bad", events: 'apart_orders_total{result="failed"}' },
      { of: "good", events: 'apart_orders_total{result="ok"}' },
    ] as const)
      expect(await server("mixed-orders", { kind: "ratio", ...ratio, total: "apart_orders_total" })).toMatchObject({
        kind: "absent",
        reason: expect.stringContaining("not every series of its metric has the label result") as string,
      });
  });

  test("a status that is none may be an error", async () => {
    await write([
      ...scraped("odd", [from - 5, until - 3, until - 1]),
      ...[from - 5, until - 1].flatMap((at, i): Sample[] => [
        [count("odd", "200"), 490 * i, at],
        [count("odd", "UNKNOWN"), 7 * i, at],
        [count("odd", "503"), 3 * i, at],
      ]),
      [k6("odd", { status: "200" }), 500, ended],
    ]);
    expect(await server("odd", errors("server"))).toMatchObject({
      kind: "counted",
      best: { total: 500, bad: 3 },
      worst: { total: 500, bad: 10 },
      caveats: ["7 requests carry a status_code that is no status, or none, and may be errors"],
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
    const measured = await server("main", { kind: "ratio", of: "bad", events: 'sales_total{result="failed"}', total: "sales_total" });
    expect(measured).toMatchObject({ kind: "absent" });
  });

  test("where requests are missing, nothing bounds the events of a ratio: an instance may not be scraped at all", async () => {
    const order = (result: string): Record<string, string> => ({
      __name__: "half_orders_total",
      job: "half-orders",
      instance: "a:1",
      result,
    });
    await write([
      ...scraped("half-orders", [from - 5, until - 3, until - 1]),
      ...[from - 5, until - 1].flatMap((at, i): Sample[] => [
        [count("half-orders", "200"), 500 * i, at],
        [order("ok"), 500 * i, at],
        [order("failed"), 0, at],
      ]),
      [k6("half-orders", { status: "200" }), 1000, ended],
    ]);
    const ratio = {
      kind: "ratio",
      of: "bad",
      events: 'half_orders_total{result="failed"}',
      total: "half_orders_total",
    } as const;
    expect(await server("half-orders", ratio)).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("each may have counted any number of these events: is every instance of it scraped?") as string,
    });
  });

  test("a ratio is guarded by the job of its bad events as well, where that is another one", async () => {
    const sample = (name: string, job: string): Record<string, string> => ({ __name__: name, job, instance: "a:1" });
    await write([
      ...scraped("front", [from - 5, until - 3, until - 1]),
      ...scraped("back", [from - 5, until - 20]),
      ...[from - 5, until - 1].map((at, i): Sample => [sample("calls_total", "front"), 500 * i, at]),
      ...[from - 5, until - 20].map((at): Sample => [sample("failures_total", "back"), 0, at]),
    ]);
    expect(await server("front", { kind: "ratio", of: "bad", events: "failures_total", total: "calls_total" })).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("a:1 was not scraped after the load (it was gone, or Prometheus was away)") as string,
    });
  });

  test("an instance that is gone before it was scraped under load may have counted what is missing", async () => {
    await write([
      ...scraped("brief", [from - 5], "a:1"),
      ...scraped("brief", [from - 5, until - 3, until - 1], "b:1"),
      ...[from - 5, until - 1].map((at, i): Sample => [count("brief", "200", "b:1"), 500 * i, at]),
      [count("brief", "200"), 10, from - 5],
      [k6("brief", { status: "200" }), 520, ended],
    ]);
    expect(await server("brief", errors("server"))).toMatchObject({
      kind: "counted",
      worst: { total: 520, bad: 20 },
      caveats: [expect.stringContaining("a:1 was gone at the end"), expect.stringContaining("20 requests that k6 sent")] as string[],
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
      [k6("hidden", { status: "200" }), 1750, ended],
    ]);
    expect(await server("hidden", errors("server"))).toMatchObject({
      kind: "counted",
      best: { total: 1750, bad: 17 },
      worst: { total: 1750, bad: 70 },
      caveats: expect.arrayContaining([expect.stringContaining("may have been restarted")]) as string[],
    });
  });

  test("a fast burn after the last whole step is in the counts over time as well", async () => {
    await write([
      ...scraped("steps", [from - 5, until - 3, until - 1]),
      ...[from - 5, from + 30, from + 55, until - 1].flatMap((at, i): Sample[] => [
        [count("steps", "200"), 100 + 100 * i, at],
        [count("steps", "500"), i < 2 ? 0 : 40, at],
      ]),
      [k6("steps", { status: "200" }), 340, ended],
    ]);
    const measured = await server("steps", errors("server"), 25);
    expect(measured.kind === "counted" && measured.cumulative.map(({ atSeconds, total, bad }) => [atSeconds - from, total, bad])).toEqual([
      [0, 0, 0],
      [25, 0, 0],
      [50, 100, 0],
      [60, 340, 40],
    ]);
  });

  test("answers that the service did not count are uncertain: an instance may not be scraped at all", async () => {
    await write([
      ...scraped("half", [from - 5, until - 3, until - 1]),
      ...[from - 5, until - 1].map((at, i): Sample => [count("half", "200"), 1000 + 500 * i, at]),
      [k6("half", { status: "200" }), 990, ended],
      [k6("half", { status: "0" }), 7, ended],
      [k6("half", { status: "200", scenario: "warmup" }), 100, ended],
    ]);
    expect(await server("half", errors("server"))).toMatchObject({
      kind: "counted",
      best: { total: 997, bad: 0 },
      worst: { total: 997, bad: 497 },
      caveats: ["497 requests that k6 sent are not in the service's counts: is every instance of it scraped?"],
    });
  });

  test("an instance that is not scraped does not hide behind setup and warm-up: both sides are compared with them", async () => {
    await write([
      ...scraped("warmed", [from - 5, until - 3, until - 1]),
      ...[from - 5, until - 1].map((at, i): Sample => [count("warmed", "200"), 6790 * i, at]),
      [k6("warmed", { status: "200" }), 5800, ended],
      [k6("warmed", { status: "500" }), 200, ended],
      [k6("warmed", { status: "200", scenario: "warmup" }), 1000, ended],
    ]);
    expect(await server("warmed", errors("server"), 1, 1000)).toMatchObject({
      kind: "counted",
      best: { total: 7000, bad: 0 },
      worst: { total: 5800, bad: 210 }, // the 200 that k6 saw fail may be counted as good, and as many good ones be missing
    });
  });

  test.each([
    ["by its start time", "lazy", true],
    ["by the scrape that does not hold them", "lazier", false],
  ])("what a process that is gone had counted is nobody's, told %s: label sets come when they first occur", async (_, job, tells) => {
    const order = (result: string): Record<string, string> => ({ __name__: `${job}_orders_total`, job, instance: "a:1", result });
    const told = (start: number, at: number): Sample[] => (tells ? [[began(job), start, at]] : []);
    await write([
      ...scraped(job, [from - 60, from - 40, from - 20, from - 3, from + 12, until - 3, until - 1]),
      ...told(1000, from - 20),
      ...told(from - 10, from - 3),
      ...told(from - 10, until - 1),
      ...(
        [
          [from - 20, 1162, 40],
          [until - 1, 3552, 48],
        ] as const
      ).flatMap(([at, good, bad]): Sample[] => [
        [count(job, "200"), good, at],
        [count(job, "500"), bad, at],
        [order("ok"), good, at],
        [order("failed"), bad, at],
        [bucket(job, "1"), good, at],
        [bucket(job, "+Inf"), good + bad, at],
      ]),
      [k6(job, { status: "200" }), 3600, ended],
    ]);
    const exact = { kind: "counted", best: { total: 3600, bad: 48 }, worst: { total: 3600, bad: 48 }, caveats: [] };
    expect(await server(job, errors("server"))).toMatchObject(exact);
    expect(await server(job, { kind: "latency", side: "server", atMostSeconds: 1, where: {} })).toMatchObject(exact);
    const ratio = {
      kind: "ratio",
      of: "bad",
      events: `${job}_orders_total{result="failed"}`,
      total: `${job}_orders_total`,
    } as const;
    expect(await server(job, ratio)).toMatchObject(exact);
  });

  test.each([
    ["down", "was-down", [from - 12, from - 7, from - 2, until - 1], 0],
    ["no more scraped", "was-gone", [from - 60, from - 50, from - 40], 1],
  ])("an instance that had ended when the load began, and was %s, is of no account", async (_, job, at, up) => {
    await write([
      ...scraped(job, [from - 70, from - 65], "a:1"),
      ...scraped(job, at, "a:1", up),
      ...scraped(job, [from - 10, from - 5, until - 3, until - 1], "b:1"),
      [count(job, "500"), 90, from - 65],
      [count(job, "200", "b:1"), 10, from - 10],
      [count(job, "200", "b:1"), 10, from - 5],
      [count(job, "200", "b:1"), 510, until - 1],
      [k6(job, { status: "200" }), 500, ended],
    ]);
    expect(await server(job, errors("server"))).toMatchObject({
      kind: "counted",
      best: { total: 500, bad: 0 },
      worst: { total: 500, bad: 0 },
      caveats: [],
    });
  });

  test("requests of others, seen while k6 did not run, are left out with the counters that had them", async () => {
    const probe = (at: number, n: number): Sample => [{ ...count("probed", "200"), route: "/x", method: "HEAD" }, n, at];
    await write([
      ...scraped("probed", [from - 8, from - 3, until - 3, until - 1]),
      ...[from - 8, from - 3, until - 3, until - 1].map((at, i): Sample => probe(at, 10 + i)),
      ...[from - 8, from - 3, until - 3, until - 1].map((at, i): Sample => [count("probed", "200"), i < 2 ? 50 : 550, at]),
      [k6("probed", { status: "200" }), 500, ended],
    ]);
    const measured = await server("probed", errors("server"));
    expect(measured).toMatchObject({ kind: "counted", best: { total: 500, bad: 0 }, worst: { total: 500, bad: 0 } });
    expect(measured.kind === "counted" && measured.cumulative.at(-1)).toMatchObject({ total: 500, bad: 0 });
  });

  test("where others use the same counters, equal counts prove nothing: k6's requests may be on an instance that nobody scrapes", async () => {
    await write([
      ...scraped("shared", [from - 8, from - 3, until - 3, until - 1]),
      ...[from - 8, from - 3, until - 3, until - 1].map((at, i): Sample => [count("shared", "200"), [0, 30, 530, 540][i] ?? 0, at]),
      [k6("shared", { status: "200" }), 500, ended],
    ]);
    expect(await server("shared", errors("server"))).toMatchObject({ kind: "counted", worst: { bad: 500 } });
  });

  test("of a route that others use nothing counts, not even their errors alone, whatever other label tells these apart", async () => {
    const of = (status: string, outcome: string): Record<string, string> => ({ ...count("outcome", status), outcome });
    await write([
      ...scraped("outcome", [from - 8, from - 3, until - 3, until - 1]),
      ...[from - 8, from - 3, until - 3, until - 1].map((at, i): Sample => [of("200", "SUCCESS"), [10, 12, 550, 552][i] ?? 0, at]),
      ...[until - 3, until - 1].map((at): Sample => [of("500", "SERVER_ERROR"), 16, at]),
      [k6("outcome", { status: "200" }), 500, ended],
    ]);
    expect(await server("outcome", errors("server"))).toMatchObject({
      kind: "counted",
      best: { bad: 0 },
      worst: { bad: 500 },
      caveats: [
        expect.stringMatching(/others ask for GET \/x too .*a load that ended within half a minute before/),
        expect.stringContaining("500 requests that k6 sent are not in"),
      ] as string[],
    });
  });

  test.each([
    ["what others ask for on another route stands in for nothing that is missing", "hides", "/health", 450, { kind: "absent" }],
    ["all that k6 sent may be missing where others use the same route", "mixed", "/x", 450, { kind: "absent" }],
    [
      "others on another route leave a ratio decided where every request is counted",
      "whole",
      "/health",
      500,
      { kind: "counted", best: { bad: 0 }, worst: { bad: 0, total: 500 } },
    ],
  ])("in a ratio %s", async (_, job, route, counted, expected) => {
    const at = [from - 8, from - 3, until - 3, until - 1];
    const orders = (result: string): Record<string, string> => ({ __name__: `${job}_orders_total`, job, instance: "a:1", result });
    await write([
      ...scraped(job, at),
      ...at.flatMap((when, i): Sample[] => [
        [count(job, "200"), i < 2 ? 50 : 50 + counted, when],
        [{ ...count(job, "204"), route }, [20, 30, 200, 230][i] ?? 0, when],
        [orders("ok"), i < 2 ? 0 : counted, when],
        [orders("failed"), 0, when],
      ]),
      [k6(job, { status: "200" }), 500, ended],
    ]);
    const ratio = { kind: "ratio", of: "bad", events: `${job}_orders_total{result="failed"}`, total: `${job}_orders_total` } as const;
    expect(await server(job, ratio)).toMatchObject(expected);
  });

  test.each<[string, string, number, (job: string) => Sample[], string]>([
    [
      "no counter of requests tells whether all instances are scraped",
      "blind",
      0,
      () => [],
      "nothing tells whether every instance of the service is scraped",
    ],
    [
      "one request of setup may have made any number of events",
      "bulk",
      1,
      (job) => [
        [count(job, "200"), 0, from - 5],
        [count(job, "200"), 501, until - 1],
        [k6(job, { status: "200" }), 501, ended],
      ],
      "1 request of setup and warm-up lies between the scrapes around the load",
    ],
    [
      "events go on after the load",
      "later",
      0,
      (job) => [
        [count(job, "200"), 0, from - 5],
        [count(job, "200"), 500, until - 1],
        [k6(job, { status: "200" }), 500, ended],
        [{ __name__: `${job}_events_total`, job, instance: "a:1", result: "ok" }, 480, until - 3],
      ],
      "the events were still being counted",
    ],
  ])("a ratio is absent where %s", async (_, job, notJudged, more, reason) => {
    const events = (result: string): Record<string, string> => ({ __name__: `${job}_events_total`, job, instance: "a:1", result });
    await write([
      ...scraped(job, [from - 5, until - 3, until - 1]),
      ...[from - 5, until - 1].flatMap((at, i): Sample[] => [
        [events("ok"), 490 * i, at],
        [events("failed"), 10 * i, at],
      ]),
      ...more(job),
    ]);
    const ratio = { kind: "ratio", of: "bad", events: `${job}_events_total{result="failed"}`, total: `${job}_events_total` } as const;
    expect(await server(job, ratio, 1, notJudged)).toMatchObject({ kind: "absent", reason: expect.stringContaining(reason) as string });
  });

  test("counters with times of their own are absent: what is before the load cannot be told", async () => {
    await write([
      ...scraped("own-times", [from - 8, from - 3, until - 3, until - 1]),
      [count("own-times", "200"), 1000, from - 4],
      [count("own-times", "200"), 1500, until - 2],
      [k6("own-times", { status: "200" }), 500, ended],
    ]);
    expect(await server("own-times", errors("server"))).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("times of their own") as string,
    });
  });
});
