import type { Totals } from "../collect/stored-counts.ts";
import type { RunRecord } from "../run/record.ts";
import type { SentCounts } from "../run/relay/sent-totals.ts";
import { type isJudged, k6Labels, k6Metrics } from "../spec/names.ts";

/** Sums what k6 wrote of the whole run, or of what is asked for by its labels. */
export function totalsOf(sent: SentCounts, isAsked: typeof isJudged = () => true): Totals {
  return {
    requests: sent.sumOf(k6Metrics.requests, isAsked),
    iterations: sent.sumOf(k6Metrics.iterations, isAsked),
    dropped: sent.sumOf(k6Metrics.droppedIterations, isAsked),
    errors: sent.sumOf(k6Metrics.requests, (labels) => isAsked(labels) && labels[k6Labels.expectedResponse] === "false"),
    slow: sent.sumOf(k6Metrics.slowRequests, isAsked),
    wrongContents: sent.sumOf(k6Metrics.wrongContents, isAsked),
  };
}

/** How many requests to one host an iteration has under way at once, unless its options or its own promises say otherwise (k6: batchPerHost). */
const usuallyAtOnce = 6;

/** Says what the counts of a run lack, or hold too much: what of the load cannot be found in them, or is in them and not judged. */
export function unservedLoadOf(
  { k6, interrupted, stoppedOnProof }: Pick<RunRecord, "k6" | "interrupted" | "stoppedOnProof">,
  totals: Totals,
  { requests, iterations, dropped }: Totals,
) {
  return {
    dropped,
    interrupted: k6?.interrupted ?? 0,
    iterations,
    requestsPerIteration: iterations > 0 ? requests / iterations : 1,
    /** Where the load was ended from here, an iteration that was cut off lacks only what it had under way: the rest was never offered. */
    mostPerCutOff: interrupted || stoppedOnProof !== null ? usuallyAtOnce : Infinity,
    judged: requests,
    /** Requests of setup and warm-up. */
    notJudged: totals.requests - requests,
  };
}
export type UnservedLoad = ReturnType<typeof unservedLoadOf>;
