import fc from "fast-check";
import { expect, test } from "vitest";
import { excuseStarved } from "./starved.ts";

const points = (...bads: number[]) => bads.map((bad, i) => ({ atSeconds: 100 + i, total: 50 * (i + 1), bad }));

test.each<[string, number[], number[], number, number[]]>([
  ["without a starved second everything stays", [0, 2, 2, 5], [], 0, [0, 2, 2, 5]],
  ["what came in a starved second, and a push around it, is taken out", [0, 0, 0, 0, 7, 7, 7, 7, 7], [104], 7, [0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ["what came at another time stays", [0, 3, 3, 3, 3, 3, 9, 9, 10], [106], 7, [0, 3, 3, 3, 3, 3, 3, 3, 3]],
  ["what was there at the first moment came before it", [4, 4, 4, 4, 4, 4], [100], 4, [0, 0, 0, 0, 0, 0]],
])("%s", (_, bads, starved, doubtful, left) => {
  const excused = excuseStarved(points(...bads), starved, 0.5);
  expect([excused.doubtful, excused.cumulative.map(({ bad }) => bad)]).toEqual([doubtful, left]);
});

test("a slow answer shows as long after its cause as it may be late", () => {
  expect(excuseStarved(points(0, 0, 0, 0, 0, 0, 5), [101], 5).doubtful).toBe(5);
  expect(excuseStarved(points(0, 0, 0, 0, 0, 0, 5), [101], 0.5).doubtful).toBe(0);
});

test("what is left goes up only, and together with what was taken out is all there was", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9), { minLength: 1, maxLength: 30 }), fc.array(fc.integer({ min: 95, max: 135 })), (growth, starved) => {
      let bad = 0;
      const all = points(...growth.map((more) => (bad += more)));
      const { doubtful, cumulative } = excuseStarved(all, starved, 1);
      expect(doubtful + (cumulative.at(-1)?.bad ?? 0)).toBe(bad);
      expect(cumulative.every((point, i) => point.bad >= (cumulative[i - 1]?.bad ?? 0) && point.bad >= 0)).toBe(true);
    }),
  );
});
