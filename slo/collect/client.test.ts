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
  if (query === "refused") return [{ valueAt: (at) => (at < 1030 ? undefined : 4) }];
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
  refused: undefined,
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
    ["7 slow requests came while k6 was short of CPU (README, When k6 is short of CPU): the delay may be its own"],
  ],
  ["slow requests of a k6 that nobody watched are as uncertain", slow, { shortage: { kind: "unknown" } }, 0, 7, [unwatched]],
  [
    "a refused connection is certainly bad, whatever CPU k6 had",
    { ...slow, refused: read("refused") },
    { shortage: { kind: "known", atSeconds: [1030] } },
    4,
    7,
    ["3 slow requests came while k6 was short of CPU (README, When k6 is short of CPU): the delay may be its own"],
  ],
  [
    "so it is where nobody watched",
    { ...slow, refused: read("refused") },
    { shortage: { kind: "unknown" } },
    4,
    7,
    [unwatched.replace("7", "3")],
  ],
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

type Hides = ClientQueries["hidden"][number]["hides"];
test.each<[string, Hides, number | undefined, object]>([
  ["what is good or bad in unknown numbers leaves nothing to judge", "any", 1, { kind: "absent", reason: "not read" }],
  [
    "bad events of an unknown number are bad in the worst reading, and those that are known stay bad",
    "bad",
    1,
    known(7, 600, 600, "not read"),
  ],
  ["events that are known by number may be good or bad", "events", 5, known(7, 605, 12, "5 events: not read")],
  ["a counter of them at zero is none", "any", 0, known(7, 600, 7)],
  ["nor is one that is not there", "any", undefined, known(7, 600, 7)],
])("%s", async (_, hides, value, expected) => {
  const seen = fakeApi((query) => {
    if (query === "hidden") return [{ valueAt: () => value }];
    return [{ valueAt: () => (query === "total" ? 600 : query === "bad" ? 7 : 0) }];
  });
  const hidden = [{ read: read("hidden"), why: "not read", hides }];
  expect(await measureClient(seen, { ...failed, noun: "events", hidden }, window)).toMatchObject(expected);
});

function known(best: number, total: number, worst: number, ...caveats: string[]) {
  return { kind: "counted", best: { total, bad: best }, worst: { total, bad: worst }, caveats };
}

test("where nothing but what k6 refused is there, that is the reason", async () => {
  const seen = fakeApi((query) => (query === "hidden" ? [{ valueAt: () => 9 }] : []));
  const hidden = [{ read: read("hidden"), why: "k6 refused them", hides: "events" as const }];
  expect(await measureClient(seen, { ...failed, hidden }, window)).toMatchObject({
    kind: "absent",
    reason: "9 requests: k6 refused them; no request",
  });
});
