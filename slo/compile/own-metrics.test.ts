import { expect, test } from "vitest";
import { presetNamed } from "../spec/presets.ts";
import type { Indicator, Spec } from "../spec/spec.ts";
import { compileObjectives } from "./objectives.ts";
import type { ScriptFacts } from "../spec/script-facts.ts";
import type { Scope } from "./scope.ts";

const script: ScriptFacts = {
  counted: { kind: "counted" },
  metrics: [
    { name: "orders", kind: "counter", ofTimes: false },
    { name: "orders_failed", kind: "counter", ofTimes: false },
    { name: "orders_ok", kind: "rate", ofTimes: false },
    { name: "checkout_time", kind: "trend", ofTimes: true },
    { name: "answer_size", kind: "trend", ofTimes: false },
  ],
};

function compiled(indicator: Indicator, facts: ScriptFacts | undefined, isUserScript = true) {
  const place = { file: "s.yaml", line: 1, column: 1 };
  const objectives = [{ name: "o", targetRatio: 0.99, indicator, place }];
  const spec: Spec = {
    version: 1,
    service: "shop",
    confidence: 0.95,
    periodSeconds: 2_592_000,
    objectives,
    scenarios: {},
    metrics: presetNamed("fastify"),
  };
  const scope: Scope = { testid: "T", server: {}, script: facts, isUserScript };
  return compileObjectives(spec, scope, false);
}

function client(indicator: Indicator, facts: ScriptFacts | undefined = script) {
  const got = compiled(indicator, facts);
  const query = got.kind === "compiled" ? got.queries[0] : undefined;
  if (query?.kind !== "client") throw new Error(JSON.stringify(got));
  return query;
}

const judged = 'testid="T",scenario!="",scenario!="warmup"';
const sum = (series: string): string => `sum(last_over_time(${series}[60s]))`;

test("a check is what was counted beside it, by its name and the tags of the script, and is compared with the share of k6", () => {
  const query = client({ kind: "checks", name: 'status is "200"', where: { shop: "de" } });
  const mine = `check="status is \\"200\\"",shop="de"`;
  expect(query.total(60).promql).toBe(sum(`k6_plimsoll_checks_total{${judged},${mine}}`));
  expect(query.bad.map((read) => read(60).promql)).toEqual([sum(`k6_plimsoll_checks_total{${judged},plimsoll_good="false",${mine}}`)]);
  expect(query.shares?.ofK6(60).promql).toBe(`last_over_time(k6_checks_rate{${judged},${mine}}[60s])`);
  expect(query.shares?.counted(60).promql).toBe(`last_over_time(k6_plimsoll_checks_total{${judged},${mine}}[60s])`);
});

test("a rate is bad where it was added as the opposite of good", () => {
  const bad = (goodIs: boolean) => client({ kind: "rate", name: "orders_ok", goodIs, where: {} }).bad.map((read) => read(60).promql);
  const series = (good: string): string => sum(`k6_plimsoll_rates_total{${judged},plimsoll_good="${good}",plimsoll_rate="orders_ok"}`);
  expect(bad(true)).toEqual([series("false")]);
  expect(bad(false)).toEqual([series("true")]);
});

test("a counter of bad events counts them; one of good events counts the rest of the total", () => {
  const bad = client({ kind: "counter", part: "orders_failed", partIs: "bad", total: "orders", where: {} });
  expect(bad.total(60).promql).toBe(sum(`k6_orders_total{${judged}}`));
  expect(bad.bad.map((read) => read(60).promql)).toEqual([sum(`k6_orders_failed_total{${judged}}`)]);
  const good = client({ kind: "counter", part: "orders", partIs: "good", total: "http_reqs", where: {} });
  expect(good.bad.map((read) => read(60).promql)).toEqual([
    `${sum(`k6_http_reqs_total{${judged}}`)} - (${sum(`k6_orders_total{${judged}}`)} or vector(0))`,
  ]);
});

test("a counter that nobody knows of needs a series before its absence is read as zero", () => {
  const indicator: Indicator = { kind: "counter", part: "orders_failed", partIs: "bad", total: "orders", where: {} };
  expect(client(indicator).proof).toBeUndefined();
  const unknown = client(indicator, { counted: { kind: "counted" } });
  expect(unknown.proof?.read(60).promql).toBe(sum('k6_orders_failed_total{testid="T"}'));
  expect(unknown.proof?.missing).toMatch(/nothing proves that the script has one/);
});

const bad: Indicator = { kind: "counter", part: "orders_failed", partIs: "bad", total: "orders", where: {} };
const inTeardown = (metric: string, more = ""): string => sum(`k6_${metric}_total{testid="T",group=~"::teardown(::.*)?"${more}}`);
const unopened = sum(`k6_ws_sessions_total{${judged},status!="101"}`);
const callTime: Indicator = { kind: "trend", name: "grpc_req_duration", ofTimes: true, atMost: 1, where: {} };
const refused = (name: string): string => sum(`k6_plimsoll_refused_total{${judged},plimsoll_metric="${name}"}`);
test.each<[string, Indicator, string[]]>([
  ["bad events that teardown() found", bad, [inTeardown("orders_failed")]],
  ["values that k6 refused, of the total too", bad, [refused("orders_failed"), refused("orders")]],
  [
    "values of a trend that k6 refused",
    { kind: "trend", name: "answer_size", ofTimes: false, atMost: 9, where: {} },
    [refused("answer_size")],
  ],
  ["values of a rate that k6 refused", { kind: "rate", name: "orders_ok", goodIs: true, where: {} }, [refused("orders_ok")]],
  [
    "gRPC calls that ran out of time, or that nobody answered",
    callTime,
    [refused("grpc_req_duration"), `histogram_count(${sum(`k6_grpc_req_duration_seconds{${judged},status="14"}`)})`],
  ],
  ["WebSocket sessions that were never opened, of checks", { kind: "checks", name: undefined, where: {} }, [unopened]],
  ["WebSocket sessions that were never opened, of times", { ...callTime, name: "ws_session_duration" }, [unopened]],
  [
    "checks that failed in teardown(), those of the same name",
    { kind: "checks", name: "kept", where: {} },
    [inTeardown("plimsoll_checks", ',plimsoll_good="false",check="kept"')],
  ],
])("no objective is proved beside %s", (_, indicator, reads) => {
  expect(client(indicator).hidden.map(({ read }) => read(60).promql)).toEqual(expect.arrayContaining(reads));
});

test("a trend of times is read in seconds, any other as it is", () => {
  const times = client({ kind: "trend", name: "checkout_time", ofTimes: true, atMost: 0.8, where: {} });
  expect(times.histogram?.read(60).promql).toBe(sum(`k6_checkout_time_seconds{${judged}}`));
  expect(times.total(60).promql).toBe(`histogram_count(${sum(`k6_checkout_time_seconds{${judged}}`)})`);
  expect(times.slowAboveSeconds).toBe(0.8);
  const sizes = client({ kind: "trend", name: "answer_size", ofTimes: false, atMost: 1024, where: {} });
  expect(sizes.histogram?.read(60).promql).toBe(sum(`k6_answer_size{${judged}}`));
  expect(sizes.slowAboveSeconds).toBeUndefined();
});

test("of WebSocket sessions those are timed that were opened: k6 says that the others took no time, or next to none", () => {
  const sessions = client({ ...callTime, name: "ws_session_duration" });
  expect(sessions.total(60).promql).toBe(`histogram_count(${sum(`k6_ws_session_duration_seconds{${judged},status="101"}`)})`);
  expect(client(callTime).total(60).promql).toBe(`histogram_count(${sum(`k6_grpc_req_duration_seconds{${judged},status!="14"}`)})`);
});

test("the times of gRPC calls need a script that is bundled, for nothing else counts those that ran out of time", () => {
  expect(compiled(callTime, { counted: { kind: "not", reason: "it is CommonJS" } })).toMatchObject({
    kind: "problems",
    problems: [{ message: expect.stringContaining("cannot be counted: it is CommonJS") }],
  });
});

test("integrity counts the answers of the routes whose contents are verified: of a script those that its client got and verified from the start", () => {
  const total = (isUserScript: boolean) => {
    const got = compiled({ kind: "integrity", where: { method: "GET" } }, undefined, isUserScript);
    return got.kind === "compiled" && got.queries[0]?.kind === "client" ? got.queries[0].total(60).promql : JSON.stringify(got);
  };
  expect(total(false)).toBe(
    `sum(last_over_time(k6_http_reqs_total{${judged},expected_response="true",method="GET"}[60s]) and on (method, name) last_over_time(k6_wrong_contents_total{testid="T",method!=""}[7260s]))`,
  );
  expect(total(true)).toBe(
    `sum(last_over_time(k6_http_reqs_total{${judged},expected_response="true",counted_by="plimsoll",method="GET"}[60s]) and on (method, name) last_over_time(k6_wrong_contents_total{testid="T",method!="",counted_by=""}[7260s]))`,
  );
});

test("wrong contents of a route that only some calls verify prove nothing", () => {
  expect(client({ kind: "integrity", where: {} }).hidden.map(({ read }) => read(60).promql)).toEqual([
    `count(last_over_time(k6_wrong_contents_total{${judged},method!="",counted_by="plimsoll"}[60s]) unless on (method, name) last_over_time(k6_wrong_contents_total{testid="T",method!="",counted_by=""}[7260s]))`,
  ]);
});

test.each<Indicator>([
  { kind: "checks", name: undefined, where: {} },
  { kind: "rate", name: "ok", goodIs: true, where: {} },
  { kind: "counter", part: "failed", partIs: "bad", total: "orders", where: {} },
  { kind: "trend", name: "size", ofTimes: false, atMost: 9, where: {} },
])("what nobody counted when the script ran is open, for that reason: $kind", (indicator) => {
  const got = compiled(indicator, undefined);
  if (got.kind !== "compiled" || got.queries[0]?.kind !== "client") throw new Error(JSON.stringify(got));
  expect(got.queries[0].hidden).toEqual([
    expect.objectContaining({ why: expect.stringContaining("load it with this spec"), hides: "any" }),
  ]);
});

const not: ScriptFacts = { counted: { kind: "not", reason: "the script has to run in its place" }, metrics: [] };

test.each<[string, Indicator, ScriptFacts | undefined, RegExp | undefined]>([
  [
    "checks of a script that cannot be bundled are refused",
    { kind: "checks", name: undefined, where: {} },
    not,
    /cannot be counted: the script has to run in its place/,
  ],
  ["checks of a script that nobody has read yet are not", { kind: "checks", name: undefined, where: {} }, undefined, undefined],
  [
    "a rate with a typing error is refused, with what was meant",
    { kind: "rate", name: "order_ok", goodIs: true, where: {} },
    script,
    /no rate of the script: it has orders_ok \(did you mean orders_ok\?\)/,
  ],
  [
    "so is a counter in Prometheus's spelling",
    { kind: "counter", part: "k6_orders_failed_total", partIs: "bad", total: "orders", where: {} },
    script,
    /did you mean orders_failed/,
  ],
  [
    "a counter that is a rate in the script is none",
    { kind: "counter", part: "orders_ok", partIs: "bad", total: "orders", where: {} },
    script,
    /is no counter of the script/,
  ],
  [
    "a metric of a module that was not read may exist",
    { kind: "rate", name: "other", goodIs: true, where: {} },
    { counted: { kind: "counted" } },
    undefined,
  ],
  [
    "a tag that one of two counters may lack would hide events",
    { kind: "counter", part: "orders_failed", partIs: "bad", total: "orders", where: { shop: "de" } },
    script,
    /shop cannot be filtered by/,
  ],
  [
    "every sample has its scenario",
    { kind: "counter", part: "orders_failed", partIs: "bad", total: "orders", where: { scenario: "a" } },
    script,
    undefined,
  ],
  [
    "a trend that the script does not have is refused",
    { kind: "trend", name: "x", ofTimes: true, atMost: 1, where: {} },
    script,
    /no trend of the script: it has checkout_time, answer_size/,
  ],
  [
    "a trend of requests hides those without an answer",
    { kind: "trend", name: "http_req_duration", ofTimes: true, atMost: 1, where: {} },
    script,
    /use latency/,
  ],
])("%s", (_, indicator, facts, problem) => {
  const got = compiled(indicator, facts);
  const told = got.kind === "problems" ? got.problems.map(({ text, message }) => `${text} ${message}`).join() : "";
  expect(told).toMatch(problem ?? /^$/);
});
