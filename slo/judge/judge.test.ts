import { expect, test } from "vitest";
import type { Count, CumulativePoint, Measurement } from "../collect/measurement.ts";
import { presetNamed } from "../spec/presets.ts";
import type { Indicator, Objective, Spec } from "../spec/spec.ts";
import { judge, type RunCondition } from "./judge.ts";

const place = { file: "s.yaml", line: 1, column: 1 };
const errors: Indicator = { kind: "errors", side: "client", where: {} };
const latency: Indicator = { kind: "latency", side: "client", atMostSeconds: 0.25, where: {} };

const objective = (name: string, targetRatio = 0.999, indicator: Indicator = errors): Objective => ({
  name,
  targetRatio,
  indicator,
  place,
});
const specOf = (...objectives: Objective[]): Spec => ({
  version: 1,
  service: "shop",
  confidence: 0.95,
  periodSeconds: 2_592_000,
  objectives,
  metrics: presetNamed("fastify"),
  scenarios: {},
});
const queries = { total: "t", bad: "b" };

const count = (bad: number, total: number): Count => ({ bad, total });
const counted = (best: Count, worst = best, caveats: string[] = [], cumulative: CumulativePoint[] = []): Measurement => ({
  kind: "counted",
  objective: "o",
  best,
  worst,
  caveats,
  cumulative,
  timestampSkewSeconds: 0,
  queries,
});
const absent = (reason: string): Measurement => ({ kind: "absent", objective: "o", reason, queries });
const valid: RunCondition = { caveats: [], openModel: true };

/** Spreads 600,000 requests over 600 s, all of the bad ones in the `seconds` from 300 s on. */
const fastBurnOf = (bad: number, seconds: number): CumulativePoint[] =>
  Array.from({ length: 601 }, (_, second) => ({
    atSeconds: 1000 + second,
    total: 1000 * second,
    bad: Math.round((bad * Math.min(Math.max(second - 300, 0), seconds)) / seconds),
  }));

const table: [sentence: string, measured: Measurement[], run: RunCondition, kind: string, reason: string | undefined][] = [
  [
    "of a load that was stopped on proof a burst proves nothing that the rest of its plan could make good",
    [counted(count(6, 100))],
    { ...valid, caveats: ["stopped"], stoppedOnProof: { planned: 3000, sent: 100 } },
    "inconclusive",
    "6 bad of 100 (6%) are no fewer than 99.9% allows, but too few to rule out chance: a longer run would decide",
  ],
  [
    "and is exceeded by what the rest cannot",
    [counted(count(9, 100))],
    { ...valid, caveats: ["stopped"], stoppedOnProof: { planned: 3000, sent: 100 } },
    "exceeded",
    "9 bad of 100 (9%) prove an error ratio of at least 0.156%; 99.9% allows 0.1%",
  ],
  [
    "three events for each request make the plan three times as long",
    [counted(count(9, 300))],
    { ...valid, caveats: ["stopped"], stoppedOnProof: { planned: 3000, sent: 100 } },
    "inconclusive",
    "9 bad of 300 (3%) are no fewer than 99.9% allows, but too few to rule out chance: a longer run would decide",
  ],
  [
    "where nobody knows the plan a bound that holds at any look decides",
    [counted(count(9, 100))],
    { ...valid, caveats: ["stopped"], stoppedOnProof: { planned: null, sent: 100 } },
    "exceeded",
    "9 bad of 100 (9%) prove an error ratio of at least 2.52%; 99.9% allows 0.1%",
  ],
  ["just enough requests without an error are met", [counted(count(0, 2995))], valid, "met", undefined],
  [
    "one request fewer is not",
    [counted(count(0, 2994))],
    valid,
    "inconclusive",
    "2,994 requests with 0 bad cannot prove 99.9%: 2,995 are needed, 1.1 times as many",
  ],
  [
    "too few requests for the errors say how many are needed",
    [counted(count(1, 2000))],
    valid,
    "inconclusive",
    "2,000 requests with 1 bad cannot prove 99.9%: 4,742 are needed, 2.4 times as many",
  ],
  [
    "more errors than allowed, but few: chance is not ruled out",
    [counted(count(5, 3000))],
    valid,
    "inconclusive",
    "5 bad of 3,000 (0.167%) are no fewer than 99.9% allows, but too few to rule out chance: a longer run would decide",
  ],
  [
    "a proved error ratio is exceeded",
    [counted(count(12, 3000))],
    valid,
    "exceeded",
    "12 bad of 3,000 (0.4%) prove an error ratio of at least 0.23%; 99.9% allows 0.1%",
  ],
  [
    "every request bad is exceeded",
    [counted(count(3, 3))],
    valid,
    "exceeded",
    "3 bad of 3 (100%) prove an error ratio of at least 36.8%; 99.9% allows 0.1%",
  ],
  ["no measurement is inconclusive, never met", [], valid, "inconclusive", "it was not measured"],
  ["an absent measurement gives its own reason", [absent("no such series")], valid, "inconclusive", "no such series"],
  ["no request is inconclusive, never met", [counted(count(0, 0))], valid, "inconclusive", "0 requests were counted"],
  [
    "no certain request is inconclusive, whatever may have been",
    [counted(count(0, 0), count(9, 9), ["9 iterations were dropped"])],
    valid,
    "inconclusive",
    "0 requests were counted; 9 iterations were dropped",
  ],
  [
    "two measurements of one objective do not choose one",
    [counted(count(0, 9000)), counted(count(0, 9000))],
    valid,
    "inconclusive",
    "it was measured 2 times, so it is unclear which count holds",
  ],
  ["more bad than there are is absurd", [counted(count(2, 1))], valid, "inconclusive", "the counts make no sense: 2 bad of 1"],
  ["a negative count is absurd", [counted(count(-1, 9000))], valid, "inconclusive", "the counts make no sense: -1 bad of 9000"],
  ["half a request is absurd", [counted(count(0.5, 9000))], valid, "inconclusive", "the counts make no sense: 0.5 bad of 9000"],
  ["no number is absurd", [counted(count(Number.NaN, 9000))], valid, "inconclusive", "the counts make no sense: NaN bad of 9000"],
  ["endless is absurd", [counted(count(0, Infinity))], valid, "inconclusive", "the counts make no sense: 0 bad of Infinity"],
  ["noise of floating point is a whole number", [counted(count(1e-7, 2995 - 1e-7))], valid, "met", undefined],
  [
    "a worst case that is better than the best is absurd",
    [counted(count(5, 9000), count(0, 9000))],
    valid,
    "inconclusive",
    "the counts make no sense: at best 5 bad of 9000, at worst 0 bad of 9000",
  ],
  [
    "a worst case with more good events than the best is absurd",
    [counted(count(1, 100), count(1, 9000))],
    valid,
    "inconclusive",
    "the counts make no sense: at best 1 bad of 100, at worst 1 bad of 9000",
  ],
  [
    "a verdict that flips between best and worst is open, with the caveats",
    [counted(count(0, 3000), count(40, 3040), ["40 iterations were dropped while k6 was short of CPU"])],
    valid,
    "inconclusive",
    "at best 0 bad of 3,000, at worst 40 bad of 3,040: 40 iterations were dropped while k6 was short of CPU; at best 99.9% is proved; a longer run with the same caveat would not decide, its cause has to go",
  ],
  [
    "a caveat that changes nothing leaves it met",
    [counted(count(0, 9000), count(1, 9001), ["1 iteration was cut off"])],
    valid,
    "met",
    undefined,
  ],
  [
    "a run in caveat is never met",
    [counted(count(0, 9000))],
    { ...valid, caveats: ["k6 was killed", "the relay kept 3 pushes"] },
    "inconclusive",
    "run invalid: objectives cannot be reported as met",
  ],
  [
    "one caveat is enough",
    [counted(count(0, 9000))],
    { ...valid, caveats: ["k6 was killed"] },
    "inconclusive",
    "run invalid: objectives cannot be reported as met",
  ],
  [
    "evidence of failure stands, whatever the caveats",
    [counted(count(12, 3000))],
    { caveats: ["k6 was killed"], openModel: false },
    "exceeded",
    "12 bad of 3,000 (0.4%) prove an error ratio of at least 0.23%; 99.9% allows 0.1%",
  ],
  ["errors may be met in a closed model", [counted(count(0, 9000))], { ...valid, openModel: false }, "met", undefined],
  [
    "a fast burn that the average hides is exceeded",
    [counted(count(550, 600_000), undefined, [], fastBurnOf(550, 5))],
    valid,
    "exceeded",
    "a fast burn: 550 bad of 30,000 within 30 s burned the budget at least",
  ],
  [
    "a fast burn is told by the clock of the report, which begins with the run and not with what is judged of it",
    [counted(count(550, 600_000), undefined, [], fastBurnOf(550, 5))],
    { ...valid, originSeconds: 997.5 },
    "exceeded",
    "a fast burn: 550 bad of 30,000 within 30 s at 4:37–5:07 burned the budget at least",
  ],
  [
    "hours have their place on that clock",
    [counted(count(550, 600_000), undefined, [], fastBurnOf(550, 5))],
    { ...valid, originSeconds: 1000 - 7200 },
    "exceeded",
    "a fast burn: 550 bad of 30,000 within 30 s at 2:04:35–2:05:05 burned the budget at least",
  ],
  [
    "the same errors spread over the run are met",
    [counted(count(550, 600_000), undefined, [], fastBurnOf(550, 300))],
    valid,
    "met",
    undefined,
  ],
  [
    "counts over time with more bad events than can have been are no evidence of a fast burn",
    [counted(count(3, 600_000), count(4, 600_000), ["1 may be setup's"], fastBurnOf(550, 5))],
    valid,
    "met",
    undefined,
  ],
  [
    "a fast burn that only uncertain events would make is not ruled out, so the run is not met",
    [counted(count(0, 600_000), count(550, 600_000), ["550 slow requests came while k6 was short of CPU"], fastBurnOf(0, 1))],
    valid,
    "inconclusive",
    "the run as a whole proves the target, but up to 550 bad events are uncertain: 550 slow requests came while k6 was short of CPU; within one window of 30 s they would burn the budget more than 14.4 times as fast as allowed",
  ],
  [
    "a fast burn is found though one request in the counts may be setup's, which is no part of the load",
    [counted(count(549, 599_999), count(550, 599_999), ["the service's counts include up to 1 request of setup"], fastBurnOf(550, 5))],
    valid,
    "exceeded",
    "a fast burn: 549 bad of 30,000 within 30 s burned the budget at least",
  ],
  [
    "a fast burn that may all be others' is not proved, and not ruled out",
    [counted(count(0, 599_450), count(550, 600_000), ["550 requests may be others'"], fastBurnOf(550, 5))],
    valid,
    "inconclusive",
    "the run as a whole proves the target, but up to 550 bad events are uncertain: 550 requests may be others'; within one window of 30 s they would burn the budget more than 14.4 times as fast as allowed",
  ],
  [
    "a fast burn that good events missing from the counts would dilute is not proved, and not ruled out",
    [counted(count(550, 610_000), count(10_550, 610_000), ["10000 requests are missing"], fastBurnOf(550, 5))],
    valid,
    "inconclusive",
    "at best 550 bad of 610,000, at worst 10,550 bad of 610,000: 10000 requests are missing; at best 99.9% is proved; a longer run with the same caveat would not decide, its cause has to go",
  ],
  [
    "uncertain events that are no fast burn even at once leave it met",
    [counted(count(0, 600_000), count(200, 600_000), ["200 requests are uncertain"], fastBurnOf(0, 1))],
    valid,
    "met",
    undefined,
  ],
  [
    "a fast burn stands in a run in caveat",
    [counted(count(550, 600_000), undefined, [], fastBurnOf(550, 5))],
    { ...valid, caveats: ["k6 was killed"] },
    "exceeded",
    "a fast burn: 550 bad of 30,000 within 30 s burned the budget at least",
  ],
];

test.each(table)("%s", (_, measured, run, kind, reason) => {
  const { verdicts } = judge(specOf(objective("o")), measured, run);
  const [verdict] = verdicts;
  expect(verdicts.length).toBe(1);
  expect(verdict?.kind).toBe(kind);
  if (reason === undefined) expect(verdict).not.toHaveProperty("reason");
  else
    expect(verdict?.kind === "met" ? "" : verdict?.reason).toSatisfy(
      (text: string) => text === reason || (reason.endsWith("least") && text.startsWith(reason)),
    );
});

test("latency is never met by a load that waits for the service", () => {
  const spec = specOf(objective("o", 0.99, latency));
  const closed = judge(spec, [counted(count(0, 9000))], { caveats: [], openModel: false });
  expect(closed.verdicts[0]?.kind).toBe("inconclusive");
  expect(closed.run).toMatchObject({ kind: "inconclusive", reasons: [expect.stringContaining("arrival-rate")] });
  expect(judge(spec, [counted(count(900, 9000))], { caveats: [], openModel: false }).verdicts[0]?.kind).toBe("exceeded");
  expect(judge(spec, [counted(count(0, 9000))], valid).verdicts[0]?.kind).toBe("met");
});

test("the evidence holds the counts, the bounds and what is spent", () => {
  const { verdicts } = judge(specOf(objective("o")), [counted(count(2, 10_000), count(3, 10_000), ["1 is unsure"])], valid);
  expect(verdicts[0]?.evidence).toMatchObject({
    best: count(2, 10_000),
    worst: count(3, 10_000),
    errorRatio: 0.0002,
    requestsNeeded: 7752,
  });
  expect(verdicts[0]?.evidence?.budgetSpent).toBeCloseTo(0.2, 12);
  expect(verdicts[0]?.evidence?.provedAtLeast).toBeCloseTo(3.554e-5, 8);
  expect(verdicts[0]?.evidence?.provedAtMost).toBeCloseTo(7.7519e-4, 7);
});

const named = (name: string, best: Count): Measurement => ({ ...counted(best), objective: name });

test.each<[string, string[], Measurement[], string[], string, string[]]>([
  ["every objective met makes the run met", ["a", "b"], [named("a", count(0, 9000)), named("b", count(0, 9000))], [], "met", []],
  [
    "one open objective makes the run inconclusive",
    ["a", "b"],
    [named("a", count(0, 9000))],
    [],
    "inconclusive",
    ["b: it was not measured"],
  ],
  [
    "exceeded is worse than inconclusive, and is told first",
    ["a", "b", "c"],
    [named("b", count(9000, 9000)), named("c", count(0, 9000))],
    ["k6 was killed"],
    "exceeded",
    ["b: 9,000 bad of 9,000 (100%) prove an error ratio of at least 99.9%; 99.9% allows 0.1%", "k6 was killed", "a: it was not measured"],
  ],
  [
    "the caveats of the run are told once",
    ["a", "b"],
    [named("a", count(0, 9000)), named("b", count(0, 9000))],
    ["k6 was killed"],
    "inconclusive",
    ["k6 was killed"],
  ],
  [
    "a spec without objectives is inconclusive, never met",
    [],
    [],
    [],
    "inconclusive",
    ["the spec has no objective, so there is nothing to judge"],
  ],
  ["a measurement of no objective counts for none", ["a"], [named("b", count(0, 9000))], [], "inconclusive", ["a: it was not measured"]],
])("%s", (_, names, measured, caveats, kind, reasons) => {
  const { run } = judge(specOf(...names.map((name) => objective(name))), measured, { caveats, openModel: true });
  expect(run.kind).toBe(kind);
  expect(run.kind === "met" ? [] : run.reasons).toEqual(reasons);
});

test("an advisory objective is judged, and decides nothing", () => {
  const spec = specOf(objective("o"), { ...objective("watched"), required: false });
  const bad: Measurement = { ...counted(count(100, 10_000)), objective: "watched" };
  const { verdicts, run } = judge(spec, [counted(count(0, 10_000)), bad], valid);
  expect(verdicts.map(({ kind }) => kind)).toEqual(["met", "exceeded"]);
  expect(run).toEqual({ kind: "met" });
});

test.each<[string, Indicator, "met" | "inconclusive"]>([
  [
    "a script's trend of times hides under a closed model",
    { kind: "trend", name: "t", ofTimes: true, atMost: 1, where: {} },
    "inconclusive",
  ],
  ["any other trend does not", { kind: "trend", name: "t", ofTimes: false, atMost: 1, where: {} }, "met"],
  ["nothing is offered that could be missed", { kind: "achieved" }, "inconclusive"],
  ["checks are what they are", { kind: "checks", name: undefined, where: {} }, "met"],
  ["so are seconds", { kind: "throughput", perSecond: 10, of: "requests" }, "met"],
])("%s", (_, indicator, verdict) => {
  const { verdicts } = judge(specOf(objective("o", 0.99, indicator)), [counted(count(0, 10_000))], { ...valid, openModel: false });
  expect(verdicts[0]?.kind).toBe(verdict);
});
