import { expect, test } from "vitest";
import type { PodEnd, PodReport } from "../run/kubernetes/message.ts";
import { mergePods } from "./merge-pods.ts";

const sentOf = (index: number, requests: number, atSeconds = 130): PodEnd["sent"] => ({
  k6_http_reqs_total: [{ labels: { instance_id: String(index), scenario: "smoke" }, value: requests, atSeconds }],
});

const health = { cpuShareMax: 0.5, memoryPeakBytes: 1000, starvedAtSeconds: [], known: true };
const k6 = {
  startedAtSeconds: 100,
  endedAtSeconds: 131,
  exitCode: 0,
  signal: null,
  iterations: 50,
  interrupted: 0,
  summaryRequests: 60,
  summaryBad: null,
  checks: null,
  errors: [] as string[],
};

function podOf(index: number, change: Partial<PodEnd> = {}, more: Partial<PodReport> = {}): PodReport {
  const sent = sentOf(index, 60);
  const end: PodEnd = {
    kind: "ended",
    clockOffsetSeconds: 0.1,
    interrupted: false,
    k6,
    health,
    caveats: [],
    sent,
    unflushed: null,
    ...change,
  };
  return {
    index,
    name: `load-x-${index}-abcde`,
    refused: null,
    begunSeconds: 100,
    sent,
    end,
    ending: { exitCode: 0, reason: "Completed" },
    ...more,
  };
}

test("pods that all did their part add up to one", () => {
  const late = { ...k6, startedAtSeconds: 101, endedAtSeconds: 133, iterations: 40, interrupted: 1, summaryRequests: 45 };
  const both = mergePods([podOf(0), podOf(1, { k6: late, clockOffsetSeconds: 0.3 })], false);
  expect(both.k6).toEqual({
    ...k6,
    samples: [],
    startedAtSeconds: 100,
    endedAtSeconds: 133,
    iterations: 90,
    interrupted: 1,
    summaryRequests: 105,
  });
  expect([both.caveats, both.sentIsWhole, both.sent.sumOf("k6_http_reqs_total")]).toEqual([[], true, 120]);
});

const lost = { end: null, ending: { exitCode: 137, reason: "OOMKilled" }, sent: sentOf(1, 20, 112) };

test.each<[string, PodReport, boolean, RegExp]>([
  [
    "a pod that was lost: how, when, and which share of the load went with it",
    podOf(1, {}, lost),
    false,
    /^pod 2 of 2 \(load-x-1-abcde\) was lost \(OOMKilled, exit code 137\), last heard of 12 s after it began: from then on 50 % of the load was missing$/,
  ],
  [
    "a pod that never began",
    podOf(1, {}, { ...lost, begunSeconds: null, sent: null }),
    false,
    /was lost before it began .*50 % of the load was missing/,
  ],
  [
    "a pod that refused its part, in its own words",
    podOf(1, {}, { ...lost, begunSeconds: null, sent: null, ending: null, refused: "the target does not answer" }),
    false,
    /was lost before it began \(the target does not answer\): 50 %/,
  ],
  [
    "a pod that began after the others",
    podOf(1, { k6: { ...k6, startedAtSeconds: 103.5 } }),
    false,
    /^the pods began up to 3\.5 s apart: /,
  ],
  ["a pod that nobody heard of any more", podOf(1, {}, { ...lost, ending: null }), false, /it was not heard of any more/],
  ["a pod that was told to stop, when the run was not", podOf(1, { interrupted: true }), false, /told to stop 31 s after it began: .*50 %/],
  ["what a pod itself caveats", podOf(1, { caveats: ["the spool was full"] }), false, /^pod 2: the spool was full$/],
  [
    "what a pod could not write",
    podOf(1, { unflushed: "12 bytes: away" }),
    false,
    /^pod 2 ended before all its samples were written: 12 bytes: away$/,
  ],
])("%s is a caveat", (_, second, interrupted, expected) => {
  const both = mergePods([podOf(0), second], interrupted);
  expect(both.caveats).toEqual([expect.stringMatching(expected)]);
});

test("of a run that was told to stop, a pod that stopped is no surprise", () => {
  expect(mergePods([podOf(0, { interrupted: true })], true).caveats).toEqual([]);
});

test("what one pod did not tell is unknown of all, not zero", () => {
  const both = mergePods([podOf(0), podOf(1, {}, lost)], false);
  expect([both.sentIsWhole, both.k6?.iterations, both.k6?.summaryRequests, both.health?.known]).toEqual([false, null, null, false]);
  expect(both.sent.sumOf("k6_http_reqs_total"), "as far as it was heard of").toBe(80);
});

test("a pod whose k6 was killed or failed is not hidden by one whose k6 was not", () => {
  const both = mergePods(
    [podOf(0), podOf(1, { k6: { ...k6, exitCode: null, signal: "SIGKILL" } }), podOf(2, { k6: { ...k6, exitCode: 107 } })],
    false,
  );
  expect([both.k6?.signal, both.k6?.exitCode]).toEqual(["SIGKILL", 107]);
});

test("a k6 of which nobody knows how it ended did not end well", () => {
  expect(mergePods([podOf(0), podOf(1, { k6: { ...k6, exitCode: null } })], false).k6?.exitCode).toBeNull();
});

test("pods of which none began are no k6 at all", () => {
  const none = { ...lost, begunSeconds: null, sent: null };
  expect(mergePods([podOf(0, {}, none), podOf(1, {}, none)], false).k6).toBeNull();
});

test("clocks that are apart are told, and pods that began together by Prometheus's clock began together", () => {
  const both = mergePods([podOf(0), podOf(1, { clockOffsetSeconds: 4.1, k6: { ...k6, startedAtSeconds: 96.5 } })], false);
  expect([both.notes.join(), both.caveats]).toEqual([expect.stringMatching(/clocks are up to 4\.0 s apart/), []]);
});

const scenarioStarts = (starts: Record<string, number>): Partial<PodEnd> => ({
  sent: { k6_scenario_start_seconds: Object.entries(starts).map(([scenario, value]) => ({ labels: { scenario }, value, atSeconds: 110 })) },
});

test.each<[string, Record<string, number>, string[]]>([
  ["scenarios that began late, as after a longer setup, were not together", { smoke: 110 }, [expect.stringMatching(/up to 4\.0 s apart/)]],
  ["a pod without an iteration of the warm-up began no later for that", { smoke: 106.1 }, []],
])("%s", (_, second, caveats) => {
  const both = mergePods([podOf(0, scenarioStarts({ warmup: 101, smoke: 106 })), podOf(1, scenarioStarts(second))], false);
  expect(both.caveats).toEqual(caveats);
});

test("a start that is two seconds late is still together", () => {
  expect(mergePods([podOf(0), podOf(1, { k6: { ...k6, startedAtSeconds: 102 } })], false).caveats).toEqual([]);
});
