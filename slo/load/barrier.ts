import { answerOf, queryVector } from "../collect/prometheus.ts";
import type { PromQL } from "../compile/promql.ts";
import { podsBeginQuery, podsReadyQuery } from "../compile/run.ts";
import type { PodConfig } from "../run/kubernetes/message.ts";
import { k6Labels, plimsollMetrics } from "../spec/names.ts";
import { failed } from "./load-run.ts";
import { podNumbers } from "./merge-pods.ts";
import { insist, writeSample, type Checked } from "./preflight.ts";
import type { PrometheusEnds } from "./prometheus.ts";

export interface PodPlace extends Pick<PodConfig, "testid" | "pods"> {
  index: number;
  limitSeconds: number;
}

/** How often a pod asks: seldom where there are many, for each costs Prometheus a question. */
const everySeconds = (pods: number): number => Math.max(0.25, pods / 250);

/** How long after the last pod was ready all begin: each has asked by then. One alone knows it already. */
const leadSeconds = (pods: number): number => (pods === 1 ? 0 : Math.max(2, 3 * everySeconds(pods)));

/**
 * Waits, through Prometheus, until all pods of a run are ready, and gives the moment at which all begin: Unix seconds of Prometheus's clock,
 * the same for each. Gives up at once when `stopped`. The first pod looks who is ready and writes when to begin; the others ask for that alone:
 * if each of 1,000 read of 1,000, Prometheus would have nothing else to do.
 */
export async function meetOthers(ends: PrometheusEnds, place: PodPlace, promNow: () => number, stopped: () => boolean) {
  const { testid, index, limitSeconds } = place;
  const shortly = Math.min(30, limitSeconds);
  const write = (name: string, labels: Record<string, string>, value: number): Promise<Checked<undefined>> =>
    insist(() => writeSample(ends, { __name__: name, [k6Labels.testid]: testid, ...labels }, value, promNow()), shortly, stopped);
  // Whether there was a pod in this place is to be known, not to be guessed.
  const earlier = await insist(() => read(ends, podsReadyQuery(testid, index), ({ size }) => size), shortly, stopped);
  if (earlier.kind === "none") return earlier;
  if (earlier.value > 0) return failed(`a pod ${index + 1} of this run was at work before: what it counted would be counted anew`);
  const written = await write(plimsollMetrics.podReady, { [k6Labels.instance]: String(index) }, promNow());
  if (written.kind === "none") return written;
  const ready = (): Promise<Checked<number>> => read(ends, podsReadyQuery(testid), (times) => beginOf(times, place));
  if (index > 0) {
    const toldBegin = (): Promise<Checked<number>> =>
      read(ends, podsBeginQuery(testid), (times) => [...times.values()][0] ?? "pod 1 did not say when to begin");
    const told = await insist(toldBegin, limitSeconds, stopped, everySeconds(place.pods));
    if (told.kind === "fine" || stopped()) return told;
    const missing = await ready();
    return missing.kind === "none" ? missing : told;
  }
  const begin = await insist(ready, limitSeconds, stopped);
  if (begin.kind === "none") return begin;
  const told = await write(plimsollMetrics.podsBegin, {}, begin.value);
  return told.kind === "none" ? told : begin;
}

/** Reads, of what pods wrote last by index (since when they are ready, or when all begin), a value, or the sentence that says what is missing. */
async function read<T>({ api }: PrometheusEnds, query: PromQL, of: (times: Map<string, number>) => T | string): Promise<Checked<T>> {
  const got = await answerOf(() => queryVector(api, query, undefined));
  if (got.kind === "failed") return failed(`Prometheus at ${api.url} does not answer: ${got.reason}`);
  const rows = got.value.flatMap(({ labels, points }) =>
    points.slice(-1).map(({ value }) => [labels[k6Labels.instance] ?? "", value] as const),
  );
  const value = of(new Map(rows));
  return typeof value === "string" ? failed(value) : { kind: "fine", value };
}

function beginOf(ready: ReadonlyMap<string, number>, { pods, limitSeconds }: PodPlace): number | string {
  const missing = Array.from({ length: pods }, (_, i) => i).filter((i) => !ready.has(String(i)));
  if (missing.length === 0) return Math.max(...ready.values()) + leadSeconds(pods);
  return `of ${pods} pods these were not ready within ${limitSeconds} s: ${podNumbers(missing)}`;
}
