import type { Count } from "../collect/measurement.ts";
import { atLeast, atMost } from "./binomial.ts";

/** A tail counts as small enough when it passes the limit by no more than this share: room for rounding, not for doubt. */
const tolerance = 1e-9;

/** Gives 1 − ratio as a person would write it: 0.001 for 0.999, where plain subtraction gives 0.0010000000000000009. */
export function complement(ratio: number): number {
  return Number((1 - ratio).toFixed(15));
}

function insist({ total, bad }: Count, confidence: number): void {
  const whole = Number.isSafeInteger(total) && Number.isSafeInteger(bad) && bad >= 0 && bad <= total;
  if (!whole) throw new RangeError(`not a count: ${bad} bad of ${total}`);
  if (!(confidence > 0 && confidence < 1)) throw new RangeError(`not a confidence: ${confidence}`);
}

/** Narrows down to where `isBelow` turns false, to the last digit. `low` and `high` are ratios, 0 ≤ low < high ≤ 1. */
function bisect(low: number, high: number, isBelow: (ratio: number) => boolean): number {
  let [from, to] = [low, high];
  for (let round = 0; round < 1100 && to - from > 2 ** -52 * to; round += 1) {
    const middle = from + (to - from) / 2;
    if (middle <= from || middle >= to) break;
    if (isBelow(middle)) from = middle;
    else to = middle;
  }
  return to;
}

/** Gives the error ratio (0–1) that the count proves not to be passed: one-sided Clopper-Pearson, upper bound. Throws on what is no count. */
export function provedAtMost(count: Count, confidence: number): number {
  insist(count, confidence);
  const { total, bad } = count;
  const doubt = complement(confidence);
  if (bad === total) return 1;
  if (bad === 0) return -Math.expm1(Math.log(doubt) / total);
  return bisect(bad / total, 1, (ratio) => atMost(bad, total, ratio) > doubt);
}

/** Gives the error ratio (0–1) that the count proves to be reached: one-sided Clopper-Pearson, lower bound. Throws on what is no count. */
export function provedAtLeast(count: Count, confidence: number): number {
  insist(count, confidence);
  const { total, bad } = count;
  const doubt = complement(confidence);
  if (bad === 0) return 0;
  if (bad === total) return Math.exp(Math.log(doubt) / total);
  return bisect(0, bad / total, (ratio) => atLeast(bad, total, ratio) < doubt);
}

/**
 * Decides whether a count proves that the error ratio is at most 1 − target, without a quantile:
 * a service exactly at that ratio would show so few bad events with a probability of at most 1 − confidence.
 */
export function provesMet(count: Count, targetRatio: number, confidence: number): boolean {
  insist(count, confidence);
  return atMost(count.bad, count.total, complement(targetRatio)) <= complement(confidence) * (1 + tolerance);
}

/** Decides whether a count proves that the error ratio is above `limitRatio`: a service at the limit would show so many bad events too rarely. */
export function provesAbove(count: Count, limitRatio: number, confidence: number): boolean {
  insist(count, confidence);
  return atLeast(count.bad, count.total, limitRatio) <= complement(confidence) * (1 + tolerance);
}

/** Finds the smallest number of requests that proves the target with this many bad ones among them. */
export function requestsNeeded(bad: number, targetRatio: number, confidence: number): number {
  const proves = (total: number): boolean => provesMet({ total, bad }, targetRatio, confidence);
  let [from, to] = [bad, bad + 1];
  while (!proves(to)) [from, to] = [to, to * 2];
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2);
    if (proves(middle)) to = middle;
    else from = middle;
  }
  return to;
}
