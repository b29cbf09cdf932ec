import fc from "fast-check";
import { expect, test } from "vitest";
import { dropCauseOf, excuseStarved, risesOf, type CpuShortage } from "./starved.ts";

const at = (...atSeconds: number[]): CpuShortage => ({ kind: "known", atSeconds });
const unknown: CpuShortage = { kind: "unknown" };
const points = (...bads: number[]) => bads.map((bad, i) => ({ atSeconds: 100 + i, total: 50 * (i + 1), bad }));

test.each<[string, number[], CpuShortage, number, number[]]>([
  ["without a starved second everything stays", [0, 2, 2, 5], at(), 0, [0, 2, 2, 5]],
  ["where nobody watched the generator, everything may be its own delay", [0, 2, 2, 5], unknown, 5, [0, 0, 0, 0]],
  ["without a slow request there is nothing to take out", [0, 0, 0], unknown, 0, [0, 0, 0]],
  [
    "what came in a starved second, and a push around it, is taken out",
    [0, 0, 0, 0, 7, 7, 7, 7, 7],
    at(104),
    7,
    [0, 0, 0, 0, 0, 0, 0, 0, 0],
  ],
  ["what came at another time stays", [0, 3, 3, 3, 3, 3, 9, 9, 10], at(106), 7, [0, 3, 3, 3, 3, 3, 3, 3, 3]],
  [
    "the shortage may go on for less than half of the next second, which nothing tells",
    [0, 0, 0, 0, 0, 0, 7],
    at(103.2),
    7,
    [0, 0, 0, 0, 0, 0, 0],
  ],
  ["what was there at the first moment came before it", [4, 4, 4, 4, 4, 4], at(100), 4, [0, 0, 0, 0, 0, 0]],
])("%s", (_, bads, starved, uncertain, left) => {
  const excused = excuseStarved(points(...bads), bads.at(-1) ?? 0, starved, 0.5);
  expect([excused.uncertain, excused.cumulative.map(({ bad }) => bad)]).toEqual([uncertain, left]);
});

test("a slow answer shows as long after its cause as it may be late", () => {
  expect(excuseStarved(points(0, 0, 0, 0, 0, 0, 5), 5, at(101), 5).uncertain).toBe(5);
  expect(excuseStarved(points(0, 0, 0, 0, 0, 0, 5), 5, at(101), 0.5).uncertain).toBe(0);
});

test("what is left goes up only, and together with what was taken out is all there was", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9), { minLength: 1, maxLength: 30 }), fc.array(fc.integer({ min: 95, max: 135 })), (growth, starved) => {
      let bad = 0;
      const all = points(...growth.map((more) => (bad += more)));
      const { uncertain, cumulative } = excuseStarved(all, bad, at(...starved), 1);
      expect(uncertain + (cumulative.at(-1)?.bad ?? 0)).toBe(bad);
      expect(cumulative.every((point, i) => point.bad >= (cumulative[i - 1]?.bad ?? 0) && point.bad >= 0)).toBe(true);
    }),
  );
});

test.each<[string, number[], CpuShortage, number]>([
  ["slow requests that no moment shows may have come in the starved second", [], at(104), 7],
  ["those that came after the last moment too", [0, 2], at(500), 5],
  ["a generator that was never short delayed none of them", [], at(), 0],
])("%s", (_, bads, shortage, uncertain) => {
  expect(excuseStarved(points(...bads), 7, shortage, 0.5).uncertain).toBe(uncertain);
});

const day = 86_400;
const stepSeconds = day / 5000;

/** Reads, as in a run of 24 hours, a counter of dropped iterations that rises by one at a moment and is stamped a push later. */
const dropsReadAt = (droppedAt: number, pushedAfter: number, phase: number): ReturnType<typeof risesOf> => {
  const grid = Array.from({ length: 5000 }, (__, i) => phase + i * stepSeconds);
  const stored = grid.filter((moment) => moment >= droppedAt + pushedAfter).map((atSeconds) => ({ atSeconds, value: 1 }));
  return risesOf(stored, stepSeconds);
};

test.each([
  ["as they are dropped", 0],
  ["a second later", 1],
])(
  "in a run of 24 hours drops within 2 s of shortage are never the service's alone, wherever the reads fall: pushed %s",
  (_, pushedAfter) => {
    for (let phase = 0; phase < stepSeconds; phase += 0.05) {
      for (const droppedAt of [40_000, 40_001, 40_002]) {
        expect([phase, droppedAt, dropCauseOf(dropsReadAt(droppedAt, pushedAfter, phase), at(40_001, 40_002))]).toEqual([
          phase,
          droppedAt,
          "starved",
        ]);
      }
    }
  },
);

test("in a run of 24 hours slow requests within 2 s of shortage are uncertain wherever the reads fall", () => {
  for (let phase = 0; phase < stepSeconds; phase += 0.05) {
    const read = Array.from({ length: 5000 }, (_, i) => phase + i * stepSeconds).map((moment) => ({
      atSeconds: moment,
      total: 1000,
      bad: moment >= 40_001.5 ? 3 : 0,
    }));
    expect(excuseStarved(read, 3, at(40_001, 40_002), 0.25).uncertain).toBe(3);
  }
});

test.each<[string, ReturnType<typeof risesOf> | undefined, CpuShortage, string]>([
  ["no drop is nobody's", [], at(), "service"],
  ["no drop is nobody's, whatever is known of the generator", [], unknown, "service"],
  ["drops of a generator that nobody watched are of unknown cause", [{ fromSeconds: 10, toSeconds: 11 }], unknown, "unknown"],
  ["drops at moments that could not be read are of unknown cause", undefined, at(), "unknown"],
  ["drops far from a shortage are the service's", [{ fromSeconds: 10, toSeconds: 11 }], at(30), "service"],
  [
    "one drop in a starved second makes them uncertain",
    [
      { fromSeconds: 10, toSeconds: 11 },
      { fromSeconds: 29, toSeconds: 30 },
    ],
    at(30),
    "starved",
  ],
  ["a push that comes late still belongs to the second before", [{ fromSeconds: 31, toSeconds: 32 }], at(30), "starved"],
])("%s", (_, rises, shortage, cause) => expect(dropCauseOf(rises, shortage)).toBe(cause));

test("a counter's first read is a rise from nothing, a step before", () => {
  const reads = [2, 2, 5].map((value, i) => ({ atSeconds: 100 + 10 * i, value }));
  expect(risesOf(reads, 10)).toEqual([
    { fromSeconds: 90, toSeconds: 100 },
    { fromSeconds: 110, toSeconds: 120 },
  ]);
});
