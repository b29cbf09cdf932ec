import type { Count } from "../collect/measurement.ts";
import { atMost, exactly } from "./binomial.ts";
import { bisect, complement, provesExceeded } from "./clopper-pearson.ts";

/** Up to how many times the limit the first half of the mixture reaches: most of what breaks a budget lies there. */
const nearTimes = 20;

/**
 * Gives the evidence that the error ratio is above a limit, as a likelihood ratio: that of a mixture of ratios above it (half spread evenly up to
 * 20 times the limit, half up to 1) against the limit itself. For a service within the limit it is a supermartingale from 1, so it ever reaches 1 ÷ alpha with
 * a probability of at most alpha (Ville's inequality), however often it is looked at and whenever the load is stopped for it (H. Robbins, 1970).
 */
export function evidenceAbove({ bad, total }: Count, limit: number): number {
  if (limit <= 0 || limit >= 1 || bad <= total * limit) return 0; // every ratio of the mixture is less likely than the limit
  const at = exactly(bad, total, limit);
  // The likelihoods from the limit up to a ratio are a beta integral, and that is a difference of binomial tails.
  const upTo = (ratio: number): number => {
    const share = atMost(bad, total + 1, limit) - atMost(bad, total + 1, ratio);
    return share <= 0 ? 0 : share / ((total + 1) * (ratio - limit) * at);
  };
  return (upTo(Math.min(1, nearTimes * limit)) + upTo(1)) / 2;
}

/** Decides whether a count proves that the error ratio is above 1 − target, at whichever look it was found. */
export const provesExceededAtAnyLook = (count: Count, targetRatio: number, confidence: number): boolean =>
  evidenceAbove(count, complement(targetRatio)) >= 1 / complement(confidence);

/** Decides it for all `planned` events, were those that are left good: whatever comes, the count at the end proves it too, so no look is a look more. */
export function provesExceededOverPlan({ bad, total }: Count, planned: number, targetRatio: number, confidence: number): boolean {
  return provesExceeded({ bad, total: Math.max(total, planned) }, targetRatio, confidence);
}

/** Gives the error ratio that the count shows to be reached, at whichever look. */
export function lowerBoundAtAnyLook(count: Count, alpha: number): number {
  if (count.bad === 0) return 0;
  return bisect(0, count.bad / count.total, (ratio) => ratio === 0 || evidenceAbove(count, ratio) >= 1 / alpha);
}

/** Gives the error ratio that the count shows not to be passed, at whichever look. */
export const upperBoundAtAnyLook = ({ total, bad }: Count, alpha: number): number =>
  1 - lowerBoundAtAnyLook({ total, bad: total - bad }, alpha);
