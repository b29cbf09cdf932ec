import { expect, test } from "vitest";
import { sideBySide } from "./side-by-side.ts";

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
  const rows = await sideBySide(
    { say: (line) => said.push(line) },
    { what: "CPU", rounds: 3, first: side("ours", [2e-6, 3e-6, 4e-6]), second: side("theirs", [1e-6, 2e-6, 4e-6]), atMost: 1.1 },
  );
  expect(order).toEqual(["ours", "theirs", "theirs", "ours", "ours", "theirs"]);
  expect(said[0]).toBe("round 1 of 3: ours 2.0 µs, theirs 1.0 µs a request");
  expect(rows).toEqual([
    { what: "CPU, ours ÷ theirs", unit: "ratio", values: [2, 1.5, 1], goal: { atMost: 1.1, by: "median" } },
    { what: "CPU, ours", unit: "microseconds", values: [2e-6, 3e-6, 4e-6] },
    { what: "CPU, theirs", unit: "microseconds", values: [1e-6, 2e-6, 4e-6] },
  ]);
});
