import type { Count } from "../collect/measurement.ts";
import { exactly } from "./binomial.ts";

const negligible = 1e-17;

/**
 * Gives the probability of exactly `bad` bad events among `total` that are drawn from the whole without putting back:
 * a product of three binomial ones, which keeps its digits at large counts (C. Loader, as in R's dhyper).
 */
function exactlyDrawn({ bad, total }: Count, whole: Count): number {
  const ratio = total / whole.total;
  if (ratio <= 0 || ratio >= 1) return 1;
  const good = exactly(total - bad, whole.total - whole.bad, ratio);
  return (exactly(bad, whole.bad, ratio) * good) / exactly(total, whole.total, ratio);
}

/** Sums the probabilities from that of `bad` outwards, in falling terms: `next` gives the share of the following one. */
function tail(first: number, from: number, to: number, next: (bad: number) => number): number {
  const step = to > from ? 1 : -1;
  let [term, sum] = [first, first];
  for (let bad = from; bad !== to && term > negligible * sum; bad += step) {
    term *= next(bad);
    sum += term;
  }
  return Math.min(1, sum);
}

/**
 * Gives the probability that a part of the whole holds so many bad events, or more, were they spread over the whole by chance:
 * Fisher's exact test of the part against the rest, one-sided. The part is within the whole.
 */
export function overRepresented(part: Count, whole: Count): number {
  const { bad, total } = part;
  const [least, most] = [Math.max(0, total - (whole.total - whole.bad)), Math.min(total, whole.bad)];
  if (bad <= least) return 1;
  const others = whole.total - whole.bad - total; // how many good ones more than the part could hold
  const up = (x: number): number => ((whole.bad - x) * (total - x)) / ((x + 1) * (others + x + 1));
  const down = (x: number): number => 1 / up(x - 1);
  if (bad * whole.total > total * whole.bad) return tail(exactlyDrawn(part, whole), bad, most, up);
  return Math.max(0, 1 - tail(exactlyDrawn({ bad: bad - 1, total }, whole), bad - 1, least, down));
}
