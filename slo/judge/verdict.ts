import type { Count } from "../collect/measurement.ts";

/** States what one pair of windows found: the worst long window that was tried. */
export type WindowFinding =
  | { kind: "slowBurn"; longSeconds: number; shortSeconds: number; burnRateThreshold: number; worstBurnRate: number }
  | {
      kind: "fastBurn";
      longSeconds: number;
      shortSeconds: number;
      burnRateThreshold: number;
      worstBurnRate: number;
      provedBurnRate: number;
      fromSeconds: number;
      toSeconds: number;
      count: Count;
    }
  | { kind: "skipped"; longSeconds: number; shortSeconds: number; burnRateThreshold: number; reason: string };

/** Holds the numbers behind a verdict. Ratios are 0–1 error ratios. */
export interface Evidence {
  best: Count;
  worst: Count;
  /** Error ratio of `best` (what is bad for certain). */
  errorRatio: number;
  /** Clopper-Pearson: the error ratio is at least this, proved by `best`. */
  provedAtLeast: number;
  /** Clopper-Pearson: the error ratio is at most this, proved by `worst`. */
  provedAtMost: number;
  /** Error ratio ÷ (1 − target): the share of the run's error budget that was spent. */
  budgetSpent: number;
  /** How many requests, with as many bad ones as `worst` has, would prove the target. */
  requestsNeeded: number;
  windows: WindowFinding[];
}

/** What was found of one objective. */
export type Decision =
  | { kind: "met"; evidence: Evidence }
  | { kind: "exceeded"; reason: string; evidence: Evidence }
  | { kind: "inconclusive"; reason: string; evidence?: Evidence };

export type Verdict = { objective: string; targetRatio: number } & Decision;

/** What the run as a whole says: the worst of its objectives; exceeded is worse than inconclusive. */
export type RunVerdict = { kind: "met" } | { kind: "exceeded"; reasons: string[] } | { kind: "inconclusive"; reasons: string[] };
