/** Sums P(X = k) over a range of k for X binomial(n, p), term by term in logarithms: slow, exact to about 1e-10, and not the way in which the judge does it. */
function sumOfTerms(n: number, p: number, from: number, to: number): number {
  const logFactorial = [0];
  for (let i = 1; i <= n; i += 1) logFactorial.push((logFactorial[i - 1] as number) + Math.log(i));
  const of = (i: number): number => logFactorial[i] as number;
  let sum = 0;
  for (let k = from; k <= to; k += 1) sum += Math.exp(of(n) - of(k) - of(n - k) + k * Math.log(p) + (n - k) * Math.log1p(-p));
  return sum;
}

/** Says what `bad` of `total` events prove of a target (0–1) at a one-sided confidence (0–1), by the binomial tails themselves. */
export function truthOf(bad: number, total: number, targetRatio: number, confidence: number): "met" | "exceeded" | "inconclusive" {
  const p = 1 - targetRatio;
  if (sumOfTerms(total, p, bad, total) <= 1 - confidence) return "exceeded";
  if (sumOfTerms(total, p, 0, bad) <= 1 - confidence) return "met";
  return "inconclusive";
}

/** Names the worst of several verdicts: exceeded, then inconclusive, then met. */
export function worstOf(verdicts: readonly string[]): string {
  return ["exceeded", "inconclusive", "met"].find((kind) => verdicts.includes(kind)) ?? "inconclusive";
}
