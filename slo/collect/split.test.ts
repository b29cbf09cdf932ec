import fc from "fast-check";
import { expect, test } from "vitest";
import type { CounterQueries } from "../compile/counters.ts";
import { fakeApi } from "./fake-api.fixture.ts";
import { countIn, splitHistogram } from "./histogram.ts";
import { splitOf, type Part } from "./split.ts";

const window = { fromSeconds: 0, toSeconds: 100, endedSeconds: 90 };
const below = (les: readonly string[]): CounterQueries => ({ series: { promql: les.join("|") } }) as CounterQueries;
const shown = ({ counters }: Part): string => counters.map(({ series }) => series.promql).join(" + ") || "none";

async function split(counts: Record<string, number>, atMostSeconds: number, unitsPerSecond: number): Promise<string> {
  const api = fakeApi(() => Object.entries(counts).map(([le, count]) => ({ labels: { le }, valueAt: () => count })));
  const buckets = () => ({ promql: "buckets" });
  const { least, most } = await splitOf(api, { kind: "buckets", atMostSeconds, unitsPerSecond, buckets, below, timed: below([]) }, window);
  return least === most ? shown(least) : `${shown(most)} to ${shown(least)}`;
}

test.each<[string, Record<string, number>, number, number, string]>([
  ["a bucket at the threshold tells exactly", { "0.1": 2, "0.25": 2, "+Inf": 2 }, 0.25, 1, "0.25"],
  ["in milliseconds, too", { "100": 2, "250": 2, "+Inf": 2 }, 0.25, 1000, "250"],
  ["whatever floating point makes of it", { "570": 2, "580": 2, "+Inf": 2 }, 0.57, 1000, "570"],
  ["and of parts of milliseconds", { "2.3": 2, "2.5": 2, "+Inf": 2 }, 0.0023, 1000, "2.3"],
  ["in every spelling, where each series has one of them", { "1": 1, "1.0": 1, "+Inf": 2 }, 1, 1, "1|1.0"],
  ["seconds are no milliseconds", { "0.25": 2, "250": 2, "+Inf": 2 }, 0.25, 1000, "250"],
  ["between two buckets both are read", { "0.1": 2, "0.5": 2, "+Inf": 2 }, 0.25, 1, "0.1 to 0.5"],
  ["a bucket that a series lacks tells nothing", { "0.1": 2, "0.25": 1, "0.5": 2, "+Inf": 2 }, 0.25, 1, "0.1 to 0.5"],
  ["below the first bucket all may be slow", { "0.5": 2, "+Inf": 2 }, 0.25, 1, "none to 0.5"],
  ["above the last one nothing is slow for certain", { "0.1": 2, "+Inf": 2 }, 0.25, 1, "0.1 to +Inf"],
])("%s", async (_, counts, atMostSeconds, unitsPerSecond, expected) => {
  expect(await split(counts, atMostSeconds, unitsPerSecond)).toBe(expected);
});

test("a histogram without its last bucket is not whole", async () => {
  await expect(split({ "0.1": 2, "0.25": 2 }, 0.25, 1)).rejects.toThrow("no bucket +Inf");
});

const bucket = fc.record({ width: fc.double({ min: 0.01, max: 2, noNaN: true }), count: fc.nat(100) });
test("what a native histogram certainly and maybe has up to a limit is what its buckets above leave, of seconds and milliseconds", () => {
  fc.assert(
    fc.property(fc.array(bucket), fc.double({ min: 0.001, max: 10, noNaN: true }), fc.nat(5), (widths, limitSeconds, nan) => {
      let upper = 0;
      const buckets = widths.map(({ width, count }) => ({ lower: upper, upper: (upper += width), count }));
      const count = buckets.reduce((sum, one) => sum + one.count, nan);
      const { above, uncertain } = splitHistogram({ count, sum: 0, buckets }, limitSeconds);
      const part = (kind: "certainlyUpTo" | "maybeUpTo"): number =>
        countIn({ count, sum: 0, buckets }, { kind, limitSeconds, unitsPerSecond: 1 });
      expect(count - part("maybeUpTo")).toBe(above);
      expect(count - part("certainlyUpTo")).toBe(above + uncertain + nan);
      expect(countIn({ count, sum: 0, buckets }, { kind: "all" })).toBe(count);
    }),
  );
  const milliseconds = { count: 3, sum: 0, buckets: [{ lower: 200, upper: 250, count: 3 }] };
  expect(countIn(milliseconds, { kind: "certainlyUpTo", limitSeconds: 0.25, unitsPerSecond: 1000 })).toBe(3);
});
