/** A line of a chart: one value a step, null where there is no sample. */
export type Line = (number | null)[];

/** Gives a number that can be drawn; anything else is no sample. */
export const finite = (value: number | undefined): number | null => (value !== undefined && Number.isFinite(value) ? value : null);

/** Says of what k6 counts that it was 0 from the beginning of the load until its first sample: a series comes with its first event. */
export function fromZero(line: Line, begins: number): Line {
  const first = line.findIndex((value) => value !== null);
  return line.map((value, i) => (i >= begins && i < first ? 0 : value));
}

/** Finds between which steps a load fills whole ones, by the requests that it has sent; a grid ends a second after k6. */
export function loadSteps(requests: Line) {
  const from = requests.findIndex((value) => value !== null && value > 0);
  const rose = requests.findLastIndex((value, i) => (value ?? 0) > (requests[i - 1] ?? 0));
  const end = requests.length - 2;
  return { from, to: Math.max(from + 1, rose < end - 1 ? end : rose - 1) };
}

/**
 * Turns a cumulative line into growth a second over `half` steps before and after each moment: k6 pushes once a second, and a service is scraped now and
 * then, so single steps hold too many or too few. Before a load, and within its whole steps, only what lies there counts; null after it, and where either
 * end is missing or the counter went back.
 */
export function growth(line: Line, stepSeconds: number, half: number, { from, to } = { from: 0, to: line.length - 1 }): Line {
  const first = line.findIndex((value) => value !== null);
  return line.map((here, i) => {
    const [least, most] = i < from ? [first, from - 1] : [Math.max(first, from), to];
    const start = Math.max(least, Math.min(i - half, most - 2 * half));
    const end = Math.min(most, start + 2 * half);
    const [before, value] = [line[start] ?? null, line[end] ?? null];
    if (here === null || i > to || before === null || value === null || value < before || end <= start) return null;
    return (value - before) / (stepSeconds * (end - start));
  });
}

/** Divides one line by another; no sample where either has none, or where the whole is 0. */
export const ratio = (part: Line, whole: Line): Line => whole.map((total, i) => finite((part[i] ?? Number.NaN) / (total ?? Number.NaN)));

/** How many requests took at most so long, cumulative, by the bound; null is the bucket without one. */
export interface Bucket {
  atMostSeconds: number | null;
  requests: number;
}

/** Puts what was read of each bucket (by its label `le`, in the service's own unit) in order of the bounds; spellings of one bound are one bucket. */
export function bucketLines(series: readonly { labels: Record<string, string>; line: Line }[], unitsPerSecond: number) {
  const byBound = Map.groupBy(series, ({ labels }) => Number((labels["le"] ?? "").replace("Inf", "Infinity")) / unitsPerSecond);
  const sum = (one: Line, other: Line): Line => one.map((value, i) => (value === null ? (other[i] ?? null) : value + (other[i] ?? 0)));
  return [...byBound]
    .filter(([bound]) => !Number.isNaN(bound))
    .map(([atMostSeconds, same]) => ({ atMostSeconds, line: same.map(({ line }) => line).reduce(sum) }))
    .toSorted((a, b) => a.atMostSeconds - b.atMostSeconds);
}
/** A service's histogram over time: each bucket's cumulative line, in order of its bound. */
type BucketLines = ReturnType<typeof bucketLines>;

/**
 * Draws a percentile as the upper bound of the bucket in which it lies around each moment, from differences of the cumulative counts: within a bucket
 * nobody knows where. Above the highest bound there is none.
 */
export function quantileLine(buckets: BucketLines, quantile: number, length: number, stepSeconds: number, half: number): Line {
  const grown = buckets.map(({ atMostSeconds, line }) => ({ atMostSeconds, line: growth(line, stepSeconds, half) }));
  const all = grown.at(-1)?.line ?? [];
  return Array.from({ length }, (_, i) => {
    const total = all[i] ?? null;
    if (total === null || total <= 0) return null;
    const reached = grown.find(({ line }) => (line[i] ?? 0) >= quantile * total * (1 - 1e-9));
    return reached === undefined || reached.atMostSeconds === Infinity ? null : reached.atMostSeconds;
  });
}

/** Adds up what each bucket grew by within a stretch of the lines; steps in which a bucket fell (a restart) are left out. Empty where nothing grew. */
export function bucketsBetween(buckets: BucketLines, from: number, to: number): Bucket[] {
  const steps = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i + 1);
  const rise = (line: Line, i: number): number => (line[i] ?? Number.NaN) - (line[i - 1] ?? Number.NaN);
  const whole = steps.filter((i) => buckets.every(({ line }) => rise(line, i) >= 0));
  const counted = buckets.map(({ atMostSeconds, line }) => ({
    atMostSeconds: atMostSeconds === Infinity ? null : atMostSeconds,
    requests: whole.reduce((sum, i) => sum + rise(line, i), 0),
  }));
  return (counted.at(-1)?.requests ?? 0) > 0 ? counted : [];
}
