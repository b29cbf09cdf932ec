import { expect, test } from "vitest";
import type { Count } from "../collect/measurement.ts";
import { judge } from "./judge.ts";
import { presetNamed } from "../spec/presets.ts";

const place = { file: "s.yaml", line: 1, column: 1 };
const count = (bad: number, total: number): Count => ({ bad, total });
const starved = "83 iterations were dropped, and k6 may have been short of CPU";
const cut = "4 iterations were cut off before they ended";

/** Judges one objective by its counts alone, and gives its reason. */
function reasonOf(targetRatio: number, best: Count, worst: Count, caveats: string[], dropped = 0): string | undefined {
  const indicator = { kind: "errors", side: "client", where: {} } as const;
  const spec = {
    version: 1 as const,
    service: "s",
    confidence: 0.95,
    periodSeconds: 1,
    metrics: presetNamed("fastify"),
    scenarios: {},
    objectives: [{ name: "o", targetRatio, indicator, place }],
  };
  const queries = { total: "t", bad: "b" };
  const measured = {
    kind: "counted" as const,
    objective: "o",
    best,
    worst,
    dropped,
    caveats,
    cumulative: [],
    timestampSkewSeconds: 0,
    queries,
  };
  const [verdict] = judge(spec, [measured], { caveats: [], openModel: true }).verdicts;
  return verdict?.kind === "met" ? "met" : verdict?.reason;
}

test.each<[string, number, Count, Count, number, string]>([
  [
    "of what is broken",
    0.99,
    count(60, 1000),
    count(60, 1000),
    48,
    "60 bad of 1,000 (6%), 48 of them dropped iterations, prove an error ratio of at least 4.81%; 99% allows 1%",
  ],
  [
    "of a bound that would round to more than it is",
    0.99,
    count(41, 1501),
    count(41, 1501),
    0,
    "41 bad of 1,501 (2.73%) prove an error ratio of at least 2.07%; 99% allows 1%",
  ],
  [
    "of what is nothing else",
    0.99,
    count(60, 1000),
    count(60, 1000),
    60,
    "60 bad of 1,000 (6%), all of them dropped iterations, prove an error ratio of at least 4.81%; 99% allows 1%",
  ],
  [
    "of what is not decided",
    0.99,
    count(5, 1000),
    count(14, 1009),
    4,
    "at best 5 bad of 1,000, 4 of them dropped iterations, at worst 14 bad of 1,009; even at best 99% is not proved: 1,049 are needed, 1.1 times as many; a longer run with the same caveat would not decide, its cause has to go",
  ],
])("drops stand beside the number that they are part of: %s", (_, targetRatio, best, worst, dropped, reason) => {
  expect(reasonOf(targetRatio, best, worst, [], dropped)).toBe(reason);
});

test.each<[string, number, Count, Count, string[], string]>([
  [
    "at worst nothing is left to count, which no number of times makes enough",
    0.95,
    count(0, 504),
    count(0, 0),
    ["507 requests may be of the warm-up"],
    "at best 0 bad of 504, at worst 0 bad of 0: 507 requests may be of the warm-up; at best 95% is proved; with as many bad as at worst 59 are needed",
  ],
  [
    "only certain, too few requests: how many more",
    0.99,
    count(0, 233),
    count(0, 233),
    [],
    "233 requests with 0 bad cannot prove 99%: 299 are needed, 1.3 times as many",
  ],
  [
    "only certain, more bad than allowed: a longer run helps",
    0.99,
    count(5, 300),
    count(5, 300),
    [],
    "5 bad of 300 (1.67%) are no fewer than 99% allows, but too few to rule out chance: a longer run would decide",
  ],
  [
    "only uncertain bad ones, and too few good ones: the caveat is named, and no longer run settles it",
    0.99,
    count(0, 233),
    count(83, 316),
    [starved],
    `at best 0 bad of 233, at worst 83 bad of 316: ${starved}; even at best 99% is not proved: 299 are needed, 1.3 times as many; a longer run with the same caveat would not decide, its cause has to go`,
  ],
  [
    "only uncertain bad ones, and enough good ones: it is the caveat alone",
    0.99,
    count(0, 300),
    count(83, 383),
    [starved],
    `at best 0 bad of 300, at worst 83 bad of 383: ${starved}; at best 99% is proved; a longer run with the same caveat would not decide, its cause has to go`,
  ],
  [
    "only uncertain bad ones, but few: more requests settle it",
    0.99,
    count(0, 450),
    count(4, 454),
    [cut],
    `at best 0 bad of 450, at worst 4 bad of 454: ${cut}; at best 99% is proved; with as many bad as at worst 913 are needed, 2.1 times as many`,
  ],
  [
    "certain and uncertain bad ones, both few: more requests settle it",
    0.99,
    count(1, 450),
    count(3, 452),
    [cut],
    `at best 1 bad of 450, at worst 3 bad of 452: ${cut}; even at best 99% is not proved: 473 are needed, 1.1 times as many; with as many bad as at worst 773 are needed, 1.8 times as many`,
  ],
  [
    "certain bad ones alone reach what is allowed: a longer run helps whatever the caveat",
    0.99,
    count(5, 300),
    count(9, 304),
    [cut],
    `at best 5 bad of 300, at worst 9 bad of 304: ${cut}; even the bad ones at best are no fewer than 99% allows, but too few to rule out chance: a longer run would decide`,
  ],
  [
    "every caveat is named",
    0.99,
    count(0, 300),
    count(87, 387),
    [starved, cut],
    `at best 0 bad of 300, at worst 87 bad of 387: ${starved}; ${cut}; at best 99% is proved; a longer run with the same caveat would not decide, its cause has to go`,
  ],
  [
    "what is uncertain without a reason is uncertain nevertheless",
    0.99,
    count(0, 300),
    count(87, 387),
    [],
    "at best 0 bad of 300, at worst 87 bad of 387; at best 99% is proved; a longer run with the same caveat would not decide, its cause has to go",
  ],
  [
    "a caveat about how many there were, with as many bad",
    0.99,
    count(0, 310),
    count(0, 290),
    ["the service's counts include up to 20 requests of setup and warm-up"],
    "at best 0 bad of 310, at worst 0 bad of 290: the service's counts include up to 20 requests of setup and warm-up; at best 99% is proved; with as many bad as at worst 299 are needed, 1.1 times as many",
  ],
  [
    "the highest target that a spec may state still needs a number of requests",
    0.99999999999,
    count(0, 300),
    count(0, 300),
    [],
    "300 requests with 0 bad cannot prove 99.999999999%: 299,573,227,254 are needed, 998,577,425 times as many",
  ],
])("%s", (_, target, best, worst, caveats, expected) => {
  expect(reasonOf(target, best, worst, caveats)).toBe(expected);
});
