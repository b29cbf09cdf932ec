/**
 * Binomial probabilities in double precision.
 * Source: C. Loader, "Fast and Accurate Computation of Binomial Probabilities" (2000), the method of R's dbinom;
 * it has no difference of large logarithms, so nothing is lost at large n. Tails are sums of falling positive terms.
 */
const halfLogTwoPi = Math.log(2 * Math.PI) / 2;

/** Log(n!) minus Stirling's formula, for a whole number n ≥ 1. */
function stirlingError(n: number): number {
  if (n <= 15) {
    let factorial = 1;
    for (let i = 2; i <= n; i += 1) factorial *= i;
    return Math.log(factorial) - (n + 0.5) * Math.log(n) + n - halfLogTwoPi;
  }
  const square = n * n;
  return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / n;
}

/** X·log(x/mean) + mean − x, without the cancellation where the two are close. */
function deviance(x: number, mean: number): number {
  if (Math.abs(x - mean) >= 0.1 * (x + mean)) return x * Math.log(x / mean) + mean - x;
  const v = (x - mean) / (x + mean);
  let sum = (x - mean) * v;
  let power = 2 * x * v;
  for (let i = 3; ; i += 2) {
    power *= v * v;
    const next = sum + power / i;
    if (next === sum) return sum;
    sum = next;
  }
}

/** Gives the probability of exactly `bad` in `total` when each is bad with probability `ratio` (0 < ratio < 1). */
export function exactly(bad: number, total: number, ratio: number): number {
  if (bad < 0 || bad > total) return 0;
  if (bad === 0) return Math.exp(total * Math.log1p(-ratio));
  if (bad === total) return Math.exp(total * Math.log(ratio));
  const good = total - bad;
  const log =
    stirlingError(total) - stirlingError(bad) - stirlingError(good) - deviance(bad, total * ratio) - deviance(good, total * (1 - ratio));
  return Math.exp(log - halfLogTwoPi) * Math.sqrt(total / bad / good);
}

const negligible = 1e-17;

/** Sums falling terms, the first of them 1: `next` gives the share of the following one after so many steps. */
export function sumOfFalling(steps: number, next: (step: number) => number): number {
  let [term, sum] = [1, 1];
  for (let step = 0; step < steps && term > negligible * sum; step += 1) {
    term *= next(step);
    sum += term;
  }
  return sum;
}

/**
 * Sums the probabilities from that of `bad` outwards: `left` more of them, each smaller by a share that begins at odds × left ÷ other + 1.
 * Towards 0 `left` counts the bad ones and `odds` is that of a good one; towards `total` it is the other way round.
 */
const sumFrom = (bad: number, total: number, ratio: number, left: number, odds: number): number =>
  exactly(bad, total, ratio) * sumOfFalling(left, (step) => ((left - step) / (total - left + step + 1)) * odds);

const sumDown = (bad: number, total: number, ratio: number): number => sumFrom(bad, total, ratio, bad, (1 - ratio) / ratio);
const sumUp = (bad: number, total: number, ratio: number): number => sumFrom(bad, total, ratio, total - bad, ratio / (1 - ratio));

/** Gives the probability of at most `bad` in `total`, for a ratio from 0 to 1. */
export function atMost(bad: number, total: number, ratio: number): number {
  if (bad >= total) return 1;
  if (bad < 0 || ratio >= 1) return 0;
  if (ratio <= 0) return 1;
  return bad < total * ratio ? sumDown(bad, total, ratio) : 1 - sumUp(bad + 1, total, ratio);
}

/** Gives the probability of at least `bad` in `total`, for a ratio from 0 to 1. */
export function atLeast(bad: number, total: number, ratio: number): number {
  if (bad <= 0) return 1;
  if (bad > total || ratio <= 0) return 0;
  if (ratio >= 1) return 1;
  return bad > total * ratio ? sumUp(bad, total, ratio) : 1 - sumDown(bad - 1, total, ratio);
}
