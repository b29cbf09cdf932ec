import { expect, test } from "vitest";
import { goDurationSeconds, keepPlan, keepsSummary, offeredRateAt, readPlan } from "./plan.ts";

const inspected = (scenarios: object, more: object = {}): string =>
  JSON.stringify({ scenarios, totalDuration: "45s", maxVUs: 12, ...more });
const warmup = { executor: "constant-arrival-rate", rate: 10, timeUnit: "1s", duration: "2s" };

test.each([
  ["seconds", "5s", 5],
  ["minutes and seconds", "1m30s", 90],
  ["parts of a second", "1.5s", 1.5],
  ["milliseconds", "250ms", 0.25],
  ["a bare number is milliseconds, as in k6", "1500", 1.5],
])("a duration in %s is read", (_, text, seconds) => {
  expect(goDurationSeconds(text)).toBe(seconds);
});

test("a duration that is none is a bug, not zero", () => {
  expect(() => goDurationSeconds("5 parsecs")).toThrow();
});

test("the warm-up is offered and not judged", () => {
  const plan = readPlan(
    inspected({ warmup, smoke: { executor: "constant-arrival-rate", startTime: "4s", rate: 120, timeUnit: "1m", duration: "30s" } }),
  );
  expect([plan.offeredIterations, plan.openModel, plan.loadSeconds, plan.totalSeconds]).toEqual([60, true, 34, 45]);
});

test("a ramp offers the area under it, and its rate at each moment", () => {
  const ramp = {
    executor: "ramping-arrival-rate",
    startRate: 0,
    timeUnit: "1s",
    stages: [
      { duration: "10s", target: 100 },
      { duration: "5s", target: 100 },
    ],
  };
  const plan = readPlan(inspected({ spike: ramp }));
  expect(plan.offeredIterations).toBe(1000);
  expect([0, 5, 12, 15].map((at) => offeredRateAt(plan.scenarios, at))).toEqual([0, 50, 100, 0]);
});

test("one closed scenario among open ones makes the model closed, and the plan unknown", () => {
  const plan = readPlan(inspected({ a: warmup, b: { executor: "constant-vus", vus: 2, duration: "5s" } }));
  expect([plan.openModel, plan.offeredIterations]).toEqual([false, undefined]);
});

test("iterations without a length have no planned end", () => {
  expect(readPlan(inspected({ a: { executor: "shared-iterations", iterations: 10, vus: 1 } })).loadSeconds).toBeUndefined();
});

test("a script without scenarios is not an open model", () => {
  expect(readPlan(inspected({})).openModel).toBe(false);
});

test.each([
  [
    "stages at the end that stay at no VUs are not waited for",
    [
      ["2s", 2],
      ["1s", 0],
      ["4s", 0],
    ],
    3,
  ],
  [
    "a stage that ramps down to none is",
    [
      ["2s", 2],
      ["1s", 0],
    ],
    3,
  ],
  [
    "a pause in the middle is",
    [
      ["1s", 1],
      ["1s", 0],
      ["4s", 0],
      ["1s", 1],
    ],
    7,
  ],
] as const)("%s", (_, stages, seconds) => {
  const scenario = { executor: "ramping-vus", stages: stages.map(([duration, target]) => ({ duration, target })) };
  expect(readPlan(inspected({ a: scenario })).loadSeconds).toBe(seconds);
});

test.each<[string, object, object, boolean]>([
  ["a short closed model", { executor: "constant-vus", vus: 12, duration: "8s" }, {}, true],
  ["a long closed model, whose requests nobody planned", { executor: "constant-vus", vus: 12, duration: "10m" }, {}, false],
  ["many VUs for a while", { executor: "ramping-vus", stages: [{ duration: "1m", target: 300 }] }, { maxVUs: 300 }, false],
  ["a few iterations, however long they take", { executor: "shared-iterations", iterations: 100, vus: 10, maxDuration: "1h" }, {}, true],
  ["very many iterations", { executor: "per-vu-iterations", iterations: 10_000, vus: 10 }, {}, false],
  ["a short open model", { ...warmup, duration: "1m" }, {}, true],
  ["a long open model", { ...warmup, rate: 100, duration: "30m" }, {}, false],
  ["one without anything planned", { executor: "shared-iterations" }, {}, true],
])("k6's summary, which keeps every request in memory: %s", (_, scenario, more, kept) => {
  expect(keepsSummary(readPlan(inspected({ a: scenario }, more)))).toBe(kept);
});

test("of what k6 says about a script, keys and passwords are not kept", () => {
  const said = inspected(
    { a: { ...warmup, env: { API_TOKEN: "hush" } } },
    { tlsAuth: [{ key: "hush" }], thresholds: { checks: ["rate>0.9"] } },
  );
  const kept = keepPlan(said);
  if (kept.kind === "problem") throw new Error(kept.message);
  expect(kept.text).not.toContain("hush");
  expect(readPlan(kept.text)).toEqual(readPlan(said));
});

test("an answer that is not understood is a problem in words", () => {
  expect(keepPlan("[]").kind).toBe("problem");
});
