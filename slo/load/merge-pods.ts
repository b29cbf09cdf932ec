import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Host } from "../host/host.ts";
import { jsonOf } from "../host/json-of.ts";
import { podReportSchema, type PodEnd, type PodReport } from "../run/kubernetes/message.ts";
import { readPlan } from "../run/plan.ts";
import { fairSamples } from "../run/samples.ts";
import { writeWhole, type RunRecord } from "../run/record.ts";
import { sentOf } from "../run/relay/sent-totals.ts";
import { k6Labels, k6Metrics } from "../spec/names.ts";
import { listed } from "../spec/words.ts";

/** Above this the pods' clocks are told to differ, seconds. */
const clocksApart = 1;
/** Above this the pods did not start together, seconds. */
const startsApart = 2;

/** Puts the pods of a run together; what is not known of one is a caveat and never a zero. `interrupted`: the run itself was told to stop. */
export function mergePods(reports: readonly PodReport[], interrupted: boolean) {
  const ends = reports.flatMap(({ end }) => end ?? []);
  const offsets = ends.map(({ clockOffsetSeconds }) => clockOffsetSeconds).toSorted((a, b) => a - b);
  const apart = (offsets.at(-1) ?? 0) - (offsets[0] ?? 0);
  const skewed = `the pods' clocks are up to ${apart.toFixed(1)} s apart, and what is told over time is skewed by as much`;
  return {
    /** Null when no pod so much as began. */
    k6: k6Of(reports),
    health: healthOf(reports),
    caveats: [...reports.flatMap((report) => caveatsOf(report, reports.length, interrupted)), ...apartCaveats(ends)],
    notes: apart > clocksApart ? [skewed] : [],
    sent: sentOf(reports.map(({ sent }) => sent ?? {})),
    /** False when a pod was lost before it could say all that it had sent. */
    sentIsWhole: ends.length === reports.length,
    /** Prometheus's clock minus the pods', the median; undefined when none told. */
    clockOffsetSeconds: offsets[Math.floor(offsets.length / 2)],
  };
}

const total = (values: readonly (number | null | undefined)[]): number => values.reduce((sum: number, value) => sum + (value ?? 0), 0);

const requestsOf = ({ sent }: PodReport): { value: number; atSeconds: number }[] => sent?.[k6Metrics.requests] ?? [];

function k6Of(reports: readonly PodReport[]): RunRecord["k6"] {
  const outcomes = reports.flatMap(({ end }) => end?.k6 ?? []);
  const begun = reports.flatMap(({ end, begunSeconds }) => end?.k6.startedAtSeconds ?? begunSeconds ?? []);
  if (begun.length === 0) return null;
  const knownOfAll = <T>(values: (T | null)[]): values is T[] => values.length === reports.length && !values.includes(null);
  const sum = (of: "iterations" | "summaryRequests" | "summaryBad"): number | null => {
    const values = outcomes.map((outcome) => outcome[of]);
    return knownOfAll(values) ? total(values) : null;
  };
  const codes = outcomes.map(({ exitCode }) => exitCode);
  const checks = outcomes.map((outcome) => outcome.checks);
  const lastHeard = reports.flatMap(requestsOf).map(({ atSeconds }) => atSeconds);
  return {
    startedAtSeconds: Math.min(...begun),
    endedAtSeconds: Math.max(...outcomes.map(({ endedAtSeconds }) => endedAtSeconds ?? 0), ...lastHeard, ...begun),
    exitCode: codes.find((code) => code !== 0 && code !== null) ?? (codes.length > 0 && !codes.includes(null) ? 0 : null),
    signal: outcomes.find(({ signal }) => signal !== null)?.signal ?? null,
    iterations: sum("iterations"),
    interrupted: total(outcomes.map(({ interrupted }) => interrupted)),
    summaryRequests: sum("summaryRequests"),
    summaryBad: sum("summaryBad"),
    checks: knownOfAll(checks)
      ? { passes: total(checks.map(({ passes }) => passes)), fails: total(checks.map(({ fails }) => fails)) }
      : null,
    errors: reports.flatMap(({ index, end }) => (end?.k6.errors ?? []).map((error) => `pod ${index + 1}: ${error}`)).slice(0, 20),
    samples: fairSamples(outcomes.flatMap(({ samples }) => samples ?? [])),
  };
}

function healthOf(reports: readonly PodReport[]): RunRecord["health"] {
  const known = reports.flatMap(({ end }) => end?.health ?? []);
  if (known.length === 0) return null;
  const most = (of: "cpuShareMax" | "memoryPeakBytes"): number | null => {
    const values = known.flatMap((health) => health[of] ?? []);
    return values.length === 0 ? null : Math.max(...values);
  };
  return {
    cpuShareMax: most("cpuShareMax"),
    memoryPeakBytes: most("memoryPeakBytes"),
    starvedAtSeconds: known.flatMap(({ starvedAtSeconds }) => starvedAtSeconds).toSorted((a, b) => a - b),
    known: known.length === reports.length && known.every((health) => health.known),
  };
}

function caveatsOf(report: PodReport, pods: number, interrupted: boolean): string[] {
  const { end } = report;
  if (end === null) return [lostSentence(report, pods)];
  const stopped = end.interrupted && !interrupted;
  return [
    ...(stopped ? [stoppedSentence(report, pods, (end.k6.endedAtSeconds ?? 0) - end.k6.startedAtSeconds)] : []),
    ...end.caveats.map((caveat) => (pods === 1 ? caveat : `pod ${report.index + 1}: ${caveat}`)),
    ...(end.unflushed === null ? [] : [`pod ${report.index + 1} ended before all its samples were written: ${end.unflushed}`]),
  ];
}

/** Caveats a load whose parts began one after the other: k6 itself, or a scenario, which not every pod has an iteration of. */
function apartCaveats(ends: readonly PodEnd[]): string[] {
  const starts = ends.flatMap(({ k6, sent, clockOffsetSeconds }) => [
    { of: "", at: k6.startedAtSeconds + clockOffsetSeconds },
    ...(sent[k6Metrics.scenarioStart] ?? []).map(({ labels, value }) => ({
      of: labels[k6Labels.scenario],
      at: value + clockOffsetSeconds,
    })),
  ]);
  const spreads = [...Map.groupBy(starts, ({ of }) => of).values()].map((group) => {
    const times = group.map(({ at }) => at);
    return Math.max(...times) - Math.min(...times);
  });
  const apart = Math.max(0, ...spreads);
  return apart > startsApart ? [`the pods began up to ${apart.toFixed(1)} s apart: the load in the plan was never offered at once`] : [];
}

/** Names pods by their numbers, from 1; of many the first ones. */
export function podNumbers(indexes: readonly number[]): string {
  const numbers = indexes.map((index) => index + 1);
  return listed(numbers, 20);
}

const shareOf = (pods: number): string => `${Number((100 / pods).toFixed(1))} %`;
const nameOf = ({ index, name }: PodReport, pods: number): string => `pod ${index + 1} of ${pods}${name === null ? "" : ` (${name})`}`;

function stoppedSentence(report: PodReport, pods: number, afterSeconds: number): string {
  return `${nameOf(report, pods)} was told to stop ${afterSeconds.toFixed(0)} s after it began: from then on ${shareOf(pods)} of the load was missing`;
}

function lostSentence(report: PodReport, pods: number): string {
  const { begunSeconds, ending, refused } = report;
  const code = ending?.exitCode ?? null;
  const how = refused ?? (ending ? `${ending.reason}${code === null ? "" : `, exit code ${code}`}` : "it was not heard of any more");
  const heard = requestsOf(report).map(({ atSeconds }) => atSeconds);
  const missing = `${shareOf(pods)} of the load was missing`;
  if (begunSeconds === null) return `${nameOf(report, pods)} was lost before it began (${how}): ${missing}`;
  const after = Math.max(0, Math.max(begunSeconds, ...heard) - begunSeconds);
  return `${nameOf(report, pods)} was lost (${how}), last heard of ${after.toFixed(0)} s after it began: from then on ${missing}`;
}

/** Keeps what the pods of a run said, so that it can be judged when they are gone; a crash leaves what was kept before, or this. */
export function writePods(folder: string, reports: readonly PodReport[]): void {
  writeWhole(join(folder, "pods.json"), reports);
}

/** Reads it back; undefined where it is not there for each pod. */
export function readPodReports(folder: string, pods: number): PodReport[] | undefined {
  const reports = jsonOf(z.array(podReportSchema), () => readFileSync(join(folder, "pods.json"), "utf8"));
  return reports?.length === pods && reports.every(({ index }, i) => index === i) ? reports : undefined;
}

/** Adds to what is kept of the pods what was read of them later: the caller may have lost sight of one that went on. */
export function fuller(kept: readonly PodReport[] | undefined, read: readonly PodReport[]): { reports: PodReport[]; learned: boolean } {
  if (kept === undefined) return { reports: [...read], learned: true };
  const reports = kept.map((report) =>
    report.end === null ? (read.find(({ index, end }) => index === report.index && end) ?? report) : report,
  );
  return { reports, learned: reports.some((report, i) => report !== kept[i]) };
}

/** Fills a run's record with what its pods did, and gives what of a LoadRun they tell, all times on their clock. */
export function withPods(record: RunRecord, reports: readonly PodReport[], host: Pick<Host, "now">) {
  const { k6, health, sent, sentIsWhole, ...pods } = mergePods(reports, record.interrupted);
  const clockOffsetSeconds = pods.clockOffsetSeconds ?? record.clockOffsetSeconds;
  const shiftSeconds = record.clockOffsetSeconds - clockOffsetSeconds; // their clock minus this machine's
  const commandAtSeconds = record.commandAtSeconds + shiftSeconds;
  const caveats = [...record.caveats, ...pods.caveats];
  const notes = [...record.notes, ...pods.notes];
  return {
    kind: "run" as const,
    record: { ...record, phase: "loaded" as const, k6, health, clockOffsetSeconds, commandAtSeconds, caveats, notes },
    plan: readPlan(record.inspected),
    sent,
    sentIsWhole,
    caveats: [],
    now: () => host.now() + shiftSeconds,
  };
}
