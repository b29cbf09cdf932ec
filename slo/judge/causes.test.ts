import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Cell } from "../collect/causes.ts";
import type { CumulativePoint } from "../collect/measurement.ts";
import { findCauses, momentsOf, testsOf } from "./causes.ts";

const outcome = { kind: "answer", status: "500", errorCode: "1500" } as const;
const cell = (route: string, total: number, bad: number, instance = "0"): Cell => {
  return { method: "GET", route, instance, total, bad: bad > 0 ? [{ outcome, count: bad }] : [] };
};
const found = (cells: Cell[], steps = 60) => findCauses(cells, testsOf(cells, steps, 0.95));

describe("what bad events have in common", () => {
  const rows: [string, Cell[], (string | undefined)[]][] = [
    ["a route that alone fails stands out", [cell("a", 4661, 0), cell("b", 620, 620)], ["b"]],
    [
      "two of five do, the one with more beyond chance first",
      [cell("a", 900, 0), cell("b", 100, 50), cell("c", 100, 80), cell("d", 900, 0)],
      ["c", "b"],
    ],
    ["where all routes fail alike, none does", [cell("a", 1000, 1000), cell("b", 1000, 1000)], [undefined]],
    ["a few errors by chance name no route", [cell("a", 3000, 2), cell("b", 3000, 0)], [undefined]],
    ["three of three on one of two routes may be chance", [cell("a", 300, 3), cell("b", 300, 0)], [undefined]],
    ["an only route is named without a comparison", [cell("a", 100, 7)], ["a"]],
    ["nothing bad has no cause", [cell("a", 100, 0)], []],
    ["no event at all", [], []],
  ];
  test.each(rows)("%s", (_, cells, routes) => expect(found(cells).map(({ subject }) => subject?.route)).toEqual(routes));

  test("a pod that fails is named, the others are not", () => {
    const [cause] = found([cell("a", 500, 0, "0"), cell("a", 500, 200, "1"), cell("a", 500, 0, "2")]);
    expect(cause?.instances).toBe(3);
    expect(cause?.instance).toEqual([{ name: "1", count: { total: 500, bad: 200 }, p: expect.any(Number) }]);
  });

  test("the parts of one objective add up", () => {
    const [first, second] = found([cell("a", 900, 3), cell("b", 100, 50), cell("c", 100, 80)]);
    expect(first?.elsewhere).toEqual({ total: 900, bad: 3 });
    expect(second?.elsewhere).toEqual(first?.elsewhere);
    expect((first?.count.bad ?? 0) + (second?.count.bad ?? 0) + 3).toBe(133);
  });

  test("a service that fails by chance alone is given a cause in at most 5 % of the runs", () => {
    let told = 0;
    const random = fc.sample(fc.array(fc.nat(999), { minLength: 40, maxLength: 40 }), { seed: 1, numRuns: 400 });
    for (const draws of random) {
      const bad = (part: number): number => draws.slice(part * 10, part * 10 + 10).filter((draw) => draw < 300).length;
      const cells = [0, 1, 2, 3].map((part) => cell(`r${part}`, 10, bad(part)));
      if (found(cells, 0).some(({ subject }) => subject !== undefined)) told += 1;
    }
    expect(told).toBeLessThanOrEqual(20);
  });
});

/** Counts so far, a second each, of `perSecond` events of which `badIn` are bad. */
function timeline(seconds: number, perSecond: number, badIn: (second: number) => number): CumulativePoint[] {
  let bad = 0;
  return Array.from({ length: seconds }, (_, second) => ({
    atSeconds: 1000 + second + 1,
    total: (second + 1) * perSecond,
    bad: (bad += badIn(second)),
  }));
}

describe("when bad events came", () => {
  const tests = testsOf([cell("a", 1, 1)], 60, 0.95);
  const of = (points: CumulativePoint[]) => momentsOf(points, 1, tests);

  test("all from the first second: no stretch of time stands out", () => {
    const moments = of(timeline(60, 10, () => 10));
    expect(moments).toMatchObject({ fromStart: true, firstSeconds: 1001, before: undefined, after: undefined, worst: undefined });
  });

  test("a second of good ones came before: it did not begin with the first", () => {
    expect(of(timeline(60, 10, (second) => (second === 0 ? 0 : 10)))).toMatchObject({ fromStart: false, before: undefined });
  });

  test("a burst is told with what was quiet before and after it", () => {
    const moments = of(timeline(60, 10, (second) => (second >= 40 && second < 50 ? 8 : 0)));
    expect(moments).toMatchObject({ fromStart: false, firstSeconds: 1040, lastSeconds: 1050 });
    expect(moments?.before?.count).toEqual({ total: 390, bad: 0 });
    expect(moments?.after?.count.bad).toBe(0);
  });

  test("a few here and there make no stretch", () => {
    const moments = of(timeline(60, 10, (second) => (second % 13 === 7 ? 1 : 0)));
    expect(moments).toMatchObject({ before: undefined, after: undefined, worst: undefined });
  });

  test("the worst second of a run that fails a little all along", () => {
    const moments = of(timeline(60, 100, (second) => (second === 30 ? 60 : 3)));
    expect(moments?.worst).toMatchObject({ fromSeconds: 1030, toSeconds: 1031, count: { bad: 60 } });
  });

  test.each([
    ["nothing was read", []],
    ["a single moment", [{ atSeconds: 1, total: 1, bad: 1 }]],
    ["nothing was bad", timeline(10, 5, () => 0)],
  ])("%s: no moment is told", (_, points) => expect(of(points)).toBeUndefined());
});
