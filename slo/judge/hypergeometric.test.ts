import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { overRepresented } from "./hypergeometric.ts";

/** The same probability with whole numbers: the share of all ways to draw that have so many bad ones or more. */
function byCounting(bad: number, total: number, allBad: number, all: number): number {
  const choose = (n: number, k: number): bigint => {
    if (k < 0 || k > n) return 0n;
    let ways = 1n;
    for (let i = 0; i < k; i += 1) ways = (ways * BigInt(n - i)) / BigInt(i + 1);
    return ways;
  };
  let ways = 0n;
  for (let x = bad; x <= total; x += 1) ways += choose(allBad, x) * choose(all - allBad, total - x);
  return Number((ways * 10n ** 30n) / choose(all, total)) / 1e30;
}

describe("Fisher's exact test, one-sided", () => {
  test.each([
    ["the lady tasting tea (Fisher 1935): 3 of 4 right, 17/70", { bad: 3, total: 4 }, { bad: 4, total: 8 }, 17 / 70],
    ["the convicted twins (Fisher 1962, R's fisher.test): 0.0004652", { bad: 10, total: 13 }, { bad: 12, total: 30 }, 0.000465183],
    ["a part with nothing bad is never over-represented", { bad: 0, total: 10 }, { bad: 5, total: 100 }, 1],
    ["the whole against nothing says nothing", { bad: 5, total: 100 }, { bad: 5, total: 100 }, 1],
    ["where all is bad, no part stands out", { bad: 10, total: 10 }, { bad: 100, total: 100 }, 1],
    ["one route of five that fails always", { bad: 620, total: 620 }, { bad: 620, total: 5281 }, 0],
  ])("%s", (_, part, whole, p) => expect(overRepresented(part, whole)).toBeCloseTo(p, 8));

  test("agrees with counting all ways to draw", () => {
    const table = fc.record({ a: fc.nat(40), b: fc.nat(40), c: fc.nat(200), d: fc.nat(200) });
    fc.assert(
      fc.property(table, ({ a, b, c, d }) => {
        const [part, whole] = [
          { bad: a, total: a + b },
          { bad: a + c, total: a + b + c + d },
        ];
        const expected = byCounting(a, a + b, a + c, a + b + c + d);
        expect(Math.abs(overRepresented(part, whole) - expected)).toBeLessThan(1e-12 + 1e-9 * expected);
      }),
    );
  });

  test("counts of a long run are no difficulty", () => {
    const p = overRepresented({ bad: 1100, total: 1_000_000 }, { bad: 10_000, total: 10_000_000 });
    expect(p).toBeGreaterThan(0.0001);
    expect(p).toBeLessThan(0.001); // 3.3 standard deviations above 1,000
  });
});
