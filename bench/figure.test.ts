import { expect, test } from "vitest";
import { isReached, rowText, sideBySide, type Row, type Side } from "./figure.fixture.ts";

const row = (values: number[], goal?: Row["goal"]): Row => ({ what: "x", unit: "ratio", values, ...(goal ? { goal } : {}) });

test.each<[sentence: string, row: Row, reached: boolean | undefined]>([
  ["a median at the goal reaches it", row([1, 1.1, 9], { atMost: 1.1, by: "median" }), true],
  ["a median above it does not", row([1, 1.11, 1.2], { atMost: 1.1, by: "median" }), false],
  ["one value above it is enough where the worst counts", row([0, 0, 1], { atMost: 0, by: "worst" }), false],
  ["without a goal there is nothing to reach", row([1]), undefined],
])("%s", (_sentence, row, reached) => {
  expect(isReached(row)).toBe(reached);
});

test.each<[sentence: string, values: number[]]>([
  ["no value is no figure", []],
  ["a value that is no number is no figure", [1, Number.NaN]],
])("%s", (_sentence, values) => {
  expect(() => rowText(row(values))).toThrow("a figure without a number");
});

test("a row shows median, spread, goal and whether it is reached", () => {
  expect(rowText(row([2, 1, 4, 3], { atMost: 1.1, by: "median" }))).toBe(
    "x: median 2.500 (1.000 to 4.000, n = 4); goal: median at most 1.100: MISSED",
  );
});

test("two sides take turns at going first, and each round gives one ratio", async () => {
  const order: string[] = [];
  const said: string[] = [];
  const side = (name: string, values: number[]) => ({
    name,
    perRequest: () => {
      order.push(name);
      return Promise.resolve(values.shift() ?? Number.NaN);
    },
  });
  const sides: [Side, Side] = [side("ours", [2e-6, 3e-6, 4e-6]), side("theirs", [1e-6, 2e-6, 4e-6])];
  const rows = await sideBySide({ say: (line) => said.push(line) }, "CPU", 3, sides, 1.1);
  expect(order).toEqual(["ours", "theirs", "theirs", "ours", "ours", "theirs"]);
  expect(said[0]).toBe("round 1 of 3: ours 2.0 µs, theirs 1.0 µs a request");
  expect(rows).toEqual([
    { what: "CPU, ours ÷ theirs", unit: "ratio", values: [2, 1.5, 1], goal: { atMost: 1.1, by: "median" } },
    { what: "CPU, ours", unit: "microseconds", values: [2e-6, 3e-6, 4e-6] },
    { what: "CPU, theirs", unit: "microseconds", values: [1e-6, 2e-6, 4e-6] },
  ]);
});
