import { expect, test } from "vitest";
import type { ClientQueries } from "../compile/client.ts";
import type { ClientWindow } from "./client.ts";
import { fakeApi } from "./fake-api.fixture.ts";
import { measurePhase } from "./phase.ts";

const window: ClientWindow = {
  fromSeconds: 1000,
  toSeconds: 1061,
  stepSeconds: 1,
  dropped: 0,
  dropCause: "service",
  dropsOver: [],
  interrupted: 0,
  shortage: { kind: "known", atSeconds: [] },
  iterations: 600,
  requestsPerIteration: 1,
};
const read = (promql: string) => () => ({ promql });
const sumsAt = (series: { promql: string }, _range: number, at: number) => ({
  least: { promql: `${series.promql} least ${at}` },
  most: { promql: `${series.promql} most ${at}` },
});
const phased = { total: { promql: "total" }, bad: [{ promql: "bad" }], dropped: { promql: "dropped" }, sumsAt };
const query: ClientQueries & { phased: typeof phased } = {
  kind: "client",
  objective: "o",
  noun: "requests",
  total: read("total"),
  nothing: { sentence: "no request" },
  bad: [read("bad")],
  proof: undefined,
  tagged: undefined,
  histogram: undefined,
  byClient: undefined,
  shares: undefined,
  rising: [],
  hidden: [],
  unserved: "requests",
  unfiltered: true,
  slowAboveSeconds: undefined,
  part: undefined,
  phased,
};
const stretch = { kind: "stretch", name: "late", fromSeconds: 20, toSeconds: 40 } as const;
const rest = {
  cumulative: [10, 20, 30, 40, 50].map((at) => ({ atSeconds: 1000 + at, total: 10 * at, bad: at / 10 })),
  caveats: [],
  queries: { total: "t", bad: "b" },
};

/** Counts 200 at the first border and 400 at the second, up to 8 more of them open; of bad ones 2 and 9, with one open. */
const counts: Record<string, number> = {
  "total least 1020": 200,
  "total most 1020": 208,
  "total least 1040": 400,
  "total most 1040": 404,
  "bad least 1020": 2,
  "bad most 1020": 3,
  "bad least 1040": 9,
  "bad most 1040": 9,
};
const apiOf = (more: Record<string, number> = {}) =>
  fakeApi((text) => {
    const value = { ...counts, ...more }[text];
    return value === undefined ? [] : [{ valueAt: () => value }];
  });

test("what may have come on either side of a border is good at best and bad at worst", async () => {
  const measured = await measurePhase(apiOf(), query, stretch, window, rest);
  expect(measured).toMatchObject({ kind: "counted", best: { total: 204, bad: 6 }, worst: { total: 192, bad: 7 } });
  expect(measured.kind === "counted" && measured.caveats).toEqual([
    "of 12 requests nobody knows on which side of a border of the phase late they ended",
  ]);
  expect(measured.kind === "counted" && measured.cumulative).toEqual([
    { atSeconds: 1020, total: 0, bad: 0 },
    { atSeconds: 1030, total: 100, bad: 1 },
    { atSeconds: 1040, total: 200, bad: 2 },
  ]);
});

test("drops of the phase are bad, those at its borders perhaps", async () => {
  const dropped = { "dropped least 1040": 5, "dropped most 1040": 6 };
  const measured = await measurePhase(apiOf(dropped), query, stretch, window, rest);
  expect(measured).toMatchObject({ best: { total: 209, bad: 11 }, worst: { total: 198, bad: 13 } });
});

test("slow requests in a phase in which k6 was short of CPU prove nothing", async () => {
  const slow = { ...query, slowAboveSeconds: 0.25 };
  const short = { ...window, shortage: { kind: "known" as const, atSeconds: [1030] } };
  expect(await measurePhase(apiOf(), slow, stretch, short, rest)).toMatchObject({ best: { bad: 0 }, worst: { bad: 7 } });
  expect(await measurePhase(apiOf(), slow, stretch, window, rest)).toMatchObject({ best: { bad: 6 } });
});
