import { z } from "zod";

const number = z.number();

export const count = z.strictObject({ total: number, bad: number });

/** A long window, the short one that ends with it, and the burn rate above which they are a fast burn. */
const pair = z.strictObject({ longSeconds: number, shortSeconds: number, burnRateThreshold: number });
/** Events that were counted between two times, Unix seconds. */
const window = z.strictObject({ fromSeconds: number, toSeconds: number, count });

/** States what one pair of windows found: the worst long window that was tried. */
const windowFinding = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("slowBurn"), ...pair.shape, worstBurnRate: number }),
  z.strictObject({ kind: z.literal("fastBurn"), ...pair.shape, worstBurnRate: number, provedBurnRate: number, ...window.shape }),
  z.strictObject({ kind: z.literal("skipped"), ...pair.shape, reason: z.string() }),
]);

/** Holds the numbers behind a verdict. Ratios are 0–1 error ratios. */
export const evidence = z.strictObject({
  best: count,
  worst: count,
  /** How many of `best` are iterations that k6 dropped, where there are any. */
  dropped: number.optional(),
  /** Error ratio of `best` (what is bad for certain). */
  errorRatio: number,
  /** Clopper-Pearson: the error ratio is at least this, proved by `best`. */
  provedAtLeast: number,
  /** Clopper-Pearson: the error ratio is at most this, proved by `worst`. */
  provedAtMost: number,
  /** Error ratio ÷ (1 − target): the share of the run's error budget that was spent. */
  budgetSpent: number,
  /** How many requests, with as many bad ones as `worst` has, would prove the target. */
  requestsNeeded: number,
  windows: z.array(windowFinding),
});

export type WindowPair = z.infer<typeof pair>;
export type Window = z.infer<typeof window>;
export type WindowFinding = z.infer<typeof windowFinding>;
export type Evidence = z.infer<typeof evidence>;

export type Decision =
  | { kind: "met"; evidence: Evidence }
  | { kind: "exceeded"; reason: string; evidence: Evidence }
  | { kind: "inconclusive"; reason: string; evidence?: Evidence };

export type Verdict = { objective: string; targetRatio: number } & Decision;

/** What the run as a whole says: the worst of its objectives; exceeded is worse than inconclusive. */
export type RunVerdict = { kind: "met" } | { kind: "exceeded"; reasons: string[] } | { kind: "inconclusive"; reasons: string[] };
