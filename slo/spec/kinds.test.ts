import { describe, expect, test } from "vitest";
import { formatProblem, loadSpec, unknownScenarios } from "./load.ts";
import { problemsOf, specOf } from "./shop.fixture.ts";

const withOne = (rest: string): string => `version: 1
service: shop
objectives:
  - { name: o, target: 99%, ${rest} }
`;
const indicator = (text: string): string => withOne(`indicator: { ${text} }`);

test.each<[string, string, object]>([
  ["all checks", "checks: {}", { kind: "checks", name: undefined, where: {} }],
  ["one check", "checks: { name: status is 200, where: { shop: de } }", { kind: "checks", name: "status is 200", where: { shop: "de" } }],
  ["bad of a counter", "counter: { bad: f, total: t }", { kind: "counter", part: "f", partIs: "bad", total: "t", where: {} }],
  [
    "good of a counter",
    "counter: { good: g, total: http_reqs }",
    { kind: "counter", part: "g", partIs: "good", total: "http_reqs", where: {} },
  ],
  ["a rate", "rate: { name: errs, good: false }", { kind: "rate", name: "errs", goodIs: false, where: {} }],
  [
    "a trend of times, in seconds",
    "trend: { name: t, atMost: 800ms }",
    { kind: "trend", name: "t", ofTimes: true, atMost: 0.8, where: {} },
  ],
  ["a trend of numbers", "trend: { name: t, atMost: 12.5 }", { kind: "trend", name: "t", ofTimes: false, atMost: 12.5, where: {} }],
  ["what was started of what was offered", "throughput: { achieved: iterations }", { kind: "achieved" }],
  ["requests a second", "throughput: { atLeast: 100/s }", { kind: "throughput", perSecond: 100, of: "requests" }],
  ["iterations a second", "throughput: { atLeast: 2.5 / s, of: iterations }", { kind: "throughput", perSecond: 2.5, of: "iterations" }],
  ["wrong contents", "integrity: {}", { kind: "integrity", where: {} }],
])("%s can be counted", (_, text, expected) => {
  expect(specOf(indicator(text)).objectives[0]?.indicator).toEqual(expected);
});

test.each<[string, string, RegExp]>([
  ["a counter without a part", "counter: { total: t }", /4:.* indicator: needs bad or good/],
  ["a counter with both", "counter: { bad: a, good: b, total: t }", /needs bad or good/],
  ["a metric that k6 would not take", "counter: { bad: my-errors, total: t }", /bad: must be the name of a metric/],
  ["a rate that does not say what is good", "rate: { name: errs }", /good: is missing/],
  ["a rate whose good is a word", "rate: { name: errs, good: yes it is }", /good: must be true or false/],
  ["a trend without a limit", "trend: { name: t, atMost: quick }", /atMost: must be a duration with its unit/],
  ["a throughput of nothing", "throughput: {}", /needs achieved: iterations, or atLeast/],
  ["a throughput of both", "throughput: { achieved: iterations, atLeast: 1/s }", /needs achieved: iterations, or atLeast/],
  [
    "a rate without its unit",
    'throughput: { atLeast: "100" }',
    /atLeast: must be a rate a second with its unit, such as 100\/s \(did you mean 100\/s\?\)/,
  ],
  ["a label of ours", 'checks: { where: { plimsoll_good: "true" } }', /is a label that Plimsoll sets itself/],
])("%s is a problem", (_, text, problem) => {
  expect(problemsOf(indicator(text)).join("\n")).toMatch(problem);
});

describe("objectives that are set apart", () => {
  const two = (first: string, second: string): string => `version: 1
service: shop
objectives:
  - { name: a, target: 99%, indicator: { checks: {} }, ${first} }
  - { name: b, target: 99%, indicator: { checks: {} }, ${second} }
`;
  const names = (text: string, scenario?: string): string[] => specOf(text, scenario).objectives.map(({ name }) => name);

  test("an objective is about the scenarios of its only, one or several", () => {
    const text = two("only: spike", "only: [spike, load]");
    expect(names(text, "spike")).toEqual(["a", "b"]);
    expect(names(text, "load")).toEqual(["b"]);
    expect(names(text)).toEqual(["a", "b"]);
    const loaded = loadSpec(text, "s.yaml", "load");
    expect(loaded.kind === "spec" && loaded.leftOut.map(({ name }) => name)).toEqual(["a"]);
  });

  test("a scenario that no required objective is about is a problem", () => {
    const about = (text: string): string[] => {
      const loaded = loadSpec(text, "s.yaml", "smoke");
      return loaded.kind === "problems" ? loaded.problems.map(formatProblem) : [];
    };
    expect(about(two("only: spike", "only: load"))).toEqual([
      's.yaml:4:3 objectives: no objective is about the scenario "smoke", so nothing could be proved: only names "spike", "load"',
    ]);
    expect(about(two("only: spike", "required: false"))).toEqual([expect.stringContaining("no required objective is about")]);
  });

  test("a typing error in only is a note", () => {
    expect(unknownScenarios(two("only: spkie", "only: [spike]"), "s.yaml", ["spike", "load"]).map(formatProblem)).toEqual([
      's.yaml:4:62 only: "spkie" is no scenario here: the objective holds only for a script of this name (did you mean spike?)',
    ]);
  });

  test("an objective may be about a part of the load", () => {
    expect(specOf(two("phase: plateau", "required: true")).objectives.map(({ phase }) => phase)).toEqual(["plateau", undefined]);
  });

  test("at least one objective is required", () => {
    expect(problemsOf(two("required: false", "required: false"))).toEqual([
      "s.yaml:4:3 objectives: must hold at least one objective that is required",
    ]);
    expect(problemsOf(two("required: false", "required: true"))).toEqual([]);
  });
});
