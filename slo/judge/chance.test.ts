import { expect, test } from "vitest";
import type { Count, CumulativePoint } from "../collect/measurement.ts";
import { provesExceeded, provesMet } from "./clopper-pearson.ts";
import { findFastBurns } from "./windows.ts";

/** Draws numbers from 0 to 1 with a seed (mulberry32), so that these tests see the same runs each time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lists which of `total` events are bad, each by chance: the gaps between bad ones are geometric. */
function badEvents(total: number, ratio: number, draw: () => number): number[] {
  const events: number[] = [];
  for (let at = -1; ;) {
    at += 1 + Math.floor(Math.log(1 - draw()) / Math.log1p(-ratio));
    if (at >= total) return events;
    events.push(at);
  }
}

const runs = 4000;
/** Three standard deviations of a share of 5 % in so many runs. */
const margin = 3 * Math.sqrt((0.05 * 0.95) / runs);

test.each([
  ["99 % by 1,000 requests", 0.99, 1000],
  ["99 % by 20,000 requests", 0.99, 20_000],
  ["99.9 % by 4,125 requests, as smoke sends", 0.999, 4125],
  ["90 % by 700 requests", 0.9, 700],
])("exactly at the limit, at most 5 % of runs are met and at most 5 % exceeded: %s", (_, target, total) => {
  const draw = random(20261121);
  let [met, exceeded] = [0, 0];
  for (let run = 0; run < runs; run += 1) {
    const count: Count = { total, bad: badEvents(total, 1 - target, draw).length };
    if (provesMet(count, target, 0.95)) met += 1;
    if (provesExceeded(count, target, 0.95)) exceeded += 1;
  }
  expect(met / runs).toBeLessThanOrEqual(0.05 + margin);
  expect(exceeded / runs).toBeLessThanOrEqual(0.05 + margin);
  // The tests have power: without any, both shares would be zero.
  expect(met + exceeded).toBeGreaterThan(0.01 * runs);
});

function steadyRun(seconds: number, perSecond: number, ratio: number, draw: () => number): CumulativePoint[] {
  const bad = Array.from({ length: seconds + 1 }, () => 0);
  for (const event of badEvents(seconds * perSecond, ratio, draw)) {
    const second = 1 + Math.floor(event / perSecond);
    bad[second] = (bad[second] ?? 0) + 1;
  }
  let sum = 0;
  return bad.map((count, second) => ({ atSeconds: second, total: second * perSecond, bad: (sum += count) }));
}

test.each([
  ["the whole budget, 99 %", 0.99, 1, [0, 1]],
  ["the whole budget, 99.9 %", 0.999, 1, [0, 1]],
  ["6 times the budget: neither pair is passed", 0.99, 6, [0, 1]],
  ["14.4 times the budget: the first pair is not passed", 0.99, 14.4, [0]],
])("steady errors of %s are found to be a fast burn in at most 5 %% of runs", (_, target, burn, pairs) => {
  const draw = random(714);
  const steady = 400;
  let found = 0;
  for (let run = 0; run < steady; run += 1) {
    const points = steadyRun(120, 50, burn * (1 - target), draw);
    const findings = findFastBurns({
      points,
      timestampSkewSeconds: 0,
      whole: points.at(-1) ?? { total: 0, bad: 0 },
      targetRatio: target,
      confidence: 0.95,
    });
    if (pairs.some((pair) => findings[pair]?.kind === "fastBurn")) found += 1;
  }
  expect(found / steady).toBeLessThanOrEqual(0.05 + 3 * Math.sqrt((0.05 * 0.95) / steady));
});

test("a real fast burn that the average hides is found nearly always", () => {
  const draw = random(99);
  let [found, hidden] = [0, 0];
  for (let run = 0; run < 100; run += 1) {
    const points = steadyRun(600, 200, 0.0005, draw).map((point) => ({
      ...point,
      bad: point.bad + 200 * Math.min(5, Math.max(0, point.atSeconds - 60)),
    }));
    const whole = points.at(-1) ?? { total: 0, bad: 0 };
    const findings = findFastBurns({ points, timestampSkewSeconds: 0, whole, targetRatio: 0.99, confidence: 0.95 });
    if (findings.some(({ kind }) => kind === "fastBurn")) found += 1;
    if (provesMet(whole, 0.99, 0.95)) hidden += 1;
  }
  expect([found, hidden]).toEqual([100, 100]);
});
