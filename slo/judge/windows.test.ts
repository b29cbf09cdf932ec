import { expect, test } from "vitest";
import type { CumulativePoint } from "../collect/measurement.ts";
import { findFastBurns, windowTable, type WindowQuestion } from "./windows.ts";

/** Makes moments a second apart, from what came and what was bad in each second. */
function secondBySecond(seconds: number, perSecond: number, badIn: (second: number) => number, from = 1000): CumulativePoint[] {
  let bad = 0;
  return Array.from({ length: seconds + 1 }, (_, second) => {
    if (second > 0) bad += badIn(second);
    return { atSeconds: from + second, total: perSecond * second, bad };
  });
}

const ask = (points: CumulativePoint[], more: Partial<WindowQuestion> = {}) =>
  findFastBurns({
    points,
    timestampSkewSeconds: 0,
    whole: points.at(-1) ?? { total: 0, bad: 0 },
    targetRatio: 0.999,
    confidence: 0.95,
    ...more,
  });

const within = (from: number, to: number, bad: number) => (second: number) => (second > from && second <= to ? bad : 0);

test("the table spends about three quarters of the run's budget in one long window", () => {
  expect(windowTable.map(({ shareOfRun, burnRateThreshold }) => Number((shareOfRun * burnRateThreshold).toFixed(2)))).toEqual([0.72, 0.75]);
});

test("a steady run within its budget burns slowly in every window", () => {
  const windows = ask(secondBySecond(600, 100, (second) => (second % 20 === 0 ? 1 : 0)));
  expect(
    windows.map(({ kind, longSeconds, shortSeconds, burnRateThreshold }) => [kind, longSeconds, shortSeconds, burnRateThreshold]),
  ).toEqual([
    ["slowBurn", 30, 3, 14.4],
    ["slowBurn", 75, 7, 6],
  ]);
  expect(windows[0]).toMatchObject({ worstBurnRate: expect.closeTo(2 / 3, 9) });
});

test("a short fast burn is found, with its time and its numbers", () => {
  const [fast, slow] = ask(secondBySecond(600, 1000, within(300, 305, 110)));
  expect(fast).toMatchObject({
    kind: "fastBurn",
    longSeconds: 30,
    shortSeconds: 3,
    fromSeconds: 1275,
    toSeconds: 1305,
    count: { total: 30_000, bad: 550 },
  });
  expect(fast).toMatchObject({ worstBurnRate: expect.closeTo(55 / 3, 9) });
  expect(slow).toMatchObject({ kind: "fastBurn", longSeconds: 75, shortSeconds: 7, worstBurnRate: expect.closeTo(22 / 3, 9) });
});

test("a proved burn is below the one that was seen and above the limit", () => {
  const [fast] = ask(secondBySecond(600, 100, within(300, 305, 20)));
  if (fast?.kind !== "fastBurn") throw new Error(fast?.kind);
  expect(fast.provedBurnRate).toBeGreaterThan(14.4);
  expect(fast.provedBurnRate).toBeLessThan(fast.worstBurnRate);
});

test("a fast burn in the first second is found, although the first moment has counted it already", () => {
  const points = secondBySecond(600, 1000, within(0, 2, 275)).slice(1);
  const [fast] = ask(points);
  expect(fast).toMatchObject({ kind: "fastBurn", fromSeconds: 1000, toSeconds: 1030, count: { total: 30_000, bad: 550 } });
});

test("the wait after the last request is no part of the run", () => {
  const load = secondBySecond(600, 100, within(590, 595, 20));
  const last = load.at(-1) ?? { atSeconds: 0, total: 0, bad: 0 };
  const waited = [...load, ...Array.from({ length: 300 }, (_, i) => ({ ...last, atSeconds: last.atSeconds + i + 1 }))];
  expect(ask(waited)).toEqual(ask(load));
});

test("a fast burn is dated by a moment at which it still burned", () => {
  const [fast] = ask(secondBySecond(600, 1000, within(300, 301, 550)));
  expect(fast).toMatchObject({ kind: "fastBurn", fromSeconds: 1271, toSeconds: 1301 });
});

test.each([
  ["no request in it", 0],
  ["only good requests in it", 10],
])("a short window confirms nothing with %s", (_, perSecond) => {
  // 400 bad of 30,000 are below the limit while they come; afterwards the long window holds them among few others, but it is over.
  const quiet = (second: number): number => Math.min(Math.max(second - 300, 0), 25);
  const points = secondBySecond(600, 0, within(299, 300, 400)).map((point, second) => ({
    ...point,
    total: 1000 * (second - quiet(second)) + perSecond * quiet(second),
  }));
  const [fast] = ask(points);
  expect(fast?.kind).toBe("slowBurn");
  expect(fast?.kind === "slowBurn" && fast.worstBurnRate).toBeGreaterThan(70);
});

test("slow requests that are counted a moment late never make more bad than there are", () => {
  const slow = (second: number): number => Math.min(Math.max(second - 290, 0), 11);
  const points = secondBySecond(600, 100, within(300, 301, 3000)).map((point, second) => ({
    ...point,
    total: point.total - 99 * slow(second),
  }));
  const [fast] = ask(points);
  expect(fast).toMatchObject({
    kind: "fastBurn",
    toSeconds: 1301,
    count: { total: 1911, bad: 1911 },
    worstBurnRate: expect.closeTo(1000, 6),
  });
});

const points = secondBySecond(600, 100, () => 0);
const broken = (i: number, change: Partial<CumulativePoint>) => points.map((point, at) => (at === i ? { ...point, ...change } : point));

test.each<[string, CumulativePoint[], Partial<WindowQuestion>, string]>([
  ["only the whole run was read", [], {}, "only the whole run could be read"],
  ["one moment was read", points.slice(0, 1), {}, "only 1 moment could be read"],
  ["nothing came in", points.map((point) => ({ ...point, total: 0 })), {}, "no request came in between the moments that were read"],
  ["the total goes down", broken(300, { total: 5 }), {}, "the counts go down over time"],
  ["bad events go away", broken(300, { bad: 3 }), {}, "the counts go down over time"],
  ["a moment is no number", broken(300, { bad: Number.NaN }), {}, "the counts over time are not all numbers from 0 up"],
  ["a moment is negative", broken(0, { total: -1 }), {}, "the counts over time are not all numbers from 0 up"],
  ["the moments are out of order", broken(300, { atSeconds: 5 }), {}, "the moments are not in order"],
  ["a moment stands twice", broken(300, { atSeconds: 1301 }), {}, "the moments are not in order"],
  [
    "the moments say more than the whole",
    points,
    { whole: { total: 59_999, bad: 0 } },
    "the counts over time say more than the count of the whole run",
  ],
  [
    "the limit is beyond every request bad",
    points,
    { targetRatio: 0.93 },
    "even if every request were bad, the budget could not burn 14.4 times as fast as allowed",
  ],
  [
    "the moments are too far apart",
    points.filter((_, i) => i % 100 === 0),
    {},
    "the counts were read every 100 s, too far apart for a window of 30 s",
  ],
  [
    "too few requests to prove a fast burn",
    points.map((point, i) => ({ ...point, total: Math.floor(i / 40) })),
    {},
    "no window of 30 s has more than 1 request, too few to prove a fast burn",
  ],
])("windows are skipped when %s, and say so", (_, read, more, reason) => {
  expect(ask(read, more)[0]).toMatchObject({ kind: "skipped", reason });
});

test("the second pair stands where only the first is skipped", () => {
  const findings = ask(secondBySecond(600, 100, within(300, 375, 90)), { targetRatio: 0.9 });
  expect(findings.map(({ kind }) => kind)).toEqual(["skipped", "fastBurn"]);
});

test("an hour of moments is searched in an instant, even where every window burns", () => {
  const hours = secondBySecond(4 * 3600, 100, () => 30);
  const started = performance.now();
  const findings = ask(hours, { targetRatio: 0.99 });
  expect(findings.map(({ kind }) => kind)).toEqual(["fastBurn", "fastBurn"]);
  expect(findings[0]).toMatchObject({ longSeconds: 720, shortSeconds: 60 });
  // Two pointers take milliseconds here; a search inside the search would take minutes.
  expect(performance.now() - started).toBeLessThan(15_000);
});

test("bad events whose total comes a push later are no fast burn", () => {
  // Every 143rd of 600 a second fails. The failures' series is stamped just before the moment that is read, the successes' just after.
  const failed = (second: number): number => Math.floor((600 * second) / 143);
  const points = Array.from({ length: 11 }, (_, second) => ({
    atSeconds: 1000 + second,
    total: failed(second) + (second === 6 ? 600 * 5 - failed(5) : 600 * second - failed(second)),
    bad: failed(second),
  }));
  const skewed = ask(points, { targetRatio: 0.99, timestampSkewSeconds: 1.1 });
  expect(skewed.map(({ kind }) => kind)).not.toContain("fastBurn");
  expect(ask(points, { targetRatio: 0.99, timestampSkewSeconds: 0 })[0]).toMatchObject({ kind: "fastBurn" });
});

test("a fast burn is still found where series count up at different instants, with all that it could have come from", () => {
  const [fast] = ask(secondBySecond(600, 1000, within(300, 305, 150)), { timestampSkewSeconds: 1.1 });
  expect(fast).toMatchObject({ kind: "fastBurn", fromSeconds: 1273, toSeconds: 1307, count: { total: 34_000, bad: 750 } });
});
