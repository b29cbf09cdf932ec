/** Holds what several measurements of one thing say together. */
export interface Spread {
  median: number;
  min: number;
  max: number;
  count: number;
}

/** Gives the median (the mean of the middle two where there is no middle one), the least and the most; throws without a value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined || sorted.some(Number.isNaN)) throw new Error("a figure without a number");
  const below = sorted[Math.floor((sorted.length - 1) / 2)] as number;
  const above = sorted[Math.ceil((sorted.length - 1) / 2)] as number;
  return { median: (below + above) / 2, min, max, count: sorted.length };
}
