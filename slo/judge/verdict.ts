import type { Count } from "../collect/measurement.ts";

/** A long window, the short one that ends with it, and the burn rate above which they are a fast burn. */
export interface WindowPair {
  longSeconds: number;
  shortSeconds: number;
  burnRateThreshold: number;
}

/** Events that were counted between two times, Unix seconds. */
export interface Window {
  fromSeconds: number;
  toSeconds: number;
  count: Count;
}

/** States what one pair of windows found: the worst long window that was tried. */
export type WindowFinding = WindowPair &
  (
    | { kind: "slowBurn"; worstBurnRate: number }
    | ({ kind: "fastBurn"; worstBurnRate: number; provedBurnRate: number } & Window)
    | { kind: "skipped"; reason: string }
  );

/** Holds the numbers behind a verdict. Ratios are 0–1 error ratios. */
export interface Evidence {
  best: Count;
  worst: Count;
  /** How many of `best` are iterations that k6 dropped, where there are any. */
  dropped?: number;
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

export type Decision =
  | { kind: "met"; evidence: Evidence }
  | { kind: "exceeded"; reason: string; evidence: Evidence }
  | { kind: "inconclusive"; reason: string; evidence?: Evidence };

export type Verdict = { objective: string; targetRatio: number } & Decision;

/** What the run as a whole says: the worst of its objectives; exceeded is worse than inconclusive. */
export type RunVerdict = { kind: "met" } | { kind: "exceeded"; reasons: string[] } | { kind: "inconclusive"; reasons: string[] };
