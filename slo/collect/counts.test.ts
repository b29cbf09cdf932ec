import fc from "fast-check";
import { expect, test } from "vitest";
import { cumulated } from "./charts.ts";
import { bucketLines, bucketsBetween, fromZero, growth, loadSteps, quantileLine, type Line } from "./lines.ts";
import { endedWith, wholeCount } from "./points.ts";
import { betweenCounts, compareSides, type Compared, type Sent } from "./compared.ts";
import { withUnservedLoad } from "./client.ts";
import { splitHistogram } from "./histogram.ts";
import type { Count } from "./measurement.ts";

/** Agreement of both sides. */
const nothingMissing: Compared = { missing: 0, missingForCertain: 0, elsewhere: 0, others: 0 };

const rest = { cumulative: [], queries: { total: "t", bad: "b" } };
const counted = { total: 1000, bad: 3, uncertain: 0, caveats: [], noun: "requests", unfiltered: true };

type Unserved = Parameters<typeof withUnservedLoad>[2];
test.each<[string, Partial<typeof counted>, Unserved, Count, Count]>([
  [
    "nothing unserved: best and worst are the same",
    {},
    { dropped: 0, dropCause: "service", interrupted: 0, requestsPerIteration: 1 },
    { total: 1000, bad: 3 },
    { total: 1000, bad: 3 },
  ],
  [
    "a dropped iteration is certainly bad where every request counts",
    {},
    { dropped: 10, dropCause: "service", interrupted: 0, requestsPerIteration: 1 },
    { total: 1010, bad: 13 },
    { total: 1010, bad: 13 },
  ],
  [
    "a dropped iteration may not have been for a filtered objective",
    { unfiltered: false },
    { dropped: 10, dropCause: "service", interrupted: 0, requestsPerIteration: 1 },
    { total: 1000, bad: 3 },
    { total: 1010, bad: 13 },
  ],
  [
    "a drop while k6 was short of CPU may be k6's own fault",
    {},
    { dropped: 10, dropCause: "starved", interrupted: 0, requestsPerIteration: 1 },
    { total: 1000, bad: 3 },
    { total: 1010, bad: 13 },
  ],
  [
    "nor are drops of a script that had too few VUs for any service",
    {},
    { dropped: 10, dropCause: "service", excusedDrops: 8, interrupted: 0, requestsPerIteration: 1 },
    { total: 1002, bad: 5 },
    { total: 1010, bad: 13 },
  ],
  [
    "an iteration that was cut off may have been bad",
    {},
    { dropped: 0, dropCause: "service", interrupted: 2, requestsPerIteration: 1 },
    { total: 1000, bad: 3 },
    { total: 1002, bad: 5 },
  ],
  [
    "a dropped iteration of many requests is one bad event at best and all of them at worst",
    {},
    { dropped: 10, dropCause: "service", interrupted: 0, requestsPerIteration: 20 },
    { total: 1010, bad: 13 },
    { total: 1200, bad: 203 },
  ],
  [
    "an iteration that the user cut off had few of its many requests under way",
    {},
    { dropped: 0, dropCause: "service", interrupted: 10, requestsPerIteration: 100, mostPerCutOff: 6 },
    { total: 1000, bad: 3 },
    { total: 1060, bad: 63 },
  ],
  [
    "an uncertain bucket is bad in the worst reading",
    { uncertain: 7 },
    { dropped: 0, dropCause: "service", interrupted: 0, requestsPerIteration: 1 },
    { total: 1000, bad: 3 },
    { total: 1000, bad: 10 },
  ],
])("%s", (_, more, window, best, worst) => {
  const measured = withUnservedLoad("o", { ...counted, ...more }, window, rest);
  expect(measured).toMatchObject({ kind: "counted", best, worst });
});

test("whatever is unserved, the worst reading has no fewer bad events than the best, and never more bad than total", () => {
  const n = fc.nat(1000);
  fc.assert(
    fc.property(
      n,
      n,
      n,
      n,
      n,
      fc.boolean(),
      fc.constantFrom("service" as const, "starved" as const, "unknown" as const),
      (good, bad, uncertain, dropped, interrupted, unfiltered, dropCause) => {
        const measured = withUnservedLoad(
          "o",
          { total: good + bad + uncertain, bad, uncertain, caveats: [], unfiltered, noun: "requests" },
          { dropped, interrupted, dropCause, requestsPerIteration: 1 },
          rest,
        );
        if (measured.kind !== "counted") throw new Error(measured.kind);
        expect(measured.worst.bad).toBeGreaterThanOrEqual(measured.best.bad);
        expect(measured.worst.bad).toBeLessThanOrEqual(measured.worst.total);
        expect(measured.best.bad).toBeLessThanOrEqual(measured.best.total);
        expect(measured.worst.total).toBe(good + bad + uncertain + dropped + interrupted);
      },
    ),
  );
});

const bucket = (lower: number, upper: number, count: number): { lower: number; upper: number; count: number } => ({ lower, upper, count });

test.each([
  ["a bucket that ends at the threshold is good", [bucket(0.1, 0.25, 5)], { above: 0, uncertain: 0 }],
  ["a bucket that begins at the threshold is bad", [bucket(0.25, 0.3, 5)], { above: 5, uncertain: 0 }],
  ["a bucket that the threshold cuts is uncertain", [bucket(0.2, 0.3, 5)], { above: 0, uncertain: 5 }],
  ["no bucket at all is nothing", [], { above: 0, uncertain: 0 }],
])("%s", (_, buckets, expected) => {
  expect(splitHistogram({ count: 5, sum: 1, buckets }, 0.25)).toEqual(expected);
});

test.each([
  ["a whole number stays", 5, 5],
  ["the noise of floating point is rounded away", 4.9999999999, 5],
  ["a real fraction stays, so that the judge refuses it", 4.5, 4.5],
  ["that of a large count too", 2_000_000.4, 2_000_000.4],
])("%s", (_, value, expected) => {
  expect(wholeCount(value)).toBe(expected);
});

test.each<[string, Line, Line]>([
  ["from its first whole second to its last one", [0, 0, 5, 15, 25, 35, 40, 40], [0, 0, 10, 10, 10, 10, null, null]],
  [
    "and falls to nothing where requests stop long before k6 does",
    [0, 10, 20, 30, 40, 40, 40, 40, 40],
    [null, 10, 10, 10, 5, 0, 0, 0, null],
  ],
])("the rate of a short load is that of its whole seconds, %s", (_, line, rate) => {
  expect(growth(line, 1, 1, loadSteps(line))).toEqual(rate);
});

test("what a service counted before a load is its own, however fast the load then is", () => {
  const [sent, served]: [Line, Line] = [
    [null, null, null, 10, 110, 210, 310, 310],
    [5, 6, 7, 17, 117, 217, 317, 317],
  ];
  expect(growth(served, 1, 1, loadSteps(sent))).toEqual([1, 1, 1, 100, 100, 100, null, null]);
});

test("a chart's growth is empty where a sample is missing or the counter went back", () => {
  expect(growth([0, 10, 20, null, 40, 50, 5, 15], 5, 1)).toEqual([2, 2, null, null, null, null, null, null]);
});

test("a chart's growth around a moment evens out what one push holds too many of and the next too few", () => {
  expect(growth([null, 0, 20, 20, 40, 40], 1, 1)).toEqual([null, 10, 10, 10, 10, 10]);
});

const boundOf = (le: string, ...line: number[]) => ({ labels: { le }, line });

test.each<[string, ReturnType<typeof boundOf>[], number, (number | null)[]]>([
  [
    "is the upper bound of its bucket, never a number within it",
    [boundOf("0.005", 0, 90), boundOf("0.01", 0, 98), boundOf("+Inf", 0, 100)],
    0.5,
    [0.005, 0.005],
  ],
  [
    "is told from what came since, not from all that there was",
    [boundOf("0.005", 9000, 9000), boundOf("0.01", 9000, 9100), boundOf("+Inf", 9000, 9100)],
    0.5,
    [0.01, 0.01],
  ],
  ["has no number above the highest bound", [boundOf("0.005", 0, 90), boundOf("+Inf", 0, 100)], 0.99, [null, null]],
  ["has none where no request came", [boundOf("0.005", 5, 5), boundOf("+Inf", 5, 5)], 0.5, [null, null]],
  ["has none where a bucket fell, as in a restart", [boundOf("0.005", 50, 5), boundOf("+Inf", 50, 5)], 0.5, [null, null]],
  ["reads one bound in two spellings as one", [boundOf("1.0", 0, 5), boundOf("1", 0, 5), boundOf("+Inf", 0, 10)], 0.99, [1, 1]],
])("a server's percentile over time %s", (_, series, quantile, expected) => {
  const buckets = bucketLines(series, 1);
  expect(quantileLine(buckets, quantile, 2, 1, 1)).toEqual(expected);
});

test("a spread of latencies leaves out the step in which a restart took counts away", () => {
  const series = [boundOf("0.005", 100, 150, 3, 13), boundOf("+Inf", 100, 160, 4, 14)];
  const buckets = bucketLines(series, 1);
  expect(bucketsBetween(buckets, 0, 3)).toEqual([
    { atMostSeconds: 0.005, requests: 60 },
    { atMostSeconds: null, requests: 70 },
  ]);
  expect(bucketsBetween(buckets, 1, 2)).toEqual([]);
});

test("a spread of latencies stays level where a native histogram has no bucket", () => {
  const [quick, slower, slow] = [
    { lower: 0.01, upper: 0.011, count: 90 },
    { lower: 0.011, upper: 0.012, count: 3 },
    { lower: 0.32, upper: 0.35, count: 7 },
  ];
  const bounds = cumulated([quick, slower, slow]).map(({ atMostSeconds, requests }) => [atMostSeconds, requests]);
  expect(bounds).toEqual([
    [0.01, 0],
    [0.011, 90],
    [0.012, 93],
    [0.32, 93],
    [0.35, 100],
  ]);
  expect(cumulated([])).toEqual([]);
});

test.each<[string, (number | null)[], number, (number | null)[]]>([
  ["until its first sample", [null, null, null, 10, 30], 1, [null, 0, 0, 10, 30]],
  ["and stays unknown in a gap", [null, 10, null, 30], 0, [0, 10, null, 30]],
  ["and where there is no sample at all, nothing is known", [null, null], 0, [null, null]],
])("what k6 counts is 0 from the load's beginning %s", (_, line, begins, expected) => {
  expect(fromZero(line, begins)).toEqual(expected);
});

type BetweenCase = [
  sentence: string,
  counts: Count & { uncertain?: number },
  window: { dropped?: number; notJudged?: number; most?: number },
  compared: Partial<Compared>,
  best: Count,
  worst: Count,
  theirs?: number,
  sawFail?: number,
];
test.each<BetweenCase>([
  [
    "what k6 saw fail is bad in the worst reading, whatever the service counted it as",
    { total: 100, bad: 1 },
    {},
    {},
    { total: 100, bad: 1 },
    { total: 100, bad: 8 },
    0,
    8,
  ],
  [
    "no more of it where as many are missing: a gateway may have answered for a service that it could not reach, or those counted as good failed and good ones are missing",
    { total: 92, bad: 1 },
    {},
    { missing: 8 },
    { total: 100, bad: 1 },
    { total: 92, bad: 9 },
    0,
    9,
  ],
  [
    "and what k6 dropped is bad beside it, for it saw no answer of that",
    { total: 100, bad: 0 },
    { dropped: 5 },
    {},
    { total: 100, bad: 0 },
    { total: 105, bad: 13 },
    0,
    8,
  ],
  [
    "nor can more of setup and warm-up be in the counts than leave room for it",
    { total: 10, bad: 0 },
    { notJudged: 50 },
    {},
    { total: 10, bad: 0 },
    { total: 8, bad: 8 },
    0,
    8,
  ],
  [
    "what lies between two buckets may have been good or bad",
    { total: 100, bad: 4, uncertain: 6 },
    {},
    {},
    { total: 100, bad: 4 },
    { total: 100, bad: 10 },
  ],
  [
    "and what is not judged may have been all the certain ones, or none of the others",
    { total: 100, bad: 4, uncertain: 90 },
    { notJudged: 10 },
    {},
    { total: 96, bad: 0 },
    { total: 94, bad: 94 },
  ],
  ["nothing else in the counts: they are exact", { total: 100, bad: 4 }, {}, {}, { total: 100, bad: 4 }, { total: 100, bad: 4 }],
  [
    "warm-up may have been all the bad ones, or all good ones",
    { total: 100, bad: 4 },
    { notJudged: 10 },
    {},
    { total: 96, bad: 0 },
    { total: 90, bad: 4 },
  ],
  [
    "more warm-up than requests leaves nothing to be sure of",
    { total: 10, bad: 4 },
    { notJudged: 50 },
    {},
    { total: 6, bad: 0 },
    { total: 4, bad: 4 },
  ],
  [
    "requests that never arrived may have been bad",
    { total: 100, bad: 4 },
    { dropped: 5 },
    {},
    { total: 100, bad: 4 },
    { total: 105, bad: 9 },
  ],
  [
    "requests that no instance counted may have been good or bad",
    { total: 100, bad: 4 },
    {},
    { missing: 50 },
    { total: 150, bad: 4 },
    { total: 150, bad: 54 },
  ],
  [
    "requests of others may have been the bad ones, and k6's own may all be missing",
    { total: 110, bad: 4 },
    {},
    { missing: 100, others: 10 },
    { total: 206, bad: 0 },
    { total: 200, bad: 104 },
  ],
  [
    "as many events of a ratio may be others' as the routes counted that they use too, and k6's own be missing in their place",
    { total: 66, bad: 1 },
    {},
    { missing: 105 },
    { total: 170, bad: 0 },
    { total: 106, bad: 106 },
    66,
  ],
  [
    "where others are in the counts, no more than k6 sent are its own",
    { total: 150, bad: 4 },
    { most: 100 },
    { missing: 100, others: 50 },
    { total: 100, bad: 0 },
    { total: 100, bad: 100 },
  ],
])("on the server's side: %s", (_, counts, window, compared, best, worst, theirs = 0, sawFail = 0) => {
  const own = { dropped: 0, notJudged: 0, ...window };
  const between = betweenCounts({ uncertain: 0, ...counts }, own, { ...nothingMissing, ...compared }, theirs, sawFail);
  expect(between).toEqual({ best, worst });
});

test.each<[string, Omit<Sent, "isWhole" | "elsewhere"> & Partial<Sent>, number, Compared]>([
  ["equal counts lack nothing", { all: 100, answered: 100, cutOff: 0 }, 100, nothingMissing],
  [
    "answered requests that were not counted are missing for certain",
    { all: 100, answered: 100, cutOff: 0 },
    60,
    { missing: 40, missingForCertain: 40, elsewhere: 0, others: 0 },
  ],
  [
    "what got no answer may be counted or not, and stand where another is missing",
    { all: 107, answered: 100, cutOff: 0 },
    100,
    { missing: 7, missingForCertain: 0, elsewhere: 0, others: 0 },
  ],
  [
    "what was cut off is as uncertain",
    { all: 100, answered: 100, cutOff: 3 },
    102,
    { missing: 1, missingForCertain: 0, elsewhere: 0, others: 0 },
  ],
  [
    "more than k6 sent is somebody else's, and then equality would prove nothing",
    { all: 100, answered: 100, cutOff: 0 },
    101,
    { missing: 100, missingForCertain: 0, elsewhere: 0, others: 1 },
  ],
  [
    "what a lost pod sent and nobody heard of may stand where another's are missing",
    { all: 100, answered: 100, cutOff: 0, isWhole: false },
    98,
    { missing: 100, missingForCertain: 2, elsewhere: 0, others: 0 },
  ],
  [
    "what is named by another host's URL may have been the target's all the same, as behind a redirect",
    { all: 200, answered: 200, elsewhere: 100, cutOff: 0 },
    100,
    { missing: 100, missingForCertain: 0, elsewhere: 100, others: 0 },
  ],
  ["and where the service counted it too, nothing is missing", { all: 200, answered: 200, elsewhere: 100, cutOff: 0 }, 200, nothingMissing],
])("both sides compared: %s", (_, sent, counted, expected) => {
  expect(compareSides({ isWhole: true, elsewhere: 0, ...sent }, counted)).toEqual(expected);
});

const point = (atSeconds: number, total: number, bad: number): { atSeconds: number; total: number; bad: number } => ({
  atSeconds,
  total,
  bad,
});

test.each([
  ["what came after the last step is not left out", [point(0, 0, 0), point(10, 50, 0)], point(14, 70, 9), point(14, 70, 9)],
  [
    "nothing came after the last step: the wait is no part of the run",
    [point(0, 0, 0), point(10, 50, 0)],
    point(14, 50, 0),
    point(10, 50, 0),
  ],
  ["the last step was the last moment", [point(0, 0, 0), point(14, 70, 9)], point(14, 70, 9), point(14, 70, 9)],
  ["no step was read, so one moment alone says nothing", [], point(14, 70, 9), undefined],
])("counts over time: %s", (_, points, end, last) => {
  expect(endedWith(points, end).at(-1)).toEqual(last);
});
