import { expect, test } from "vitest";
import { readPlan } from "../run/plan.ts";
import { sentOf, type SentValue } from "../run/relay/sent-totals.ts";
import { presetNamed } from "../spec/presets.ts";
import type { Objective, Spec } from "../spec/spec.ts";
import { provedSoFar } from "./stop-on-proof.ts";

const place = { file: "s.yaml", line: 1, column: 1 };
const errors = { kind: "errors", side: "client", where: {} } as const;
const specOf = (parts: Partial<Objective>): Spec => ({
  version: 1,
  service: "shop",
  confidence: 0.95,
  periodSeconds: 1,
  metrics: presetNamed("fastify"),
  scenarios: {},
  objectives: [{ name: "o", targetRatio: 0.99, indicator: errors, place, ...parts }],
});
const scenarioOf = (executor: object) => readPlan(JSON.stringify({ scenarios: { main: executor } }));
const closed = scenarioOf({ executor: "constant-vus", vus: 1, duration: "15s" });
/** Offers 1,500 iterations. */
const open = scenarioOf({ executor: "constant-arrival-rate", rate: 100, timeUnit: "1s", duration: "15s" });
const requests = (value: number, labels: Record<string, string> = {}): SentValue => ({
  labels: { scenario: "main", method: "GET", name: "/a", expected_response: "true", ...labels },
  value,
  atSeconds: 1,
});
const failed = (value: number, labels: Record<string, string> = {}): SentValue =>
  requests(value, { expected_response: "false", ...labels });

test.each<[string, Partial<Objective>, SentValue[], object | undefined]>([
  ["many failures prove it", {}, [requests(400), failed(30)], { objective: "o", bad: 30, total: 430 }],
  ["a bad first moment does not, though 9 of 9 would be proof", {}, [failed(9)], undefined],
  ["few do not", {}, [requests(400), failed(5)], undefined],
  [
    "those of the warm-up and of setup are not judged",
    {},
    [requests(400), failed(30, { scenario: "warmup" }), failed(30, { scenario: "" })],
    undefined,
  ],
  ["a filter chooses by k6's name", { indicator: { ...errors, where: { route: "/b" } } }, [requests(400), failed(30)], undefined],
  ["and finds what it chooses", { indicator: { ...errors, where: { route: "/a" } } }, [requests(400), failed(30)], { bad: 30, total: 430 }],
  [
    "one about some scenarios or scripts is there for these alone, whatever k6 calls theirs",
    { only: ["checkout"] },
    [requests(400), failed(30)],
    { bad: 30, total: 430 },
  ],
  ["what was written so far is of no part of the load", { phase: "spike" }, [requests(400), failed(30)], undefined],
  ["an advisory objective stops nothing", { required: false }, [requests(400), failed(30)], undefined],
  ["what the service counts is not known yet", { indicator: { ...errors, side: "server" } }, [requests(400), failed(30)], undefined],
])("%s", (_, parts, sent, expected) => {
  const proof = provedSoFar(specOf(parts), sentOf([{ k6_http_reqs_total: sent }]), true, closed);
  if (expected === undefined) expect(proof).toBeUndefined();
  else expect(proof).toMatchObject(expected);
});

test("wrong contents are bad events of our own scenarios, and nothing in a user's script", () => {
  const sent = sentOf([{ k6_http_reqs_total: [requests(400)], k6_wrong_contents_total: [{ ...requests(30), atSeconds: 1 }] }]);
  expect(provedSoFar(specOf({}), sent, true, closed)).toMatchObject({ bad: 30, total: 400 });
  expect(provedSoFar(specOf({}), sent, false, closed)).toBeUndefined();
});

test.each<[string, number, number, number, Partial<Objective>, object | undefined]>([
  ["a burst of errors at the start proves nothing of the 1,500 that will come", 83, 15, 98, {}, undefined],
  ["as many as the whole plan may not have are proof, were all others good", 200, 24, 224, {}, { bad: 24, total: 224, planned: 1501 }],
  ["two requests for each iteration make the plan twice as long", 200, 24, 112, {}, undefined],
  ["no part of the plan has more requests than all of it", 200, 24, 224, { indicator: { ...errors, where: { route: "/a" } } }, { bad: 24 }],
  ["iterations that failed may have left off early, and nobody knows how long a good one is", 0, 40, 40, {}, undefined],
  ["those that went well tell it: 9 requests each", 90, 30, 40, {}, undefined],
  ["a script that fails all the time is stopped all the same", 0, 180, 180, {}, { bad: 180, planned: 15_010 }],
  ["before the first iteration has ended nobody knows the plan", 0, 40, 0, {}, undefined],
])("of an open model %s", (_, good, bad, iterations, parts, expected) => {
  const sent = sentOf([{ k6_http_reqs_total: [requests(good), failed(bad)], k6_iterations_total: [requests(iterations)] }]);
  const proof = provedSoFar(specOf({ targetRatio: 0.99, ...parts }), sent, true, open);
  if (expected === undefined) expect(proof).toBeUndefined();
  else expect(proof).toMatchObject(expected);
});

test("of several scenarios nothing is proved before each has shown how many requests its iterations have", () => {
  const later = { executor: "constant-arrival-rate", rate: 10, timeUnit: "1s", duration: "15s", startTime: "5s" };
  const first = { executor: "constant-arrival-rate", rate: 20, timeUnit: "1s", duration: "5s" };
  const plan = readPlan(JSON.stringify({ scenarios: { main: first, later } }));
  const of = (scenario: string, good: number, bad: number, iterations: number) => ({
    k6_http_reqs_total: [requests(good, { scenario }), failed(bad, { scenario })],
    k6_iterations_total: [requests(iterations, { scenario })],
  });
  const prove = (...pushes: ReturnType<typeof of>[]) => provedSoFar(specOf({}), sentOf(pushes), true, plan);
  expect(prove(of("main", 40, 20, 60))).toBeUndefined();
  expect(prove(of("main", 85, 15, 100), of("later", 100, 0, 10))).toBeUndefined();
  expect(prove(of("main", 85, 15, 100), of("later", 10, 0, 10))).toMatchObject({ bad: 15, planned: 252 });
});
