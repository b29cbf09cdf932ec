import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Count } from "../collect/measurement.ts";
import { complement, lowerBound, provesExceeded, upperBound } from "./clopper-pearson.ts";
import { evidenceAbove, lowerBoundAtAnyLook, provesExceededAtAnyLook, provesExceededOverPlan, upperBoundAtAnyLook } from "./martingale.ts";

/** Gives numbers from 0 up and below 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Counts the loads in which a service of that error ratio is ever said to be exceeded, where the count is looked at after every request. */
function everExceeded(ratio: number, proves: (count: Count) => boolean, loads: number, requests: number): number {
  const random = randomOf(20261126);
  return Array.from({ length: loads }).filter(() => {
    let bad = 0;
    for (let total = 1; total <= requests; total += 1) {
      if (random() >= ratio) continue;
      bad += 1;
      // A good request takes evidence away, so only a bad one can be the first to prove.
      if (proves({ bad, total })) return true;
    }
    return false;
  }).length;
}

const anyLook = (count: Count): boolean => provesExceededAtAnyLook(count, 0.99, 0.95);
const loads = 2000;
const byChance = loads * 0.05 + 3 * Math.sqrt(loads * 0.05 * 0.95);

test("a service exactly at its budget is stopped in no more than alpha of all loads, however often it is looked at", () => {
  expect(everExceeded(0.01, anyLook, loads, 3000)).toBeLessThanOrEqual(byChance);
});

test("the bound of a load of fixed size, looked at again and again, would stop many more", () => {
  const fixed = (count: Count): boolean => provesExceeded(count, 0.99, 0.95);
  expect(everExceeded(0.01, fixed, 300, 3000)).toBeGreaterThan(300 * 0.15);
});

test("a service that breaks its budget three times over is found in nearly every load of 3,000 requests", () => {
  expect(everExceeded(0.03, anyLook, 300, 3000)).toBeGreaterThan(285);
});

const counts = fc
  .tuple(fc.integer({ min: 1, max: 100_000 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([total, share]) => ({ total, bad: Math.round(share * total) }));
const ratios = fc.constantFrom(0.0001, 0.001, 0.01, 0.05, 0.3);

test("what is proved at any look is proved by the fixed-size bound as well, and its bounds are wider", () => {
  fc.assert(
    fc.property(counts, ratios, fc.constantFrom(0.01, 0.05), (count, limit, alpha) => {
      const proved = evidenceAbove(count, limit) >= 1 / alpha;
      if (proved) expect(provesExceeded(count, complement(limit), complement(alpha))).toBe(true);
      expect(lowerBoundAtAnyLook(count, alpha)).toBeLessThanOrEqual(lowerBound(count, alpha) + 1e-12);
      expect(upperBoundAtAnyLook(count, alpha)).toBeGreaterThanOrEqual(upperBound(count, alpha) - 1e-12);
    }),
    { numRuns: 300 },
  );
});

test("the bound and the decision agree", () => {
  fc.assert(
    fc.property(counts, ratios, (count, limit) => {
      const lower = lowerBoundAtAnyLook(count, 0.05);
      if (Math.abs(lower - limit) > 1e-9) expect(lower > limit).toBe(evidenceAbove(count, limit) >= 20);
    }),
    { numRuns: 300 },
  );
});

test.each([
  [3, 20, 0.05],
  [12, 300, 0.01],
  [1, 5, 0.1],
])("the evidence of %i bad of %i against %d is the mixture of likelihood ratios, integrated", (bad, total, limit) => {
  const likelihood = (ratio: number): number => (ratio / limit) ** bad * ((1 - ratio) / (1 - limit)) ** (total - bad);
  const meanUpTo = (to: number): number => {
    const steps = 200_000;
    const width = (to - limit) / steps;
    return Array.from({ length: steps }, (_, i) => likelihood(limit + (i + 0.5) * width)).reduce((sum, one) => sum + one, 0) / steps;
  };
  expect(evidenceAbove({ bad, total }, limit)).toBeCloseTo((meanUpTo(Math.min(1, 20 * limit)) + meanUpTo(1)) / 2, 6);
});

test.each<[string, Count, number, number]>([
  ["nothing is evidence of nothing", { bad: 0, total: 0 }, 0.01, 0],
  ["no bad event is none", { bad: 0, total: 1e9 }, 0.01, 0],
  ["a ratio within the limit is none", { bad: 10, total: 1000 }, 0.01, 0],
  ["nothing is above 1", { bad: 5, total: 5 }, 1, 0],
  ["all bad of very many is beyond number", { bad: 1e6, total: 1e6 }, 0.001, Infinity],
])("%s", (_, count, limit, expected) => {
  expect(evidenceAbove(count, limit)).toBe(expected);
});

test("what is proved over a plan at any moment of it is proved at its end, whatever comes after the moment", () => {
  const plan = fc.array(fc.boolean(), { minLength: 1, maxLength: 1500 });
  fc.assert(
    fc.property(plan, fc.nat(60), fc.nat(1500), (later, cold, at) => {
      const bad = [...Array.from({ length: cold }, () => true), ...later]; // a burst at the start, then anything
      const badIn = (events: boolean[]) => events.filter(Boolean).length;
      const soFar = { bad: badIn(bad.slice(0, at)), total: Math.min(at, bad.length) };
      if (!provesExceededOverPlan(soFar, bad.length, 0.98, 0.95)) return;
      expect(provesExceeded({ bad: badIn(bad), total: bad.length }, 0.98, 0.95)).toBe(true);
    }),
  );
});
