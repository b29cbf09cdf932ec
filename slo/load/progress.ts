import type { Latency } from "../run/relay/latency.ts";
import type { SentCounts } from "../run/relay/sent-totals.ts";
import { isJudged, k6Labels, k6Metrics } from "../spec/names.ts";

/** What one line can tell of a load that is under way; counts since its start, judged traffic only but for the iterations. */
export interface Progress {
  /** Unix seconds. */
  begunSeconds: number;
  iterations: number;
  requests: number;
  errors: number;
  dropped: number;
  p99Seconds: number | null;
}

/** Reads how far a load is from what k6 wrote so far. */
export function progressAt(sent: SentCounts, latency: Latency | undefined, startedAtSeconds: number): Progress {
  const begun = sent.valuesOf(k6Metrics.scenarioStart).map(({ value }) => value);
  return {
    begunSeconds: begun.length > 0 ? Math.min(...begun) : startedAtSeconds,
    iterations: sent.sumOf(k6Metrics.iterations),
    requests: sent.sumOf(k6Metrics.requests, isJudged),
    errors: sent.sumOf(k6Metrics.requests, (labels) => isJudged(labels) && labels[k6Labels.expectedResponse] === "false"),
    dropped: sent.sumOf(k6Metrics.droppedIterations, isJudged),
    p99Seconds: latency?.p99Seconds ?? null,
  };
}

/** Tells when k6 last wrote a count of iterations, Unix seconds on its clock; undefined before that. */
export function writtenAt(sent: SentCounts): number | undefined {
  const times = sent.valuesOf(k6Metrics.iterations).map(({ atSeconds }) => atSeconds);
  return times.length > 0 ? Math.max(...times) : undefined;
}

/** Adds up the progress of several pods; the slowest one's percentile stands for all, since percentiles cannot be added. */
export function addProgress(pods: readonly Progress[]): Progress | undefined {
  if (pods.length === 0) return undefined;
  const sum = (pick: (progress: Progress) => number): number => pods.reduce((total, progress) => total + pick(progress), 0);
  const slowest = pods.flatMap(({ p99Seconds }) => (p99Seconds === null ? [] : [p99Seconds]));
  return {
    begunSeconds: Math.min(...pods.map(({ begunSeconds }) => begunSeconds)),
    iterations: sum((g) => g.iterations),
    requests: sum((g) => g.requests),
    errors: sum((g) => g.errors),
    dropped: sum((g) => g.dropped),
    p99Seconds: slowest.length > 0 ? Math.max(...slowest) : null,
  };
}
