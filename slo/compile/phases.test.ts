import { expect, test } from "vitest";
import { presetNamed } from "../spec/presets.ts";
import type { Indicator, Objective, Spec } from "../spec/spec.ts";
import { compileObjectives } from "./objectives.ts";
import { sumsAt } from "./phases.ts";
import type { Scope } from "./scope.ts";

const phases: Scope["phases"] = {
  ofLoad: [
    { name: "spike", fromSeconds: 30, toSeconds: 57 },
    { name: "recovery", fromSeconds: 57, toSeconds: 90 },
  ],
  scenarios: ["browse", "buy"],
};
const errors = (side: "client" | "server"): Indicator => ({ kind: "errors", side, where: {} });

function compiled(indicator: Indicator, phase: string, known: Scope["phases"] | null = phases, ours = true) {
  const objective: Objective = { name: "o", targetRatio: 0.99, indicator, phase, place: { file: "s.yaml", line: 1, column: 1 } };
  const spec: Spec = {
    version: 1,
    service: "shop",
    metrics: presetNamed("fastify"),
    confidence: 0.95,
    periodSeconds: 2_592_000,
    objectives: [objective],
    scenarios: {},
  };
  return compileObjectives(spec, { testid: "T", server: {}, ...(known ? { phases: known } : {}) }, ours);
}

test.each<[string, Indicator, string, boolean, RegExp]>([
  [
    "a part with a typing error is told, with what was meant",
    errors("client"),
    "recvoery",
    true,
    /it has spike, recovery, browse, buy \(did you mean recovery\?\)/,
  ],
  [
    "the service's side cannot tell parts of a load",
    errors("server"),
    "spike",
    true,
    /cannot be judged on the service's side: its scrapes/,
  ],
  ["nor can a ratio", { kind: "ratio", of: "bad", events: "a", total: "b" }, "spike", true, /on the service's side/],
  [
    "a script's latency is in a histogram, which has no borders",
    { kind: "latency", side: "client", atMostSeconds: 1, where: {} },
    "spike",
    false,
    /cannot be read at the borders/,
  ],
  [
    "the seconds of a k6 scenario cannot be told",
    { kind: "throughput", perSecond: 1, of: "requests" },
    "browse",
    false,
    /whose seconds cannot be told/,
  ],
])("%s", (_, indicator, phase, ours, problem) => {
  const got = compiled(indicator, phase, phases, ours);
  const told = got.kind === "problems" ? got.problems.map(({ text, message }) => `${text} ${message}`).join() : "";
  expect(told).toMatch(problem);
});

test("before the load is known, no name of a part is wrong", () => {
  expect(compiled(errors("client"), "anything", null).kind).toBe("compiled");
  const objective = compiled(errors("client"), "spike");
  expect(objective.kind === "compiled" && objective.queries[0]?.kind === "client" && objective.queries[0].part).toEqual({
    kind: "stretch",
    name: "spike",
    fromSeconds: 30,
    toSeconds: 57,
  });
});

test("a k6 scenario of a script is a label that every sample has", () => {
  const got = compiled(errors("client"), "buy", phases, false);
  const query = got.kind === "compiled" ? got.queries[0] : undefined;
  expect(query?.kind === "client" && query.total(60).promql).toBe(
    'sum(last_over_time(k6_http_reqs_total{testid="T",scenario!="",scenario!="warmup",scenario="buy"}[60s]))',
  );
  const achieved = compiled({ kind: "achieved" }, "buy", phases, false);
  const iterations = achieved.kind === "compiled" ? achieved.queries[0] : undefined;
  expect(iterations?.kind === "client" && iterations.total(60).promql).toContain('scenario="buy"');
});

test("at a border a counter is at least its last sample before it, and at most its first one after it", () => {
  expect(sumsAt({ promql: "c" }, 60, 1000.5, 1100)).toEqual({
    least: { promql: "sum(last_over_time(c[60s] @ 1000.5))" },
    most: { promql: "sum(min_over_time(c[99500ms] @ 1100) or last_over_time(c[60s] @ 1000.5))" },
  });
});
