import { expect, test } from "vitest";
import { sinceBeginning, type PartOfTotal } from "./points.ts";

const points = (...rows: [atSeconds: number, total: number, part: number][]): PartOfTotal[] =>
  rows.map(([atSeconds, total, part]) => ({ atSeconds, total, part }));

test.each<[string, PartOfTotal[], PartOfTotal[]]>([
  ["what was counted before the load is none of it", points([100, 40, 4], [101, 50, 5]), points([100, 0, 0], [101, 10, 1])],
  ["label sets that came within a step began at 0", points([101, 60, 6], [102, 90, 6]), points([100, 0, 0], [101, 60, 6], [102, 90, 6])],
  ["and so did those that came later", points([104, 60, 6]), points([100, 0, 0], [104, 60, 6])],
  ["nothing is nothing", [], []],
])("counts over time of a load that began at 100: %s", (_, read, expected) => {
  expect(sinceBeginning(read, 100)).toEqual(expected);
});
