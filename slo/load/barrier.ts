import { answerOf, queryVector } from "../collect/prometheus.ts";
import { podsReadyQuery } from "../compile/run.ts";
import type { PodConfig } from "../run/kubernetes/message.ts";
import { waitFor } from "../host/wait.ts";
import { k6Labels, plimsollMetrics } from "../spec/names.ts";
import { failed } from "./load-run.ts";
import { writeSample, type Checked } from "./preflight.ts";
import type { PrometheusEnds } from "./prometheus.ts";

/** One pod's place among those that start together. */
export interface PodPlace extends Pick<PodConfig, "testid" | "pods"> {
  index: number;
  limitSeconds: number;
}

/** How long after the last pod was ready all begin: each has asked by then. */
const leadSeconds = 2;

/** How often a pod asks for the others. */
const everyMillis = 250;

/** What a pod says that was asked to stop before its part began. */
export const stoppedEarly = failed("it was told to stop before the load began");

/**
 * Waits, through Prometheus, until all pods of a run are ready, and gives the moment at which all begin: Unix seconds of Prometheus's clock,
 * the same for each. Gives up at once when `stopped`.
 */
export async function meetOthers(
  ends: PrometheusEnds,
  place: PodPlace,
  promNow: () => number,
  stopped: () => boolean,
): Promise<Checked<number>> {
  const { testid, index, limitSeconds } = place;
  const shortly = Math.min(10, limitSeconds);
  // Whether there was a pod in this place is to be known, not to be guessed.
  const earlier = await insist(() => readyPods(ends, testid), shortly, stopped);
  if (earlier.kind === "none") return earlier;
  if (earlier.value.has(String(index)))
    return failed(`a pod ${index + 1} of this run was at work before: what it counted would be counted anew`);
  const at = promNow();
  const labels = { __name__: plimsollMetrics.podReady, [k6Labels.testid]: testid, [k6Labels.instance]: String(index) };
  const written = await insist(() => writeSample(ends, labels, at, at), shortly, stopped);
  if (written.kind === "none") return written;
  return insist(async () => beginOf(await readyPods(ends, testid), place), limitSeconds, stopped);
}

/** Asks until it is fine, and gives the last problem when it is not within `limitSeconds`. */
async function insist<T>(ask: () => Promise<Checked<T>>, limitSeconds: number, stopped: () => boolean): Promise<Checked<T>> {
  let last: Checked<T> = stoppedEarly;
  const asked = await waitFor(
    async () => {
      if (stopped()) return stoppedEarly;
      last = await ask();
      return last.kind === "fine" ? last : undefined;
    },
    limitSeconds,
    everyMillis,
  );
  return asked ?? last;
}

/** Reads which pods are ready, by index, and since when. */
async function readyPods({ api }: PrometheusEnds, testid: string): Promise<Checked<Map<string, number>>> {
  const got = await answerOf(() => queryVector(api, podsReadyQuery(testid), undefined));
  if (got.kind === "failed") return failed(`Prometheus at ${api.url} does not answer: ${got.reason}`);
  const rows = got.value.flatMap(({ labels, points }) =>
    points.slice(-1).map(({ value }) => [labels[k6Labels.instance] ?? "", value] as const),
  );
  return { kind: "fine", value: new Map(rows) };
}

function beginOf(ready: Checked<Map<string, number>>, { pods, limitSeconds }: PodPlace): Checked<number> {
  if (ready.kind === "none") return ready;
  const missing = Array.from({ length: pods }, (_, i) => i).filter((i) => !ready.value.has(String(i)));
  if (missing.length === 0) return { kind: "fine", value: Math.max(...ready.value.values()) + leadSeconds };
  return failed(`of ${pods} pods these were not ready within ${limitSeconds} s: ${missing.map((i) => i + 1).join(", ")}`);
}
