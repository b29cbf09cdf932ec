import { expect, test } from "vitest";
import { presetNamed } from "../spec/presets.ts";
import type { Indicator, Objective, Spec } from "../spec/spec.ts";
import { compileObjectives, latencyThresholds, type ObjectiveQueries } from "./objectives.ts";

const objective = (name: string, indicator: Indicator): Objective => ({
  name,
  targetRatio: 0.99,
  indicator,
  place: { file: "s.yaml", line: 1, column: 1 },
});
const spec = (...objectives: Objective[]): Spec => ({
  version: 1,
  service: "shop",
  confidence: 0.95,
  periodSeconds: 2_592_000,
  objectives,
  metrics: presetNamed("fastify"),
  scenarios: {},
});
const scope = { testid: "T", server: { job: "shop" } };

function compiled(indicator: Indicator, slowCounted = true): ObjectiveQueries {
  const got = compileObjectives(spec(objective("o", indicator)), scope, slowCounted);
  if (got.kind === "problems" || got.queries[0] === undefined) throw new Error(JSON.stringify(got));
  return got.queries[0];
}

const judged = 'testid="T",scenario!="",scenario!="warmup"';
const sum = (series: string): string => `sum(last_over_time(${series}[60s]))`;

test("client errors are unexpected responses and wrong contents, of all judged requests", () => {
  const query = compiled({ kind: "errors", side: "client", where: {} });
  if (query.kind !== "client") throw new Error(query.kind);
  expect(query.total(60).promql).toBe(sum(`k6_http_reqs_total{${judged}}`));
  expect(query.bad.map((read) => read(60).promql)).toEqual([
    sum(`k6_http_reqs_total{${judged},expected_response="false"}`),
    sum(`k6_wrong_contents_total{${judged},method!=""}`),
  ]);
  expect(query.tagged?.(60).promql).toBe(sum(`k6_http_reqs_total{${judged},expected_response!=""}`));
  expect(query.proof?.read(60).promql).toBe(sum('k6_wrong_contents_total{testid="T",method=""}'));
  expect(query.unfiltered).toBe(true);
});

test("a counter that a user script happens to call wrong_contents is no error: only what plimsoll/k6 has counted is", () => {
  const query = compiled({ kind: "errors", side: "client", where: {} }, false);
  expect(query.kind === "client" && query.bad.map((read) => read(60).promql)).toEqual([
    sum(`k6_http_reqs_total{${judged},expected_response="false"}`),
    sum(`k6_wrong_contents_total{${judged},method!="",counted_by="plimsoll"}`),
  ]);
});

test("a route is k6's name on the client and the route label on the server", () => {
  const where = { method: "GET", route: "/api/buckets/:id" };
  const client = compiled({ kind: "errors", side: "client", where });
  const server = compiled({ kind: "errors", side: "server", where });
  if (client.kind !== "client" || server.kind !== "server") throw new Error(client.kind);
  expect(client.total(60).promql).toBe(sum(`k6_http_reqs_total{${judged},method="GET",name="/api/buckets/:id"}`));
  expect(server.total[0]?.series.promql).toBe(
    `http_request_duration_seconds_count{job="shop",method=~"GET|get",route=~"\\\\/api\\\\/buckets\\\\/[:#{<]id[}>]?"}`,
  );
  expect(client.unfiltered).toBe(false);
});

test("slow requests are the client's own count at exactly the threshold, proved by the series without a method", () => {
  const query = compiled({ kind: "latency", side: "client", atMostSeconds: 0.25, where: {} });
  if (query.kind !== "client") throw new Error(query.kind);
  expect(query.bad.map((read) => read(60).promql)).toEqual([sum(`k6_slow_requests_total{${judged},method!="",threshold="0.25"}`)]);
  expect(query.proof?.read(60).promql).toBe(sum('k6_slow_requests_total{testid="T",method="",threshold="0.25"}'));
});

test("a user script's slow requests come from the native histogram", () => {
  const query = compiled({ kind: "latency", side: "client", atMostSeconds: 0.25, where: {} }, false);
  if (query.kind !== "client") throw new Error(query.kind);
  expect(query.histogram?.read(60).promql).toBe(sum(`k6_http_req_duration_seconds{${judged},status!="0"}`));
  expect(query.histogram?.unanswered?.(60).promql).toBe(sum(`k6_http_reqs_total{${judged},status="0"}`));
});

test("each threshold of some sides is counted once, in order", () => {
  const latency = (atMostSeconds: number, side: "client" | "server"): Objective =>
    objective(`${side} ${atMostSeconds}`, { kind: "latency", side, atMostSeconds, where: {} });
  const both = spec(latency(0.5, "client"), latency(0.25, "client"), latency(0.5, "client"), latency(0.1, "server"));
  expect([latencyThresholds(both, "client"), latencyThresholds(both, "client", "server")]).toEqual([
    [0.25, 0.5],
    [0.1, 0.25, 0.5],
  ]);
});

test.each<[string, Indicator, boolean, boolean]>([
  [
    "an error objective may not choose by status on the server: it would hide the errors",
    { kind: "errors", side: "server", where: { status_code: "200" } },
    true,
    false,
  ],
  ["nor by expected_response on the client", { kind: "errors", side: "client", where: { expected_response: "true" } }, false, false],
  [
    "our client counts slow requests by method and route, so nothing else can choose",
    { kind: "latency", side: "client", atMostSeconds: 1, where: { status: "200" } },
    true,
    false,
  ],
  ["a user script's histogram has every tag", { kind: "latency", side: "client", atMostSeconds: 1, where: { status: "200" } }, false, true],
  ["nor by a tag that a refused connection does not have", { kind: "errors", side: "client", where: { proto: "HTTP/1.1" } }, false, false],
  [
    "nor a latency objective: who never answered is slow",
    { kind: "latency", side: "client", atMostSeconds: 1, where: { tls_version: "tls1.3" } },
    false,
    false,
  ],
  ["a service's own `code` hides its errors too", { kind: "errors", side: "server", where: { code: "200" } }, true, false],
  [
    "the server's side cannot be another service than the one whose scrapes and restarts are watched",
    { kind: "errors", side: "server", where: { job: "other" } },
    true,
    false,
  ],
  ["the watched service itself can be named", { kind: "errors", side: "server", where: { job: "shop" } }, true, true],
  ["method and route can choose", { kind: "latency", side: "client", atMostSeconds: 1, where: { method: "GET", route: "/x" } }, true, true],
])("%s", (_, indicator, slowCounted, compiles) => {
  expect(compileObjectives(spec(objective("o", indicator)), scope, slowCounted).kind).toBe(compiles ? "compiled" : "problems");
});
