import { expect, test } from "vitest";
import { truthOf, worstOf } from "./binomial.fixture.ts";

// The numbers of requests are those of the published table of one-sided 95 % Clopper-Pearson bounds.
test.each<[sentence: string, bad: number, total: number, target: number, truth: string]>([
  ["zero of 299 prove 99 %", 0, 299, 0.99, "met"],
  ["zero of 298 do not", 0, 298, 0.99, "inconclusive"],
  ["ten of 1,693 prove 99 %", 10, 1693, 0.99, "met"],
  ["ten of 1,692 do not", 10, 1692, 0.99, "inconclusive"],
  ["five of 10,511 prove 99.9 %", 5, 10_511, 0.999, "met"],
  ["five of 10,510 do not", 5, 10_510, 0.999, "inconclusive"],
  ["one of one proves that 99 % is exceeded, for that has a chance of 1 %", 1, 1, 0.99, "exceeded"],
  ["one of one proves nothing of 90 %", 1, 1, 0.9, "inconclusive"],
  ["no event proves nothing", 0, 0, 0.99, "inconclusive"],
  ["all bad of a thousand is exceeded", 1000, 1000, 0.97, "exceeded"],
])("%s", (_sentence, bad, total, target, truth) => {
  expect(truthOf(bad, total, target, 0.95)).toBe(truth);
});

test.each<[sentence: string, verdicts: string[], worst: string]>([
  ["exceeded is worse than inconclusive", ["inconclusive", "exceeded", "met"], "exceeded"],
  ["inconclusive is worse than met", ["met", "inconclusive"], "inconclusive"],
  ["nothing at all is inconclusive", [], "inconclusive"],
])("%s", (_sentence, verdicts, worst) => {
  expect(worstOf(verdicts)).toBe(worst);
});
