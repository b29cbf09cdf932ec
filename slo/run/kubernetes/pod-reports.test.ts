import { expect, test } from "vitest";
import { messageLines, type PodMessage } from "./message.ts";
import { openPodReports } from "./fleet.ts";
import type { PodState } from "./pods.ts";

const stateOf = (ending?: PodState["ending"]): PodState => ({
  name: "load-x-0",
  index: 0,
  phase: ending ? "ended" : "running",
  trouble: undefined,
  ending,
});
const sentOf = (value: number): { [metric: string]: { labels: Record<string, string>; value: number; atSeconds: number }[] } => ({
  k6_http_reqs_total: [{ labels: {}, value, atSeconds: 110 }],
});
const progressMessage: PodMessage = { kind: "progress", begunSeconds: 100, sent: sentOf(5) };
const k6 = { startedAtSeconds: 100, endedAtSeconds: 130, exitCode: 0, signal: null, iterations: 9, interrupted: 0, summaryRequests: 9 };
const ended: PodMessage = {
  kind: "ended",
  clockOffsetSeconds: 0,
  interrupted: false,
  caveats: [],
  sent: sentOf(9),
  unflushed: null,
  k6: { ...k6, summaryBad: 0, checks: null, errors: [] },
  health: { cpuShareMax: null, memoryPeakBytes: null, starvedAtSeconds: [], known: false },
};

function reportsOf(...messages: PodMessage[]) {
  const said: string[] = [];
  const podReports = openPodReports(1, (line) => said.push(line));
  podReports.takeStates([stateOf()], 0);
  const tell = (...more: PodMessage[]): void =>
    more.flatMap((message, i) => messageLines(message, i)).forEach((line) => podReports.takeLine("load-x-0", line));
  tell(...messages);
  return { podReports, tell, said };
}

const oom = { exitCode: 137, reason: "OOMKilled" };

test("a pod that is at work has more to say", () => {
  const { podReports } = reportsOf(progressMessage);
  expect([podReports.isComplete(), podReports.silent(), podReports.reports()[0]?.sent]).toEqual([false, [], sentOf(5)]);
});

test("what a pod said before its end, and is heard again after it, changes nothing", () => {
  const { podReports, tell } = reportsOf(progressMessage, ended);
  tell(progressMessage);
  podReports.takeLine("load-x-0", "some words");
  expect([podReports.isComplete(), podReports.reports()[0]?.sent]).toEqual([true, sentOf(9)]);
});

test("a pod that ended in silence is asked again while its log cannot be had, and given up in the end", () => {
  const { podReports, said } = reportsOf(progressMessage);
  podReports.takeStates([stateOf(oom)], 0);
  const asked = Array.from({ length: 6 }, () => [podReports.isComplete(), ...podReports.silent()]);
  expect(asked).toEqual(Array.from({ length: 6 }, () => [false, "load-x-0"]));
  expect([podReports.isComplete(), podReports.silent(), said]).toEqual([true, [], []]);
});

test("a pod whose log was had at the second try has said how it ended", () => {
  const { podReports, tell } = reportsOf();
  podReports.takeStates([stateOf({ exitCode: 0, reason: "Completed" })], 0);
  podReports.silent();
  podReports.silent();
  tell(progressMessage, ended);
  expect([podReports.isComplete(), podReports.reports()[0]?.end?.kind]).toEqual([true, "ended"]);
});

test("a pod whose whole log was read without its end is not asked again", () => {
  const { podReports, tell } = reportsOf();
  podReports.takeStates([stateOf(oom)], 0);
  podReports.silent();
  tell(progressMessage);
  podReports.close("load-x-0");
  expect([podReports.isComplete(), podReports.silent(), podReports.reports()[0]?.ending]).toEqual([true, [], oom]);
});

test("a pod that is gone from the list for three seconds was deleted", () => {
  const { podReports } = reportsOf(progressMessage);
  podReports.takeStates([], 1000);
  expect(podReports.reports()[0]?.ending).toBeNull();
  podReports.takeStates([], 4000);
  expect(podReports.reports()[0]?.ending).toEqual({ exitCode: null, reason: "the pod was deleted" });
});

test("words that are no message are told once, with the pod's number", () => {
  const { podReports, said } = reportsOf();
  podReports.takeLine("load-x-0", "the spool is full");
  podReports.takeLine("another", "not ours");
  expect(said).toEqual(["pod 1: the spool is full"]);
});
