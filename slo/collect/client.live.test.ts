import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { causeQueries } from "../compile/causes.ts";
import { compileObjectives } from "../compile/objectives.ts";
import { openProcessGroup } from "../host/process-group.ts";
import { encodeWrite } from "../run/relay/body.ts";
import { writeOnce } from "../run/relay/write.ts";
import { startPrometheus } from "../run/local-services.ts";
import type { Indicator } from "../spec/spec.ts";
import { readClientCells, readClientTimeline } from "./causes.ts";
import { measureClient, type ClientWindow } from "./client.ts";
import type { Measurement } from "./measurement.ts";
import type { PrometheusApi } from "./prometheus.ts";
import { errors, from, inOrder, k6, specOf, until, type Sample } from "./series.fixture.ts";

describeLive("what k6 counted, by a real Prometheus", ["prometheus"], ({ prometheus: binary }) => {
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

  async function write(samples: Sample[]): Promise<void> {
    for (const sample of inOrder(samples)) {
      expect(await writeOnce({ url: `${api.url}/api/v1/write` }, encodeWrite([sample]))).toEqual({ kind: "written" });
    }
  }

  const window: ClientWindow = {
    fromSeconds: from,
    toSeconds: until + 1,
    stepSeconds: 1,
    dropped: 0,
    dropCause: "service",
    dropsOver: [],
    interrupted: 0,
    shortage: { kind: "known", atSeconds: [] },
    iterations: 100,
    requestsPerIteration: 1,
  };
  async function client(testid: string, indicator: Indicator, slowCounted = true): Promise<Measurement> {
    const got = compileObjectives(specOf(indicator), { testid, server: { job: "none" } }, slowCounted);
    const query = got.kind === "compiled" ? got.queries[0] : undefined;
    if (query?.kind !== "client") throw new Error("no client objective");
    return measureClient(api, query, window);
  }

  /** What our scenarios write before any load: wrong contents are counted, and there are none yet. */
  const contentsCounted = (testid: string): Sample => [{ __name__: "k6_wrong_contents_total", testid }, 0, from - 90];

  test("an early fast burn of a series that then fell silent is counted whole", async () => {
    await write([
      contentsCounted("fastBurn"),
      [k6("fastBurn", { expected_response: "false", status: "500" }), 7, from + 1],
      [k6("fastBurn", { expected_response: "true", status: "200" }), 50, from + 1],
      [k6("fastBurn", { expected_response: "true", status: "200" }), 300, until],
    ]);
    expect(await client("fastBurn", errors("client"))).toMatchObject({
      kind: "counted",
      best: { total: 307, bad: 7 },
      worst: { total: 307, bad: 7 },
    });
  });

  test("no error series is zero errors where the total is there", async () => {
    await write([contentsCounted("clean"), [k6("clean", { expected_response: "true", status: "200" }), 300, until]]);
    expect(await client("clean", errors("client"))).toMatchObject({ kind: "counted", best: { total: 300, bad: 0 } });
  });

  test("a scenario of ours whose count of wrong contents never came is absent, a user script has none", async () => {
    await write([[k6("partial", { expected_response: "true", status: "200" }), 300, until]]);
    expect(await client("partial", errors("client"))).toMatchObject({ kind: "absent", reason: "the client did not count wrong contents" });
    expect(await client("partial", errors("client"), false)).toMatchObject({ kind: "counted", best: { total: 300, bad: 0 } });
  });

  test("what bad events have in common is read by route, outcome and instance, and when they came", async () => {
    const failed = { expected_response: "false", method: "DELETE", status: "500", error_code: "1500" };
    await write([
      contentsCounted("causes"),
      [k6("causes", { expected_response: "true", status: "200", instance_id: "0" }), 300, until],
      [k6("causes", { ...failed, instance_id: "0" }), 4, from + 10],
      [k6("causes", { ...failed, instance_id: "1" }), 3, from + 20],
      [k6("causes", { ...failed, scenario: "warmup", instance_id: "1" }), 50, until],
      [{ ...k6("causes", { instance_id: "1" }), __name__: "k6_wrong_contents_total" }, 2, from + 30],
    ]);
    const asked = causeQueries({ kind: "errors", side: "client", where: {} }, "causes", true);
    const outcome = { kind: "answer", status: "500", errorCode: "1500" };
    const wrong = { kind: "wrongContents", status: "", errorCode: "" };
    const cells = await readClientCells(api, asked, window);
    expect(cells.kind === "answer" && cells.value.toSorted((a, b) => b.total - a.total)).toEqual([
      { method: "GET", route: "/x", instance: "0", total: 300, bad: [] },
      { method: "DELETE", route: "/x", instance: "0", total: 4, bad: [{ outcome, count: 4 }] },
      { method: "DELETE", route: "/x", instance: "1", total: 3, bad: [{ outcome, count: 3 }] },
      { method: "GET", route: "/x", instance: "1", total: 0, bad: [{ outcome: wrong, count: 2 }] },
    ]);
    const line = await readClientTimeline(api, asked, { method: "DELETE", route: "/x" }, window);
    expect(line.kind === "answer" && line.value.filter(({ bad }, i, all) => bad !== all[i - 1]?.bad)).toEqual([
      { atSeconds: from + 10, total: 4, bad: 4 },
      { atSeconds: from + 20, total: 7, bad: 7 },
    ]);
  });

  describe("slow requests of a user script that its client counts", () => {
    const slow: Indicator = { kind: "latency", side: "client", atMostSeconds: 0.25, where: {} };
    const byClient = { counted_by: "plimsoll", expected_response: "true", status: "200" };
    const counted = (testid: string): Sample[] => [
      [{ __name__: "k6_slow_requests_total", testid, scenario: "main", threshold: "0.25" }, 0, from + 1],
      [k6(testid, byClient), 300, until],
      [{ ...k6(testid, { counted_by: "plimsoll", threshold: "0.25" }), __name__: "k6_slow_requests_total" }, 7, until],
    ];

    test("are exact where all requests went through it", async () => {
      await write(counted("through"));
      expect(await client("through", slow, false)).toMatchObject({
        kind: "counted",
        best: { total: 300, bad: 7 },
        worst: { total: 300, bad: 7 },
      });
    });

    test("are not taken for all of them where one request was sent past it: then k6's histogram is asked, and it is not there", async () => {
      await write([...counted("past"), [k6("past", { expected_response: "true", status: "200" }), 1, until]]);
      expect(await client("past", slow, false)).toMatchObject({
        kind: "absent",
        reason: expect.stringContaining("hold 0 of 301 requests") as string,
      });
    });

    test("are not taken for none where another threshold was counted, or the answer's own labels are asked for", async () => {
      await write(counted("other"));
      expect(await client("other", { ...slow, atMostSeconds: 0.1 }, false)).toMatchObject({ kind: "absent" });
      expect(await client("other", { ...slow, where: { status: "200" } }, false)).toMatchObject({ kind: "absent" });
    });

    test("wrong contents that it found are errors, a counter of the script's own name is not", async () => {
      const wrong = (more: Record<string, string>) => ({ ...k6("contents", more), __name__: "k6_wrong_contents_total" });
      await write([
        [k6("contents", byClient), 300, until],
        [wrong({ counted_by: "plimsoll" }), 4, until],
        [wrong({}), 50, until],
      ]);
      expect(await client("contents", errors("client"), false)).toMatchObject({ kind: "counted", best: { total: 300, bad: 4 } });
    });
  });

  test("no data at all is absent, never zero", async () => {
    expect(await client("nobody", errors("client"))).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("no request of this run") as string,
    });
  });

  test("requests without the expected_response tag cannot be judged", async () => {
    await write([
      contentsCounted("untagged"),
      [k6("untagged", { status: "200" }), 300, until],
      [k6("untagged", { status: "201", expected_response: "true" }), 5, until],
    ]);
    expect(await client("untagged", errors("client"))).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("300 requests carry no expected_response") as string,
    });
  });

  test("warm-up and setup are not judged", async () => {
    await write([
      contentsCounted("warm"),
      [k6("warm", { expected_response: "false", scenario: "warmup" }), 99, until],
      [{ ...k6("warm", { expected_response: "false" }), scenario: "" }, 99, until],
      [k6("warm", { expected_response: "true" }), 300, until],
    ]);
    expect(await client("warm", errors("client"))).toMatchObject({ best: { total: 300, bad: 0 } });
  });

  test("slow requests that the client did not count are absent, and zero where it did and there were none", async () => {
    const slow: Indicator = { kind: "latency", side: "client", atMostSeconds: 0.25, where: {} };
    await write([
      [k6("uncounted", { expected_response: "true" }), 300, until],
      [k6("none-slow", { expected_response: "true" }), 300, until],
    ]);
    // k6 writes a series again only when it changed, so after a long warm-up the proof is old.
    await write([[{ __name__: "k6_slow_requests_total", testid: "none-slow", threshold: "0.25" }, 0, from - 3000]]);
    expect(await client("uncounted", slow)).toMatchObject({ kind: "absent", reason: "the client did not count slow requests" });
    expect(await client("none-slow", slow)).toMatchObject({ kind: "counted", best: { total: 300, bad: 0 } });
  });

  test("a user script's requests without an answer are slow, although k6 gives them no duration", async () => {
    await write([[k6("refused", { expected_response: "false", status: "0" }), 501, until]]);
    const slow: Indicator = { kind: "latency", side: "client", atMostSeconds: 0.25, where: {} };
    expect(await client("refused", slow, false)).toMatchObject({ kind: "counted", best: { total: 501, bad: 501 } });
  });

  test("answered requests without a histogram are absent, not fast", async () => {
    await write([[k6("no-histogram", { expected_response: "true", status: "200" }), 300, until]]);
    const slow: Indicator = { kind: "latency", side: "client", atMostSeconds: 0.25, where: {} };
    expect(await client("no-histogram", slow, false)).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("hold 0 of 300 requests") as string,
    });
  });

  const bad: Indicator = { kind: "counter", part: "bad_orders", partIs: "bad", total: "orders", where: {} };
  test.each<[string, Record<string, string>, object]>([
    ["of the scenario are judged", { scenario: "main" }, { kind: "counted", best: { total: 100, bad: 25 } }],
    [
      "with the tag of a warm-up may hide what was bad",
      { scenario: "warmup" },
      { kind: "absent", reason: /carry scenario="warmup", or no/ },
    ],
    ["without a scenario hide it too", {}, { kind: "absent", reason: /no scenario outside of setup/ }],
    [
      "of teardown may be what became of the load",
      { group: "::teardown" },
      { kind: "counted", best: { total: 100, bad: 0 }, worst: { total: 100, bad: 100 }, caveats: [expect.stringContaining("in teardown")] },
    ],
    ["of setup have none, and are not judged", { group: "::setup" }, { kind: "counted", best: { total: 100, bad: 0 } }],
  ])("a script's own counts %s", async (says, tags, { reason, ...expected }: { reason?: RegExp }) => {
    const testid = `own counts ${says}`;
    const own = (name: string, more: Record<string, string>) => ({ __name__: `k6_${name}_total`, testid, ...more });
    const none: Sample = [own("bad_orders", { scenario: "main" }), 0, from + 1];
    await write([none, [own("orders", { scenario: "main" }), 100, from + 9], [own("bad_orders", tags), 25, from + 10]]);
    expect(await client(testid, bad, false)).toMatchObject({ ...expected, ...(reason && { reason: expect.stringMatching(reason) }) });
  });

  test("but for the warm-up of plimsoll/k6, which is meant not to be judged", async () => {
    const testid = "own counts of our warm-up";
    const own = (name: string, scenario: string) => ({ __name__: `k6_${name}_total`, testid, scenario });
    const warm: Sample = [k6(testid, { scenario: "warmup", counted_by: "plimsoll" }), 5, from - 3];
    await write([
      warm,
      [own("orders", "warmup"), 5, from - 3],
      [own("orders", "main"), 100, from + 9],
      [own("bad_orders", "main"), 0, from + 9],
    ]);
    expect(await client(testid, bad, false)).toMatchObject({ kind: "counted", best: { total: 100, bad: 0 } });
  });
});
