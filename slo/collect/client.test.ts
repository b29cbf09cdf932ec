import { expect, test } from "vitest";
import type { ClientQueries } from "../compile/client.ts";
import { measureClient, type ClientWindow } from "./client.ts";
import { fakeApi } from "./fake-api.fixture.ts";

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

/** Counts 10 requests a second for a minute; seven of them are bad, at 30 s. */
const api = fakeApi((query) => {
  if (query === "proof") return [{ valueAt: () => 0 }];
  if (query === "bad") return [{ valueAt: (at) => (at < 1030 ? undefined : 7) }];
  return [{ valueAt: (at) => (at < 1001 ? undefined : Math.min(600, 10 * Math.floor(at - 1000))) }];
});

const read = (promql: string) => () => ({ promql });
const failed: ClientQueries = {
  kind: "client",
  objective: "o",
  noun: "requests",
  total: read("total"),
  nothing: { sentence: "no request" },
  bad: [read("bad")],
  proof: { read: read("proof"), missing: "the client did not count bad events" },
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
  phased: undefined,
};
const slow: ClientQueries = { ...failed, slowAboveSeconds: 0.25 };
const unwatched = "nobody knows whether k6 had the CPU that it needed, so the delay of 7 slow requests may be its own";

test.each<[string, ClientQueries, Partial<ClientWindow>, number, number, string[]]>([
  ["slow requests of a k6 that was never short of CPU are the service's", slow, {}, 7, 7, []],
  [
    "slow requests while k6 was short of CPU are uncertain",
    slow,
    { shortage: { kind: "known", atSeconds: [1030] } },
    0,
    7,
    ["7 slow requests came while k6 was short of CPU: the delay may be its own"],
  ],
  ["slow requests of a k6 that nobody watched are as uncertain", slow, { shortage: { kind: "unknown" } }, 0, 7, [unwatched]],
  ["errors are the service's, whatever CPU k6 had", failed, { shortage: { kind: "unknown" } }, 7, 7, []],
  [
    "dropped iterations of a k6 that nobody watched are uncertain too, each in its own words",
    slow,
    { shortage: { kind: "unknown" }, dropped: 3, dropCause: "unknown" },
    0,
    10,
    [unwatched, "3 iterations were dropped, and nobody knows whether k6 had the CPU that it needed"],
  ],
])("%s", async (_, query, more, best, worst, caveats) => {
  const measured = await measureClient(api, query, { ...window, ...more });
  expect(measured).toMatchObject({ kind: "counted", best: { bad: best }, worst: { bad: worst }, caveats });
  expect(measured.kind === "counted" && measured.cumulative.at(-1)?.bad, "no fast burn is seen in what is uncertain").toBe(best);
});

test("drops that are the service's stand where they came, so that a fast burn of them can be found", async () => {
  const drops = [1020, 1021, 1061].map((atSeconds, i) => ({ atSeconds, value: 5 * (i + 1) }));
  const measured = await measureClient(api, failed, { ...window, dropped: 15, dropsOver: drops });
  if (measured.kind === "absent") throw new Error(measured.reason);
  const at = (moment: number) => measured.cumulative.find(({ atSeconds }) => atSeconds === moment);
  expect([at(1019), at(1020), at(1021), at(1040)].map((point) => [point?.total, point?.bad])).toEqual([
    [190, 0],
    [205, 5],
    [220, 10],
    [410, 17],
  ]);
  expect([measured.cumulative.at(-1), measured.best]).toEqual([
    { atSeconds: 1061, total: 615, bad: 22 },
    { total: 615, bad: 22 },
  ]);
});

test.each<[string, ClientQueries, Partial<ClientWindow>]>([
  ["uncertain drops are in no fast burn", failed, { dropCause: "starved" }],
  ["nor are those that may have been for another objective", { ...failed, unfiltered: false }, {}],
])("%s", async (_, query, more) => {
  const measured = await measureClient(api, query, { ...window, dropped: 15, dropsOver: [{ atSeconds: 1020, value: 15 }], ...more });
  expect(measured.kind === "counted" && measured.cumulative.at(-1)).toMatchObject({ total: 600, bad: 7 });
});

test.each<[string, number | undefined, string]>([
  ["bad events that no objective reads leave it open", 1, "absent"],
  ["a counter of them at zero does not", 0, "counted"],
  ["nor does none", undefined, "counted"],
])("%s", async (_, value, kind) => {
  const seen = fakeApi((query) => (query === "hidden" ? [{ valueAt: () => value }] : [{ valueAt: () => 7 }]));
  const hidden = [{ read: read("hidden"), why: "in teardown()" }];
  expect(await measureClient(seen, { ...failed, hidden }, window)).toMatchObject({
    kind,
    ...(value === 1 ? { reason: "in teardown()" } : {}),
  });
});
