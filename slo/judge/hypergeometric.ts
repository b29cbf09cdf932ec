import type { Count } from "../collect/measurement.ts";
import { exactly, sumOfFalling } from "./binomial.ts";

/** Gives the probability of exactly `bad` among `total` drawn without putting back: a product of three binomial ones, which keeps its digits (C. Loader, as in R's dhyper). */
function exactlyDrawn({ bad, total }: Count, whole: Count): number {
  const ratio = total / whole.total;
  if (ratio <= 0 || ratio >= 1) return 1;
  const good = exactly(total - bad, whole.total - whole.bad, ratio);
  return (exactly(bad, whole.bad, ratio) * good) / exactly(total, whole.total, ratio);
}

/** Gives the probability that a part within the whole holds so many bad events, or more, by chance: Fisher's exact test of the part against the rest, one-sided. */
export function overRepresented(part: Count, whole: Count): number {
  const { bad, total } = part;
  const [least, most] = [Math.max(0, total - (whole.total - whole.bad)), Math.min(total, whole.bad)];
  if (bad <= least) return 1;
  const others = whole.total - whole.bad - total; // how many good ones more than the part could hold
  const up = (x: number): number => ((whole.bad - x) * (total - x)) / ((x + 1) * (others + x + 1));
  if (bad * whole.total > total * whole.bad)
    return Math.min(1, exactlyDrawn(part, whole) * sumOfFalling(most - bad, (step) => up(bad + step)));
  const fewer = exactlyDrawn({ bad: bad - 1, total }, whole) * sumOfFalling(bad - 1 - least, (step) => 1 / up(bad - 2 - step));
  return Math.max(0, 1 - fewer);
}
