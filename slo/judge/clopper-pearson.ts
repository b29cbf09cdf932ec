import type { Count } from "../collect/measurement.ts";
import { atLeast, atMost } from "./binomial.ts";

/** A tail counts as small enough when it passes the limit by no more than this share: room for rounding, not for alpha. */
const tolerance = 1e-9;

/** Gives 1 − ratio as a person would write it: 0.001 for 0.999, where plain subtraction gives 0.0010000000000000009. */
export const complement = (ratio: number): number => Number((1 - ratio).toFixed(15));

function insist({ total, bad }: Count, alpha: number): void {
  const whole = Number.isSafeInteger(total) && Number.isSafeInteger(bad) && bad >= 0 && bad <= total;
  if (!whole) throw new RangeError(`not a count: ${bad} bad of ${total}`);
  if (!(alpha > 0 && alpha < 1)) throw new RangeError(`not a confidence: ${1 - alpha}`);
}

/** Narrows down to where `isBelow` turns false, to the last digit. `low` and `high` are ratios, 0 ≤ low < high ≤ 1. */
export function bisect(low: number, high: number, isBelow: (ratio: number) => boolean): number {
  let [from, to] = [low, high];
  for (let round = 0; round < 1100 && to - from > 2 ** -52 * to; round += 1) {
    const middle = from + (to - from) / 2;
    if (middle <= from || middle >= to) break;
    if (isBelow(middle)) from = middle;
    else to = middle;
  }
  return to;
}

/** Gives the error ratio (0–1) that the count shows not to be passed, wrong with a probability of at most `alpha` (Clopper-Pearson, upper). Throws on what is no count. */
export function upperBound(count: Count, alpha: number): number {
  insist(count, alpha);
  const { total, bad } = count;
  if (bad === total) return 1;
  if (bad === 0) return -Math.expm1(Math.log(alpha) / total);
  return bisect(bad / total, 1, (ratio) => atMost(bad, total, ratio) > alpha);
}

/** Gives the error ratio (0–1) that the count shows to be reached, wrong with a probability of at most `alpha` (Clopper-Pearson, lower). Throws on what is no count. */
export function lowerBound(count: Count, alpha: number): number {
  insist(count, alpha);
  const { total, bad } = count;
  if (bad === 0) return 0;
  if (bad === total) return Math.exp(Math.log(alpha) / total);
  return bisect(0, bad / total, (ratio) => atLeast(bad, total, ratio) < alpha);
}

/** Decides, without a quantile, whether a count proves an error ratio of at most 1 − target: exactly at it so few bad events have a probability of at most 1 − confidence. */
export function provesMet(count: Count, targetRatio: number, confidence: number): boolean {
  const alpha = complement(confidence);
  insist(count, alpha);
  return atMost(count.bad, count.total, complement(targetRatio)) <= alpha * (1 + tolerance);
}

/** Decides whether a count proves that the error ratio is above a limit: a service at the limit would show so many bad events too rarely. */
export function isAbove(count: Count, limitRatio: number, alpha: number): boolean {
  insist(count, alpha);
  return atLeast(count.bad, count.total, limitRatio) <= alpha * (1 + tolerance);
}

export const provesExceeded = (count: Count, targetRatio: number, confidence: number): boolean =>
  isAbove(count, complement(targetRatio), complement(confidence));

/** Finds the smallest number of requests that proves the target with this many bad ones among them; 2^53 − 1 stands for "more than can be counted". */
export function requestsNeeded(bad: number, targetRatio: number, confidence: number): number {
  const proves = (total: number): boolean => provesMet({ total, bad }, targetRatio, confidence);
  let [from, to] = [bad, bad + 1];
  while (!proves(to)) {
    if (to > Number.MAX_SAFE_INTEGER / 2) return Number.MAX_SAFE_INTEGER;
    [from, to] = [to, to * 2];
  }
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2);
    if (proves(middle)) to = middle;
    else from = middle;
  }
  return to;
}
