import { expect, test } from "vitest";
import { presetNamed, presetNames, type Metrics } from "../spec/presets.ts";
import type { Indicator } from "../spec/spec.ts";
import { compileObjectives } from "./objectives.ts";
import type { ServerQueries } from "./service-objectives.ts";

const scope = { testid: "T", server: { job: "shop" } };
const fastify = presetNamed("fastify");

function compiledAll(indicator: Indicator, metrics: Metrics, routes?: readonly string[]) {
  const objective = { name: "o", targetRatio: 0.99, indicator, place: { file: "s.yaml", line: 1, column: 1 } };
  const spec = {
    version: 1,
    service: "shop",
    confidence: 0.95,
    periodSeconds: 1,
    objectives: [objective],
    metrics,
    scenarios: {},
  } as const;
  return compileObjectives({ ...spec, objectives: [objective] }, { ...scope, ...(routes ? { routes } : {}) }, true);
}

function compiled(indicator: Indicator, metrics: Metrics = fastify, routes?: readonly string[]): ServerQueries {
  const got = compiledAll(indicator, metrics, routes);
  const query = got.kind === "compiled" ? got.queries[0] : undefined;
  if (query?.kind !== "server") throw new Error(JSON.stringify(got));
  return query;
}

const problemsOf = (indicator: Indicator, metrics: Metrics = fastify): string[] => {
  const got = compiledAll(indicator, metrics);
  return got.kind === "problems" ? got.problems.map(({ text, message }) => `${text} ${message}`) : [];
};

const errorsAbout = (where: Record<string, string>): Indicator => ({ kind: "errors", side: "server", where });
const slowAbout = (where: Record<string, string>): Indicator => ({ kind: "latency", side: "server", atMostSeconds: 0.25, where });

const asked: Record<(typeof presetNames)[number], Record<string, string>> = {
  fastify: { method: "GET", route: "/users/:id" },
  promhttp: { method: "GET", route: "/users/:id" },
  otel: { method: "GET", route: "/users/:id" },
  micrometer: { method: "GET", route: "/users/:id" },
  istio: { destination_service_name: "shop" },
  "nginx-ingress": { method: "GET", ingress: "shop" },
  envoy: { envoy_cluster_name: "shop" },
};

test.each(presetNames)("what is read of a service that counts as %s does", (name) => {
  const [errors, slow] = [errorsAbout, slowAbout].map((about) => compiled(about(asked[name]), presetNamed(name)));
  if (errors?.bad.kind !== "statuses" || slow?.bad.kind !== "buckets") throw new Error("no such objectives");
  const lines = {
    requests: errors.total[0]?.series,
    errors: errors.bad.errors.series,
    "no errors": errors.bad.noErrors.series,
    timed: slow.total[0]?.series,
    fast: slow.bad.below(["B"]).series,
  };
  const text = Object.entries(lines).map(([what, series]) => `${what}: ${series?.promql}`);
  expect([...text, `bounds are ${slow.bad.unitsPerSecond} times seconds`].join("\n")).toMatchSnapshot();
});

const served = (more: string): string => `http_request_duration_seconds_count{job="shop"${more}}`;

test.each<[string, Record<string, string>, string[] | undefined, string, string]>([
  ["all of them where the load's routes are known", {}, ["/x"], served(',route=~"\\\\/x"'), ',name=~"\\\\/x"'],
  ["those of a route", { route: "/x" }, ["/x"], served(',route="/x"'), ',name="/x"'],
  [
    "those of a route that each spells in its own way",
    { route: "/x/{id}" },
    ["/x/:id"],
    served(',route=~"\\\\/x\\\\/[:#{<]id[}>]?"'),
    ',name=~"\\\\/x\\\\/[:#{<]id[}>]?"',
  ],
  ["all of them where the load names no such route", { route: "/y" }, ["/x"], served(',route=~"\\\\/x"'), ',name=~"\\\\/x"'],
  ["all of them where k6 does not know the label", { handler: "x" }, ["/x"], served(',route=~"\\\\/x"'), ',name=~"\\\\/x"'],
  ["all of a user script, which may name them otherwise", {}, undefined, served(""), ""],
  ["all of a user script for a filtered objective too", { route: "/x" }, undefined, served(""), ""],
])("what k6 sent must be in the service's counts: %s", (_, where, routes, series, filter) => {
  const { compared } = compiled(errorsAbout(where), fastify, routes);
  expect(compared.counters.series.promql).toBe(series);
  const sent = (scenario: string): string =>
    `sum by (name, status) (last_over_time(k6_http_reqs_total{testid="T"${scenario}${filter}}[60s]))`;
  expect(compared.sent(60, true).promql).toBe(sent(',scenario!="",scenario!="warmup"'));
  expect(compared.sent(60, false).promql, "setup and warm-up too").toBe(sent(""));
});

test.each<[string, Record<string, string>, string[] | undefined, string, string?]>([
  ["in the load's routes", {}, ["/x"], ',name=~"\\\\/x",status=~"5.*"'],
  ["in one route", { route: "/x" }, ["/x"], ',name="/x",status=~"5.*"'],
  ["in all that a user script asks", {}, undefined, ',status=~"5.*"'],
  ["in what it asks by a method", { method: "PUT" }, undefined, ',method="PUT",status=~"5.*"'],
  ["in all that it asks where it may name a route otherwise", { route: "/x" }, undefined, ',status=~"5.*"', served(',status_code=~"5.*"')],
  [
    "in all where the load names no such route",
    { route: "/y" },
    ["/x"],
    ',name=~"\\\\/x",status=~"5.*"',
    served(',route=~"\\\\/x",status_code=~"5.*"'),
  ],
  [
    "in all where k6 does not know the label",
    { handler: "x" },
    ["/x"],
    ',name=~"\\\\/x",status=~"5.*"',
    served(',route=~"\\\\/x",status_code=~"5.*"'),
  ],
])(
  "what k6 saw fail is asked of judged requests, and of the service where it is of more than is judged: %s",
  (_, where, routes, filter, errors) => {
    const series = `k6_http_reqs_total{testid="T",scenario!="",scenario!="warmup"${filter}}`;
    const { compared } = compiled(errorsAbout(where), fastify, routes);
    expect(compared.failed(60).promql).toBe(`sum by (name) (last_over_time(${series}[60s]))`);
    expect(compared.failures?.series.promql).toBe(errors);
  },
);

test("a service that knows no routes is compared in all that k6 sent", () => {
  const { compared, total } = compiled(errorsAbout({}), presetNamed("envoy"), ["/x"]);
  expect([compared.counters.series.promql, total[0]?.series.promql]).toEqual(Array(2).fill('envoy_cluster_upstream_rq{job="shop"}'));
  expect(compared.sent(60, false).promql).toBe('sum by (name, status) (last_over_time(k6_http_reqs_total{testid="T"}[60s]))');
});

test.each<[string, readonly string[], string, string[]]>([
  ["a class in all of its spellings", ["5xx"], "5.*", ["[1-9][0-9][0-9]|[12345](xx|XX)?", "5.*"]],
  ["single ones: then a class of which they are tells nothing", ["5xx", "429"], "5.*|429", ["[1-9][0-9][0-9]|[1235](xx|XX)?", "5.*|429"]],
  ["a class and one of the same", ["4xx", "499"], "4.*|499", ["[1-9][0-9][0-9]|[1235](xx|XX)?", "4.*|499"]],
])("statuses that are errors: %s", (_, errors, error, noError) => {
  const { bad } = compiled(errorsAbout({}), { ...fastify, errors });
  if (bad.kind !== "statuses") throw new Error(bad.kind);
  expect(bad.errors.series.promql).toBe(served(`,status_code=~"${error}"`));
  expect(bad.noErrors.series.promql).toBe(served(`,status_code=~"${noError[0]}",status_code!~"${noError[1]}"`));
});

test("the buckets there are, are chosen whatever the spelling of le", () => {
  const { bad } = compiled(slowAbout({}));
  if (bad.kind !== "buckets") throw new Error(bad.kind);
  expect(bad.below(["1", "1.0"]).series.promql).toBe('http_request_duration_seconds_bucket{job="shop",le=~"1|1\\\\.0"}');
});

test.each<[string, Indicator, Metrics, string | undefined]>([
  [
    "errors need a label of the status",
    errorsAbout({}),
    { ...fastify, labels: { ...fastify.labels, status: undefined } },
    "metrics.labels.status",
  ],
  ["latency needs a histogram", slowAbout({}), { ...fastify, duration: undefined }, "name it in metrics.duration"],
  ["a filter needs its label", slowAbout({ route: "/x" }), presetNamed("envoy"), "route cannot be told on the server's side"],
  ["so does one by method", errorsAbout({ method: "GET" }), presetNamed("istio"), "metrics.labels.method"],
  ["an error objective may not choose by status: it would hide the errors", errorsAbout({ status: "200" }), fastify, "hide the errors"],
  ["nor by its label", errorsAbout({ status_code: "200" }), fastify, "hide the errors"],
  ["nor by what other libraries call it", errorsAbout({ code: "200" }), fastify, "hide the errors"],
  ["nor by what stands beside it", errorsAbout({ outcome: "SUCCESS" }), presetNamed("micrometer"), "hide the errors"],
  ["nor may the mapping", errorsAbout({}), { ...fastify, where: { status_code: "200" } }, "hide the errors"],
  ["a latency objective may choose by status", slowAbout({ status: "200" }), fastify, undefined],
  [
    "nothing is asked of another service than the one whose scrapes and restarts are watched",
    errorsAbout({ job: "other" }),
    fastify,
    "the service that is watched has job shop",
  ],
  ["nor of other series than the mapping's", errorsAbout({ reporter: "source" }), presetNamed("istio"), "has reporter destination"],
  ["the watched service itself can be named", errorsAbout({ job: "shop" }), fastify, undefined],
])("%s", (_, indicator, metrics, problem) => {
  const found = problemsOf(indicator, metrics);
  expect(found).toEqual(problem === undefined ? [] : [expect.stringContaining(problem)]);
});

test("a ratio is read from its own selectors, which may be several, good or bad", () => {
  const query = compiled({ kind: "ratio", of: "good", events: 'a{r="ok"} + a{r="late"}', total: "sum(a) + b" });
  if (query.bad.kind !== "events") throw new Error(query.bad.kind);
  expect(query.total.map(({ series }) => series.promql)).toEqual(["a", "b"]);
  expect(query.bad.counters.map(({ series }) => series.promql)).toEqual(['a{r="ok"}', 'a{r="late"}']);
  expect(query.bad.good).toBe(true);
  expect(query.countsRequests, "its events are no requests").toBe(false);
  const jobs = (series: string): string => `count by (job) (last_over_time(${series}[60s]))`;
  expect(query.jobs?.(60).promql).toBe(["a", "b", 'a{r="ok"}', 'a{r="late"}'].map(jobs).join(" or "));
});

test.each<[string, Indicator, string[]]>([
  ["bad events by a label may be none as yet", { kind: "ratio", of: "bad", events: 'a{r="failed"}', total: "a" }, ['a{r="failed"}']],
  ["so may those of another metric", { kind: "ratio", of: "bad", events: 'b{r="failed"}', total: "a" }, ['b{r="failed"}']],
  ["of good events only those of the total's own metric", { kind: "ratio", of: "good", events: 'b{r="ok"}', total: "a" }, []],
  [
    "and so may a part of the total",
    { kind: "ratio", of: "good", events: 'a{r="ok"}', total: 'a{r="ok"} + a{r="failed"}' },
    ['a{r="ok"}', 'a{r="failed"}', 'a{r="ok"}'],
  ],
  ["a bucket never", { kind: "ratio", of: "good", events: 'a_bucket{le="1"}', total: "a_count" }, []],
])("what may have no series: %s", (_, indicator, terms) => {
  const { bad } = compiled(indicator);
  expect(bad.kind === "events" && [...bad.zeros.keys()].map(({ series }) => series.promql)).toEqual(terms);
});

test("a ratio that is no selector, or whose parts are not of its total, is a problem", () => {
  expect(problemsOf({ kind: "ratio", of: "bad", events: "rate(x[5m])", total: "x - y" })).toEqual([
    expect.stringContaining("x - y must be counters"),
    expect.stringContaining("rate(x[5m]) must be counters"),
  ]);
  expect(problemsOf({ kind: "ratio", of: "bad", events: 'x{result="failed"}', total: 'x{result="ok"}' })).toEqual([
    'x{result="ok"} leaves out all bad events, by its label result: what is bad must be in the total',
  ]);
});
