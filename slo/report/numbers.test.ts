import { expect, test } from "vitest";
import {
  badOfTotal,
  budgetSpent,
  bytes,
  count,
  counted,
  duration,
  elapsed,
  moment,
  percent,
  provedGood,
  rate,
  targetPercent,
} from "./numbers.ts";

test.each([
  ["a whole count has commas", count(1_234_567), "1,234,567"],
  ["zero is a count", count(0), "0"],
  ["a count that was not read is not zero", count(null), "not read"],
  ["a burn keeps three digits", count(68.66), "68.7"],
  ["no number at all is unknown", count(Number.NaN), "unknown"],
  ["one has no plural", counted(1, "request"), "1 request"],
  ["none has a plural", counted(0, "request"), "0 requests"],
  ["a ratio has three digits", percent(0.12345), "12.3%"],
  ["a large share has commas", percent(18.727), "1,873%"],
  ["exactly all is 100%", percent(1), "100%"],
  ["all but for floating point is 100%", percent(1.0000000000000002), "100%"],
  ["a little over the budget does not read as 100%", percent(1.0004), "over 100%"],
  ["a little under the budget does not read as 100%", percent(0.99996), "under 100%"],
  ["a hair over the budget says so", percent(1 + 1e-10), "over 100%"],
  ["a hair under the budget says so", percent(1 - 1e-10), "under 100%"],
  ["a tiny share does not read as none", percent(0.000001234), "0.000123%"],
  ["a share too small to print is not 0%", percent(1e-12), "over 0%"],
  ["nothing is 0%", percent(0), "0%"],
  ["infinity is unknown", percent(Number.POSITIVE_INFINITY), "unknown"],
  ["a target stands as in the spec", targetPercent(0.9999), "99.99%"],
  ["a target has no floating point dust", targetPercent(0.57), "57%"],
  ["microseconds", duration(0.00004), "40 µs"],
  ["milliseconds", duration(0.25), "250 ms"],
  ["a second", duration(1), "1 s"],
  ["just under a second does not read as 1,000 ms", duration(0.99999), "1 s"],
  ["just under a minute does not read as 60 s", duration(59.99), "1 min"],
  ["minutes and seconds", duration(75), "1 min 15 s"],
  ["hours", duration(7260), "2 h 1 min"],
  ["days", duration(30 * 86_400), "30 d"],
  ["a negative time keeps its sign", duration(-0.002), "-2 ms"],
  ["a clock under an hour", elapsed(65.9), "1:05"],
  ["a clock over an hour", elapsed(7205), "2:00:05"],
  ["a clock before the start stands at its start", elapsed(-3), "0:00"],
  ["a rate", rate(299.64), "300/s"],
  ["bytes in decimal units", bytes(91_000_000), "91 MB"],
  ["a moment in UTC", moment(1_795_237_200), "2026-11-21 05:00:00 UTC"],
  ["a moment that no calendar holds", moment(1e300), "unknown"],
])("%s", (_, written, expected) => expect(written).toBe(expected));

const between = (best: [bad: number, total: number], worst = best) => ({
  best: { bad: best[0], total: best[1] },
  worst: { bad: worst[0], total: worst[1] },
  budgetSpent: best[0] / best[1] / 0.01,
});
test.each([
  ["what is certain is one number", between([5, 1000]), "5 of 1,000", "50%"],
  ["uncertain events are a range", between([301, 22_000], [309, 22_000]), "301 to 309 of 22,000", "137% to 140%"],
  ["caveat about how many there were shows both", between([0, 233], [83, 316]), "0 of 233 to 83 of 316", "0% to 2,627%"],
  ["caveat that changes no digit is one share", between([0, 310], [0, 290]), "0 of 310 to 0 of 290", "0%"],
])("%s", (_, counts, bad, spent) => {
  expect([badOfTotal(counts), budgetSpent(counts, 0.99)]).toEqual([bad, spent]);
});

test.each([
  ["a proof above the target is a floor, rounded down", { provedAtLeast: 0.0001, provedAtMost: 0.000478 }, 0.999, "≥ 99.95%"],
  ["a proof below the target is a ceiling, rounded up", { provedAtLeast: 0.0172, provedAtMost: 0.02 }, 0.999, "≤ 98.28%"],
  ["no proof is a range", { provedAtLeast: 0, provedAtMost: 0.0124 }, 0.999, "98.76% to 100%"],
  ["a proof just above the target does not round below it", { provedAtLeast: 0, provedAtMost: 0.000999996 }, 0.999, "≥ 99.9%"],
  ["a proof just below the target does not round up to it", { provedAtLeast: 0.001000004, provedAtMost: 0.01 }, 0.999, "≤ 99.8999996%"],
  ["a miss by a hair does not read as met", { provedAtLeast: 0, provedAtMost: 0.001000004 }, 0.999, "99.89% to 100%"],
])("%s", (_, evidence, targetRatio, expected) => expect(provedGood(evidence, targetRatio)).toBe(expected));
