import { queryVector, type PrometheusApi } from "../collect/prometheus.ts";
import { podsReadyQuery } from "../compile/run.ts";
import { encodeWrite, writeOnce, type Receiver } from "../run/relay/write.ts";
import { waitFor } from "../run/wait.ts";
import { k6Labels, plimsollMetrics } from "../spec/names.ts";
import { notWritten, type Checked } from "./preflight.ts";

/** Is one pod's place among those that start together. */
export interface Place {
  testid: string;
  index: number;
  pods: number;
  limitSeconds: number;
}

/** How long after the last pod was ready all begin: each has asked by then. */
const leadSeconds = 2;

/** Waits, through Prometheus, until all pods of a run are ready, and gives the moment at which all begin: Unix seconds of Prometheus's clock, the same for each. */
export async function meetOthers(api: PrometheusApi, receiver: Receiver, place: Place, promNow: () => number): Promise<Checked<number>> {
  const { testid, index, pods, limitSeconds } = place;
  const ready = async (): Promise<Map<string, number> | string> => {
    const got = await queryVector(api, podsReadyQuery(testid), undefined);
    if (got.kind === "failed") return got.reason;
    return new Map(got.value.map(({ labels, points }) => [labels[k6Labels.instance] ?? "", points.at(-1)?.value ?? Number.NaN]));
  };
  const earlier = await ready();
  if (typeof earlier !== "string" && earlier.has(String(index)))
    return { kind: "problem", message: `a pod ${index + 1} of this run was at work before: what it counted would be counted anew` };
  const at = promNow();
  const labels = { __name__: plimsollMetrics.podReady, [k6Labels.testid]: testid, [k6Labels.instance]: String(index) };
  const body = encodeWrite([{ labels, value: at, atMillis: Math.round(at * 1000) }]);
  let why = "";
  const take = async (): Promise<true | undefined> => {
    const written = await writeOnce(receiver, body);
    if (written.kind !== "written") why = notWritten(api.url, written);
    return written.kind === "written" ? true : undefined;
  };
  if (!(await waitFor(take, Math.min(10, limitSeconds), 500))) return { kind: "problem", message: why };
  const all = async (): Promise<number | undefined> => {
    const answer = await ready();
    if (typeof answer === "string") {
      why = `Prometheus at ${api.url} does not answer: ${answer}`;
      return undefined;
    }
    const missing = Array.from({ length: pods }, (_, i) => i).filter((i) => !answer.has(String(i)));
    why = `of ${pods} pods these were not ready within ${limitSeconds} s: ${missing.map((i) => i + 1).join(", ")}`;
    return missing.length === 0 ? Math.max(...answer.values()) + leadSeconds : undefined;
  };
  const begin = await waitFor(all, limitSeconds, 250);
  return begin === undefined ? { kind: "problem", message: why } : { kind: "fine", value: begin };
}
