import { expect, test } from "vitest";
import type { Runner } from "../run/kubernetes/test-run.ts";
import { mergePods } from "./merge-pods.ts";
import { reportsOf } from "./test-run.ts";

const summary = JSON.stringify({ metrics: { http_reqs: { count: 50 } } }, null, 4);
const log = `${summary}\nrunning (10.0s), 0/5 VUs, 25 complete and 0 interrupted iterations\n`;
const end = { exitCode: 0, reason: "Completed", startedAt: "", finishedAt: "", startedAtSeconds: 100, finishedAtSeconds: 130 };
const runner = (index: number, more: Partial<Runner> = {}): Runner => ({ name: `smoke-${index}-x`, index, end, log, ...more });
const series = [1, 2].map((index) => ({
  labels: { __name__: "k6_http_reqs_total", instance_id: String(index), scenario: "smoke" },
  value: 50,
  atSeconds: 0,
}));

const merged = (...runners: Runner[]) => mergePods(reportsOf({ runners, parallelism: 2, createdAtSeconds: 90 }, series), false);

test("runners that ended are one load: what they sent and what they counted is added up, without the time in which they waited", () => {
  const { k6, caveats, sent, sentIsWhole, health } = merged(runner(1), runner(2));
  expect(k6).toMatchObject({ exitCode: 0, iterations: 50, summaryRequests: 100, startedAtSeconds: 117, endedAtSeconds: 131 });
  expect([sent.sumOf("k6_http_reqs_total"), sentIsWhole, caveats]).toEqual([100, true, []]);
  expect(health?.known, "nobody watched their CPU").toBe(false);
});

test.each<[string, Runner[], RegExp]>([
  ["whose pod is gone", [runner(1)], /pod 2 of 2 was lost \(its pod is gone\)/],
  ["that was started again", [runner(1), runner(2), runner(2)], /pod 2 of 2 .* was lost \(it was started more than once\)/],
  ["whose log cannot be had", [runner(1), runner(2, { log: undefined })], /pod 2 of 2 .* was lost \(Completed, exit code 0\)/],
  ["that is still at work", [runner(1), runner(2, { end: undefined })], /pod 2 of 2 .* was lost \(its container has not ended\)/],
])("a runner %s leaves no whole count", (_sentence, runners, caveat) => {
  const { caveats, sentIsWhole, k6 } = merged(...runners);
  expect([caveats, sentIsWhole, k6?.summaryRequests]).toEqual([[expect.stringMatching(caveat)], false, null]);
});

test.each([
  ["within what Kubernetes tells so roughly are not set apart", 4, []],
  ["later than that are", 6, [expect.stringContaining("the pods began up to 6.0 s apart")]],
])("runners that seem to begin %s", (_sentence, seconds, caveats) => {
  const later = { ...end, finishedAtSeconds: end.finishedAtSeconds + seconds };
  expect(merged(runner(1), runner(2, { end: later })).caveats).toEqual(caveats);
});

test("a runner that says nothing of its requests is a caveat", () => {
  const { caveats } = merged(runner(1), runner(2, { log: "killed" }));
  expect(caveats).toContainEqual(expect.stringContaining("pod 2: k6 did not print its own count"));
});
