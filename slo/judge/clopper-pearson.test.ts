import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Count } from "../collect/measurement.ts";
import { atLeast, atMost, exactly } from "./binomial.ts";
import { complement, isAbove, lowerBound, provesExceeded, provesMet, requestsNeeded, upperBound } from "./clopper-pearson.ts";

const provedAtMost = (count: Count, confidence: number): number => upperBound(count, complement(confidence));
const provedAtLeast = (count: Count, confidence: number): number => lowerBound(count, complement(confidence));

interface Reference {
  total: number;
  bad: number;
  confidence: number;
  lower: number;
  upper: number;
}

/** Reads bounds that were computed apart from the project, by SciPy's beta quantile. */
const references = readFileSync(new URL("clopper-pearson.csv", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map((line): Reference => {
    const [total = Number.NaN, bad = Number.NaN, confidence = Number.NaN, lower = Number.NaN, upper = Number.NaN] = line
      .split(",")
      .map(Number);
    return { total, bad, confidence, lower, upper };
  });

const off = (is: number, should: number): number => (is === should ? 0 : Math.abs(is - should) / Math.abs(should));

test("every bound agrees with the independent reference to 1e-9", () => {
  expect(references.length).toBe(664);
  const wrong = references.filter(({ total, bad, confidence, lower, upper }) => {
    const count = { total, bad };
    return !(off(provedAtLeast(count, confidence), lower) <= 1e-9 && off(provedAtMost(count, confidence), upper) <= 1e-9);
  });
  expect(wrong).toEqual([]);
});

const needed: [target: number, bad: number, requests: number][] = [
  [0.99, 0, 299],
  [0.99, 1, 473],
  [0.99, 2, 628],
  [0.99, 5, 1049],
  [0.99, 10, 1693],
  [0.995, 0, 598],
  [0.995, 1, 947],
  [0.995, 2, 1258],
  [0.995, 5, 2100],
  [0.995, 10, 3389],
  [0.999, 0, 2995],
  [0.999, 1, 4742],
  [0.999, 2, 6294],
  [0.999, 5, 10_511],
  [0.999, 10, 16_959],
  [0.9999, 0, 29_956],
  [0.9999, 1, 47_437],
  [0.9999, 2, 62_956],
  [0.9999, 5, 105_128],
  [0.9999, 10, 169_619],
];

test.each(needed)("target %d with %d bad is proved by %d requests, and not by one less", (target, bad, requests) => {
  expect(provesMet({ total: requests, bad }, target, 0.95)).toBe(true);
  expect(provesMet({ total: requests - 1, bad }, target, 0.95)).toBe(false);
  expect(requestsNeeded(bad, target, 0.95)).toBe(requests);
  expect(provedAtMost({ total: requests, bad }, 0.95)).toBeLessThanOrEqual(complement(target));
  expect(provedAtMost({ total: requests - 1, bad }, 0.95)).toBeGreaterThan(complement(target));
});

/** Spreads evenly from 0 to 1; fast-check's own doubles are nearly all next to 0. */
const shares = fc.integer({ min: 0, max: 10_000 }).map((per) => per / 10_000);

describe("exact arithmetic", () => {
  const choose = (n: bigint, k: bigint): bigint => (k === 0n ? 1n : (choose(n, k - 1n) * (n - k + 1n)) / k);

  /** Sums the tail in whole numbers, for a ratio of `per`/1000; only the last division is in floating point. */
  const exactTail = (total: number, from: number, to: number, per: number): number => {
    const [n, p] = [BigInt(total), BigInt(per)];
    let sum = 0n;
    for (let k = BigInt(from); k <= BigInt(to); k += 1n) sum += choose(n, k) * p ** k * (1000n - p) ** (n - k);
    const scale = 10n ** 400n;
    const digits = ((sum * scale) / 1000n ** n).toString();
    return Number(`${digits.slice(0, 17)}e${digits.length - Math.min(17, digits.length) - 400}`);
  };

  test("tails agree with sums of whole numbers, deep ones too", () => {
    const run = fc.record({
      total: fc.integer({ min: 1, max: 60 }),
      share: shares,
      per: fc.integer({ min: 1, max: 999 }),
    });
    fc.assert(
      fc.property(run, ({ total, share, per }) => {
        const bad = Math.round(total * share);
        expect(off(atMost(bad, total, per / 1000), exactTail(total, 0, bad, per))).toBeLessThan(1e-11);
        expect(off(atLeast(bad, total, per / 1000), exactTail(total, bad, total, per))).toBeLessThan(1e-11);
      }),
      { numRuns: 400 },
    );
  });
});

const counts = fc
  .record({ total: fc.integer({ min: 1, max: 200_000 }), share: shares, rare: fc.boolean() })
  .map(({ total, share, rare }) => ({ total, bad: Math.min(total, Math.round(total * (rare ? share ** 6 : share))) }));
const caveats = fc.integer({ min: -9000, max: -302 }).map((exponent) => 10 ** (exponent / 1000));

test("a bound leaves exactly the alpha that it claims", () => {
  fc.assert(
    fc.property(counts, caveats, (count, alpha) => {
      const { total, bad } = count;
      const upper = upperBound(count, alpha);
      if (bad > 0) expect(off(atLeast(bad, total, lowerBound(count, alpha)), alpha)).toBeLessThan(1e-8);
      // Nearer to 1, the distance from 1 has too few digits for this comparison.
      if (bad < total && upper < 0.9999) expect(off(atMost(bad, total, upper), alpha)).toBeLessThan(1e-8);
    }),
  );
});

test("bounds hold the observed ratio between them, and move with what was seen", () => {
  fc.assert(
    fc.property(counts, caveats, ({ total, bad }, alpha) => {
      const [lower, upper] = [lowerBound({ total, bad }, alpha), upperBound({ total, bad }, alpha)];
      expect(lower).toBeLessThanOrEqual(bad / total);
      expect(upper).toBeGreaterThanOrEqual(bad / total);
      const longer = { total: total + 1, bad };
      const worse = { total: total + 1, bad: bad + 1 };
      for (const bound of [lowerBound, upperBound]) {
        const here = bound({ total, bad }, alpha);
        expect(bound(worse, alpha)).toBeGreaterThanOrEqual(here * (1 - 1e-13));
        expect(bound(longer, alpha)).toBeLessThanOrEqual(here * (1 + 1e-13));
        if (bad < total) expect(bound({ total, bad: bad + 1 }, alpha)).toBeGreaterThanOrEqual(here * (1 - 1e-13));
      }
    }),
  );
});

test("a decision says what the bound says", () => {
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 9999 }), fc.constantFrom(0.8, 0.9, 0.95, 0.99), (count, per, confidence) => {
      const target = 1 - per / 10_000;
      const limit = complement(target);
      const [least, most] = [provedAtLeast(count, confidence), provedAtMost(count, confidence)];
      if (off(most, limit) > 1e-8) expect(provesMet(count, target, confidence)).toBe(most <= limit);
      if (off(least, limit) > 1e-8) expect(provesExceeded(count, target, confidence)).toBe(least >= limit);
    }),
  );
});

test("no count proves a target and its opposite, down to a confidence of 50 %", () => {
  fc.assert(
    fc.property(
      counts,
      fc.integer({ min: 1, max: 9989 }).map((per) => per / 10_000),
      fc.integer({ min: 5000, max: 9999 }).map((per) => per / 10_000),
      (count, target, confidence) => {
        expect(provesMet(count, target, confidence) && provesExceeded(count, target, confidence)).toBe(false);
      },
    ),
  );
});

test.each([
  ["0.9 leaves exactly 0.1, which plain subtraction misses", 0.9, 0.1],
  ["99.9% leaves exactly 0.1%", 0.999, 0.001],
  ["nine digits after the point stay exact", 0.99999999999, 0.00000000001],
])("%s", (_, ratio, rest) => {
  expect(complement(ratio)).toBe(rest);
});

test.each([
  ["an exact tie proves: one good request at a limit of 95 %", { total: 1, bad: 0 }, 0.05, 0.95, true],
  ["nothing is proved by no request", { total: 0, bad: 0 }, 0.99, 0.95, false],
  ["nothing is proved by bad requests only", { total: 10_000, bad: 10_000 }, 0.99, 0.95, false],
  ["fifty million requests are not too many", { total: 50_000_000, bad: 40_000 }, 0.999, 0.95, true],
])("%s", (_, count, target, confidence, met) => {
  expect(provesMet(count, target, confidence)).toBe(met);
});

test.each([
  ["no bad event proves nothing against a service", { total: 1_000_000, bad: 0 }, false],
  ["no request proves nothing against a service", { total: 0, bad: 0 }, false],
  ["nine of 3,000 are too many to be chance at 0.1 %", { total: 3000, bad: 9 }, true],
  ["six of 3,000 may be chance at 0.1 %", { total: 3000, bad: 6 }, false],
])("%s", (_, count, above) => {
  expect(isAbove(count, 0.001, 0.05)).toBe(above);
});

test.each([
  ["more bad than there are", { total: 1, bad: 2 }, 0.95],
  ["less than none", { total: 1, bad: -1 }, 0.95],
  ["a part of a request", { total: 10, bad: 0.5 }, 0.95],
  ["no number", { total: Number.NaN, bad: 0 }, 0.95],
  ["certainty", { total: 10, bad: 0 }, 1],
  ["no confidence", { total: 10, bad: 0 }, 0],
])("%s is a bug, not a bound", (_, count, confidence) => {
  expect(() => provedAtMost(count, confidence)).toThrow(RangeError);
  expect(() => provedAtLeast(count, confidence)).toThrow(RangeError);
  expect(() => provesMet(count, 0.99, confidence)).toThrow(RangeError);
});

test("a number of requests beyond counting is said to be that, and ends", () => {
  expect(requestsNeeded(2 ** 52, 0.99999999999, 0.95)).toBe(Number.MAX_SAFE_INTEGER);
});

test("probabilities of all outcomes sum to 1", () => {
  const sum = Array.from({ length: 1001 }, (_, bad) => exactly(bad, 1000, 0.3)).reduce((a, b) => a + b, 0);
  expect(off(sum, 1)).toBeLessThan(1e-12);
});
