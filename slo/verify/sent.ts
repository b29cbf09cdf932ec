import type { Totals } from "../collect/stored-counts.ts";
import type { RunRecord } from "../run/record.ts";
import type { SentCounts } from "../run/relay/sent-totals.ts";
import { isJudged, k6Labels, k6Metrics } from "../spec/names.ts";

/** Adds up what k6 wrote of the whole run. */
export function totalsOf(sent: SentCounts): Totals {
  return {
    requests: sent.sumOf(k6Metrics.requests),
    iterations: sent.sumOf(k6Metrics.iterations),
    dropped: sent.sumOf(k6Metrics.droppedIterations),
    errors: sent.sumOf(k6Metrics.requests, (labels) => labels[k6Labels.expectedResponse] === "false"),
    slow: sent.sumOf(k6Metrics.slowRequests),
    wrongContents: sent.sumOf(k6Metrics.wrongContents),
  };
}

/** Adds up what k6 wrote of the judged scenarios. */
export function judgedSentOf(sent: SentCounts) {
  return {
    requests: sent.sumOf(k6Metrics.requests, isJudged),
    iterations: sent.sumOf(k6Metrics.iterations, isJudged),
    dropped: sent.sumOf(k6Metrics.droppedIterations, isJudged),
  };
}
export type JudgedSent = ReturnType<typeof judgedSentOf>;

/** What of the load cannot be found in the counts, or is in them and not judged. */
export interface UnservedLoad {
  /** Judged iterations that k6 had to drop, and all that were cut off. */
  dropped: number;
  interrupted: number;
  requestsPerIteration: number;
  judged: number;
  /** Requests of setup and warm-up. */
  notJudged: number;
}

/** Says what the counts of a run lack, or hold too much. */
export function unservedLoadOf({ k6 }: RunRecord, totals: Totals, { requests, iterations, dropped }: JudgedSent): UnservedLoad {
  return {
    dropped,
    interrupted: k6?.interrupted ?? 0,
    requestsPerIteration: iterations > 0 ? requests / iterations : 1,
    judged: requests,
    notJudged: totals.requests - requests,
  };
}
