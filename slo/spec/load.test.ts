import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { formatProblem, unknownScenarios } from "./load.ts";
import { presetNamed } from "./presets.ts";
import { good, problemsOf, specOf } from "./shop.fixture.ts";

test("a spec is read with its defaults, in seconds and ratios", () => {
  expect(specOf(good)).toEqual({
    version: 1,
    service: "shop",
    metrics: presetNamed("fastify"),
    confidence: 0.95,
    periodSeconds: 2_592_000,
    objectives: [
      {
        name: "availability",
        targetRatio: 0.999,
        indicator: { kind: "errors", side: "client", where: {} },
        place: { file: "s.yaml", line: 4, column: 5 },
      },
      {
        name: "read latency",
        targetRatio: 0.99,
        indicator: { kind: "latency", side: "server", atMostSeconds: 0.25, where: { method: "GET", route: "/api/buckets/:id" } },
        place: { file: "s.yaml", line: 7, column: 5 },
      },
      {
        name: "checkout works",
        targetRatio: 0.995,
        indicator: { kind: "ratio", of: "bad", events: 'orders_total{result="failed"}', total: "orders_total" },
        place: { file: "s.yaml", line: 14, column: 5 },
      },
    ],
    scenarios: {
      spike: { availability: { targetRatio: 0.99 }, "read latency": { targetRatio: 0.995 } },
      constructor: { availability: { targetRatio: 0.98 } },
    },
  });
});

test.each<[string, string, string[], string[]]>([
  ["a scenario that is known has no note", "spike", ["spike"], []],
  [
    "a typing error has its place, and what was meant",
    "spkie",
    ["smoke", "spike"],
    ["s.yaml:18:3 spkie: is no scenario here: its targets hold only for a script of this name (did you mean spike?)"],
  ],
  [
    "the name of a script may be right, and is told",
    "checkout",
    ["smoke"],
    ["s.yaml:18:3 checkout: is no scenario here: its targets hold only for a script of this name"],
  ],
])("unknown scenarios: %s", (_, written, known, notes) => {
  const text = good.replace("spike:", `${written}:`);
  expect(unknownScenarios(text, "s.yaml", [...known, "constructor"]).map(formatProblem)).toEqual(notes);
});

describe("overrides", () => {
  const targets = (scenario?: string) =>
    specOf(good, scenario).objectives.map(({ targetRatio, scenarioOverride }) => [targetRatio, scenarioOverride?.statedTargetRatio]);
  const stated = [
    [0.999, undefined],
    [0.99, undefined],
    [0.995, undefined],
  ];

  test.each<[string, string | undefined, unknown]>([
    ["without a scenario the targets stand", undefined, stated],
    ["a scenario without overrides changes nothing", "smoke", stated],
    ["a name that every object has is no scenario", "toString", stated],
    ["a scenario may be called like a part of the language", "constructor", [[0.98, 0.999], ...stated.slice(1)]],
    ["an override replaces the target, up or down, and is shown", "spike", [[0.99, 0.999], [0.995, 0.99], stated[2]]],
  ])("%s", (_, scenario, expected) => {
    expect(targets(scenario)).toEqual(expected);
  });

  test("names that every object has are found only where they were written", () => {
    const odd = good.replace("name: checkout works", "name: toString");
    expect(specOf(odd, "__proto__")).toEqual(specOf(odd));
    expect(specOf(odd, "constructor").objectives[2]?.targetRatio).toBe(0.995);
  });

  test("an override names its scenario", () => {
    expect(specOf(good, "spike").objectives[0]?.scenarioOverride).toEqual({ scenario: "spike", statedTargetRatio: 0.999 });
  });

  test("an override equal to the target is none", () => {
    expect(
      specOf(good.replace("availability: { target: 99% }", "availability: { target: 99.9% }"), "spike").objectives[0],
    ).not.toHaveProperty("scenarioOverride");
  });
});

test("all problems are told at once, in order of place", () => {
  const text = `version: 2
sevrice: x
objectives:
  - name: a
    target: 100%
    indicator: { erors: { side: client } }
  - name: a
    target: 99.9
    indicator: { errors: { side: clinet } }
scenarios:
  spike: { b: { target: 0% } }
`;
  expect(problemsOf(text)).toEqual([
    "s.yaml:1:1 service: is missing",
    "s.yaml:1:10 version: must be 1",
    "s.yaml:2:1 sevrice: unknown key (did you mean service?)",
    "s.yaml:5:13 target: must be below 100% (did you mean 99.9%?)",
    "s.yaml:6:18 erors: unknown key (did you mean errors?)",
    's.yaml:7:11 name: "a" is the name of an objective on line 4 already',
    's.yaml:8:13 target: must be a percentage with its sign, such as "99.9%" (did you mean 99.9%?)',
    "s.yaml:9:34 side: must be client or server (did you mean client?)",
    "s.yaml:11:12 b: no objective has this name",
    "s.yaml:11:25 target: must be above 0%",
  ]);
});

test("a byte order mark and Windows line ends move no place", () => {
  const windows = `\uFEFF${good.replace("99.9%", "100%").replaceAll("\n", "\r\n")}`;
  expect(problemsOf(windows)).toEqual(["s.yaml:5:13 target: must be below 100% (did you mean 99.9%?)"]);
  expect(problemsOf("\uFEFFversion: 2\r\nservice: x\r\nobjectives: 1\r\n")).toEqual([
    "s.yaml:1:10 version: must be 1",
    "s.yaml:3:13 objectives: must be a list",
  ]);
  expect(specOf(`\uFEFF${good.replaceAll("\n", "\r\n")}`)).toEqual(specOf(good));
});

test("anchors and aliases are read, and a problem behind an alias is told at both", () => {
  const aliased = `version: 1
service: shop
objectives:
  - { name: a, target: &high 99%, indicator: &mine { errors: { side: client } } }
  - { name: b, target: *high, indicator: *mine }
`;
  expect(specOf(aliased).objectives.map(({ targetRatio }) => targetRatio)).toEqual([0.99, 0.99]);
  expect(problemsOf(aliased.replace("side: client", "side: me"))).toEqual([
    "s.yaml:4:70 side: must be client or server",
    "s.yaml:5:42 side: must be client or server",
  ]);
  expect(problemsOf(aliased.replace("99%", "99"))).toEqual([
    's.yaml:4:30 target: must be a percentage with its sign, such as "99.9%" (did you mean 99%?)',
    's.yaml:5:24 target: must be a percentage with its sign, such as "99.9%" (did you mean 99%?)',
  ]);
});

test("the storage API's own objectives are without a problem, and each scenario's overrides hold", () => {
  const text = readFileSync(new URL("../objectives/storage-api.yaml", import.meta.url), "utf8");
  const names = specOf(text).objectives.map(({ name }) => name);
  expect(names).toEqual(["availability", "server availability", "read latency", "read latency, server", "write latency", "deletes work"]);
  for (const scenario of ["smoke", "load", "soak"]) expect(specOf(text, scenario)).toEqual(specOf(text));
  for (const scenario of ["spike", "stress", "breakpoint"]) {
    const lowered = specOf(text, scenario).objectives.map(
      ({ targetRatio, scenarioOverride }) => targetRatio < (scenarioOverride?.statedTargetRatio ?? 0),
    );
    expect(lowered).toEqual(names.map(() => true));
  }
});

const mappings: [sentence: string, text: string, metrics: object][] = [
  [
    "a mapping without a preset has what it names, and no labels",
    "{ requests: hits_total }",
    {
      requests: "hits_total",
      duration: undefined,
      labels: { method: undefined, route: undefined, status: undefined },
      errors: ["5xx"],
      where: {},
      scrape: { path: "/metrics", scheme: undefined, port: undefined },
    },
  ],
  [
    "what a mapping says overrules its preset, and none takes a name away",
    "{ preset: micrometer, labels: { route: none }, unit: ms, errors: [4xx, 503], where: { application: shop }, scrape: { port: 8081 } }",
    {
      ...presetNamed("micrometer"),
      duration: { metric: "http_server_requests_seconds", unitsPerSecond: 1000 },
      labels: { method: "method", route: undefined, status: "status" },
      errors: ["4xx", "503"],
      where: { application: "shop" },
      scrape: { path: "/actuator/prometheus", scheme: undefined, port: 8081 },
    },
  ],
  [
    "requests are counted by the histogram that is named, where the preset has no counter",
    "{ preset: otel, duration: http_server_request_duration }",
    {
      ...presetNamed("otel"),
      requests: "http_server_request_duration_count",
      duration: { metric: "http_server_request_duration", unitsPerSecond: 1 },
    },
  ],
  [
    "a preset's counter can be taken away",
    "{ preset: promhttp, requests: none }",
    { ...presetNamed("promhttp"), requests: "http_request_duration_seconds_count" },
  ],
];

test.each(mappings)("%s", (_, text, metrics) => {
  expect(specOf(good.replace("service: shop", `service: shop\nmetrics: ${text}`)).metrics).toEqual(metrics);
});

test("methods are told in capitals, as k6 does", () => {
  expect(specOf(good.replace("method: GET", "method: get")).objectives[1]?.indicator).toMatchObject({ where: { method: "GET" } });
});
