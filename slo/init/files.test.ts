import { expect, test } from "vitest";
import { loadSpec } from "../spec/load.ts";
import { firstObjectives, scenarioText, schemaFrom, specText } from "./files.ts";

test.each([
  [
    "a service that shows nothing is judged by the client",
    { metrics: undefined, bucketsSeconds: [] },
    ["availability", "latency"],
    "500ms",
  ],
  [
    "a service that counts is judged by both, at a bucket that it has",
    { metrics: "otel", bucketsSeconds: [0.1, 0.75, 1] },
    ["availability", "availability, server", "latency", "latency, server"],
    "750ms",
  ],
  [
    "without a bucket that is slow enough the slowest counts",
    { metrics: { preset: "otel" as const, scrape: { path: "/metrics", port: 80 } }, bucketsSeconds: [0.1] },
    ["availability", "availability, server", "latency", "latency, server"],
    "100ms",
  ],
  [
    "without buckets the service's latency is left out",
    { metrics: "micrometer", bucketsSeconds: [] },
    ["availability", "availability, server", "latency"],
    "500ms",
  ],
])("%s", (_sentence, counting, names, atMost) => {
  const text = specText("shop", counting.metrics, firstObjectives(counting), ["not translated: a\nb"]);
  const loaded = loadSpec(text, "slo.yaml", undefined);
  if (loaded.kind === "problems") throw new Error(JSON.stringify(loaded.problems));
  expect(loaded.spec.objectives.map(({ name }) => name)).toEqual(names);
  expect(text).toContain(`atMost: ${atMost}`);
  expect(text).toMatch(/\n# not translated: a b\n$/);
});

test("a note stands before the objective that it is about", () => {
  const objectives = firstObjectives({ metrics: undefined, bucketsSeconds: [] });
  const [, latency = {}] = objectives;
  const text = specText("shop", undefined, objectives, [], new Map([[latency, "translated: a\nb"]]));
  expect(text).toMatch(/\n  # translated: a b\n  - name: latency\n/);
  expect(loadSpec(text, "slo.yaml", undefined).kind).not.toBe("problems");
});

test("a latency that is asked for is the service's too, or the next bucket that it has", () => {
  const counting = { metrics: "otel" as const, bucketsSeconds: [0.1, 0.25, 0.5] };
  const limits = (asked: number) => firstObjectives(counting, asked).flatMap(({ indicator }) => indicator["latency"]?.atMost ?? []);
  expect(limits(0.25)).toEqual(["250ms", "250ms"]);
  expect(limits(0.3)).toEqual(["500ms", "500ms"]);
});

test("a route that would be code stays a text", () => {
  const route = '/"; process.exit(1); // \u2028';
  expect(scenarioText("shop", [{ route, params: { id: "1" }, query: {}, guessed: ["id\nalert(1)"] }])).toContain(
    `  { call: call(${JSON.stringify(`GET ${route}`)}, right), given: {"params":{"id":"1"}} }, // TODO: id alert(1) was guessed\n`,
  );
});

test("a route that would end a comment stays in it", () => {
  expect(scenarioText("shop", [], ["POST /\u2028alert(1)\n"])).toMatch(
    /\n  \/\/ \{ call: call\("POST \/ alert\(1\)\\n", [^\n\u2028]*\n\];/,
  );
});

test.each([
  ["perf/shop.yaml", "../node_modules/plimsoll/dist/package/slo/spec/schema.json"],
  ["my-test.yaml", "node_modules/plimsoll/dist/package/slo/spec/schema.json"],
  ["tests/load/a.yaml", "../../node_modules/plimsoll/dist/package/slo/spec/schema.json"],
])("an editor finds the schema from %s", (spec, schema) => {
  expect(schemaFrom(`/home/me/shop/${spec}`, "/home/me/shop")).toBe(schema);
  expect(specText("shop", undefined, [], [], new Map(), schema)).toMatch(/^# yaml-language-server: \$schema=\S+schema\.json\n/);
});

test("requests that write stand in the scenario as comments, each ready to be taken in", () => {
  const text = scenarioText("shop", [{ params: {}, query: {}, guessed: [], route: "/orders" }], ["POST /orders", "DELETE /orders/{id}"]);
  expect(text).toContain(`right), given: {} },
  // Left out, for they write: take in those that may be repeated thousands of times, with their own status, parameters and body.
  // { call: call("POST /orders", { ...right, expect: [201] }), given: {"body":{}} },
  // { call: call("DELETE /orders/{id}", { ...right, expect: [201] }), given: {"params":{"id":"1"}} },
];`);
});

test("a scenario expects what its requests were seen to answer", () => {
  const asked = { params: {}, query: {}, guessed: [] };
  expect(scenarioText("shop", [{ ...asked, route: "/" }])).toContain("expect: [200],");
  expect(scenarioText("shop", [{ ...asked, route: "/", status: 404 }])).toContain("expect: [404],");
});
