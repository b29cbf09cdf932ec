import { describe, expect, test } from "vitest";
import { createFaultEngine, type Interference } from "./engine.ts";
import { type FaultRule, faultRulesSchema } from "./rules.ts";

const bucket = "/api/buckets/:id";

function engineWith(rules: unknown[], nowSeconds = 0) {
  const heard: string[] = [];
  const engine = createFaultEngine((method, route, kind) => heard.push(`${method} ${route} ${kind}`));
  engine.set(faultRulesSchema.parse(rules), nowSeconds);
  return { engine, heard };
}

/** Sends `count` GETs and tells at which of them, from 1, something ended the request. */
function endsOf(rules: unknown[], count: number): number[] {
  const { engine } = engineWith(rules);
  const ends: number[] = [];
  for (let request = 1; request <= count; request += 1) {
    const effect = engine.before("GET", bucket, request);
    if (effect !== undefined && effect.end.kind !== "none") ends.push(request);
  }
  return ends;
}

const exact: [string, unknown, number, number[]][] = [
  ["every 200th of 1,000 is five", { kind: "error", every: 200 }, 1_000, [200, 400, 600, 800, 1_000]],
  ["every 200th of 199 is none", { kind: "error", every: 200 }, 199, []],
  ["every 1st is each", { kind: "drop", every: 1 }, 3, [1, 2, 3]],
  ["a share of nothing is none", { kind: "error", share: 0 }, 1_000, []],
  ["a share of all is each", { kind: "error", share: 1 }, 3, [1, 2, 3]],
  ["another method is left alone", { kind: "error", every: 1, method: "PUT" }, 10, []],
  ["another route is left alone", { kind: "error", every: 1, route: "/api/users" }, 10, []],
];

describe("picking", () => {
  test.each(exact)("%s", (_sentence, rule, count, ends) => {
    expect(endsOf([rule], count)).toEqual(ends);
  });

  test("a star leaves health, metrics and admin routes alone", () => {
    const { engine } = engineWith([{ kind: "error", every: 1 }]);
    expect(["/health/liveness", "/metrics", "/admin/faults"].map((route) => engine.before("GET", route, 0))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(engine.report()).toEqual([expect.objectContaining({ matched: 0, injected: 0 })]);
  });

  test("the same seed picks the same requests, another seed others, and the share is near", () => {
    const picked = (seed: number): number[] => endsOf([{ kind: "error", share: 0.02, seed }], 10_000);
    expect(picked(7)).toEqual(picked(7));
    expect(picked(7)).not.toEqual(picked(8));
    // Six standard deviations of a binomial with n = 10,000 and p = 0.02.
    expect(Math.abs(picked(7).length - 200)).toBeLessThan(84);
  });

  test("two rules without a seed draw apart", () => {
    const { engine } = engineWith([
      { kind: "latency", share: 0.5, seconds: { constant: 1 } },
      { kind: "latency", share: 0.5, seconds: { constant: 2 } },
    ]);
    const waits = new Set(Array.from({ length: 100 }, () => engine.before("GET", bucket, 0)?.waitSeconds));
    expect(waits).toEqual(new Set([undefined, 1, 2, 3]));
  });
});

describe("rules in order", () => {
  test("a request that one rule ended is not seen by the next, so each count stays exact", () => {
    const { engine, heard } = engineWith([
      { kind: "error", every: 2 },
      { kind: "drop", every: 3 },
    ]);
    for (let request = 0; request < 12; request += 1) engine.before("GET", bucket, 0);
    expect(engine.report().map(({ matched, injected }) => [matched, injected])).toEqual([
      [12, 6],
      [6, 2],
    ]);
    expect(heard.filter((line) => line.endsWith("error")).length).toBe(6);
    expect(heard.filter((line) => line.endsWith("drop")).length).toBe(2);
  });

  test("latencies add up, and an error comes after them", () => {
    const { engine } = engineWith([
      { kind: "latency", seconds: { constant: 0.1 } },
      { kind: "latency", seconds: { constant: 0.25 } },
      { kind: "error", every: 1, status: 503 },
    ]);
    expect(engine.before("GET", bucket, 0)).toEqual({
      kind: "error",
      waitSeconds: 0.35,
      storeSeconds: 0,
      end: { kind: "error", status: 503 },
    });
  });

  test("new rules start their counts at zero", () => {
    const { engine } = engineWith([{ kind: "error", every: 1 }]);
    engine.before("GET", bucket, 0);
    engine.set(faultRulesSchema.parse([{ kind: "error", every: 2 }]), 0);
    expect(engine.report()).toEqual([expect.objectContaining({ matched: 0, injected: 0 })]);
    engine.set([], 0);
    expect([engine.isEmpty(), engine.before("GET", bucket, 0)]).toEqual([true, undefined]);
  });
});

describe("waits", () => {
  const drawn = (seconds: unknown): number[] => {
    const { engine } = engineWith([{ kind: "latency", seconds, seed: 3 }]);
    return Array.from({ length: 5_000 }, () => engine.before("GET", bucket, 0)?.waitSeconds ?? Number.NaN);
  };
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

  test("a uniform wait stays in its range and has its mean", () => {
    const values = drawn({ uniform: { min: 0.1, max: 0.3 } });
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0.1);
    expect(Math.max(...values)).toBeLessThan(0.3);
    expect(mean(values)).toBeCloseTo(0.2, 2);
  });

  test("an exponential wait has its mean and its limit", () => {
    expect(mean(drawn({ exponential: { mean: 0.1 } }))).toBeCloseTo(0.1, 2);
    expect(Math.max(...drawn({ exponential: { mean: 0.1, max: 0.2 } }))).toBe(0.2);
  });

  test("the same seed waits the same", () => {
    expect(drawn({ exponential: { mean: 0.1 } })).toEqual(drawn({ exponential: { mean: 0.1 } }));
  });
});

const stall = { kind: "stall", afterSeconds: 5, forSeconds: 2 };
const stalls: [string, object, number[], (number | undefined)[]][] = [
  ["before the stall nothing waits", stall, [100, 104.9], [undefined, undefined]],
  ["at its first moment a request waits all of it", stall, [100, 105], [undefined, 2]],
  ["in it a request waits what is left", stall, [100, 106.5], [undefined, 0.5]],
  ["at its end nothing waits", stall, [100, 107], [undefined, undefined]],
  ["from activation the first request may already wait", { ...stall, from: "activation" }, [56], [1]],
  ["a stall at once holds the first request", { ...stall, afterSeconds: 0 }, [100], [2]],
];

describe("stalls", () => {
  test.each(stalls)("%s", (_sentence, rule, arrivals, waits) => {
    const { engine } = engineWith([rule], 50);
    expect(arrivals.map((now) => engine.before("GET", bucket, now)?.waitSeconds)).toEqual(waits);
    expect(engine.report()[0]).toMatchObject({ matched: arrivals.length, injected: waits.filter((wait) => wait !== undefined).length });
  });
});

test("a leak keeps what it says, for each request that it meets, and ends none", () => {
  const { engine, heard } = engineWith([{ kind: "leak", every: 2, bytes: 1_048_576 }]);
  const before = process.memoryUsage().arrayBuffers;
  const effects = Array.from({ length: 40 }, () => engine.before("GET", bucket, 0)?.end.kind);
  expect(effects.filter((end) => end === "none")).toHaveLength(20);
  expect(heard).toHaveLength(20);
  expect(process.memoryUsage().arrayBuffers - before).toBeGreaterThanOrEqual(20 * 1_048_576);
});

describe("answers", () => {
  test("are spoilt on their own operation only, every Nth that worked", () => {
    const { engine, heard } = engineWith([
      { kind: "delete-answers-500", every: 2 },
      { kind: "wrong-contents", every: 3 },
    ]);
    const after = (method: string, count: number): unknown[] => Array.from({ length: count }, () => engine.after(method, bucket));
    expect(after("DELETE", 4)).toEqual([undefined, "delete-answers-500", undefined, "delete-answers-500"]);
    expect(after("GET", 3)).toEqual([undefined, undefined, "wrong-contents"]);
    expect(after("PUT", 3)).toEqual([undefined, undefined, undefined]);
    expect(heard.length).toBe(3);
    expect(engine.before("DELETE", bucket, 0)).toEqual<Interference | undefined>(undefined);
  });

  test("a rule's defaults are filled in", () => {
    expect(faultRulesSchema.parse([{ kind: "error", every: 1 }])).toEqual<FaultRule[]>([
      { kind: "error", method: "*", route: "*", every: 1, status: 500 },
    ]);
  });
});
