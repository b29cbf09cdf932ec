import type { Series } from "./prometheus.ts";

/** A line of a chart: one value a step, null where there is no sample. */
export type Line = (number | null)[];

/** Gives a number that can be drawn; anything else is no sample. */
export const finite = (value: number | undefined): number | null => (value !== undefined && Number.isFinite(value) ? value : null);

/** How many steps a moment's rate looks back and ahead: k6 pushes once a second, and a service is scraped now and then, so single steps hold too many or too few. */
export interface Around {
  back: number;
  ahead: number;
}

/** Says of what k6 counts that it was 0 from the beginning of the load until its first sample: a series comes with its first event. */
export function fromZero(line: Line, begins: number): Line {
  const first = line.findIndex((value) => value !== null);
  return line.map((value, i) => (i >= begins && i < first ? 0 : value));
}

/** Finds where a load begins and between which steps it fills whole ones, by the requests that it has sent; a grid ends a second after k6. */
export function loadSteps(requests: Line, begins: number) {
  const from = requests.findIndex((value) => value !== null && value > 0);
  const rose = requests.findLastIndex((value, i) => (value ?? 0) > (requests[i - 1] ?? 0));
  const end = requests.length - 2;
  return { begins, from, to: Math.max(from + 1, rose < end - 1 ? end : rose - 1) };
}
type LoadSteps = ReturnType<typeof loadSteps>;

/**
 * Turns a cumulative line into growth a second around each moment; null where either end is missing or the counter went back. Within a load only its
 * own whole steps count, as near as there are: what lies before and after it would look like a lower rate.
 */
export function growth(line: Line, stepSeconds: number, { back, ahead }: Around, load?: LoadSteps): Line {
  const first = line.findIndex((value) => value !== null);
  const [least, most] = load === undefined ? [first, line.length - 1] : [Math.max(first, load.from), Math.min(load.to, line.length - 1)];
  return line.map((here, i) => {
    if (here === null || (load !== undefined && i > load.to + 1)) return null;
    let [start, end] = [Math.max(i - back, first), Math.min(i + ahead, line.length - 1)];
    if (load !== undefined && i < load.begins) end = Math.min(end, load.begins);
    else if (load !== undefined) {
      start = Math.max(least, Math.min(start, most - back - ahead));
      end = Math.min(most, start + back + ahead);
    }
    const [before, value] = [line[start], line[end]];
    if (before === undefined || before === null || value === undefined || value === null || value < before || end === start) return null;
    return (value - before) / (stepSeconds * (end - start));
  });
}

export function ratio(part: Line, whole: Line): Line {
  return whole.map((total, i) => {
    const some = part[i] ?? null;
    return total === null || total === 0 || some === null ? null : some / total;
  });
}

/** How many requests took at most so long, cumulative, by the bound; null is the bucket without one. */
export interface Bucket {
  atMostSeconds: number | null;
  requests: number;
}

/** Puts what was read of each bucket (by its label `le`, in the service's own unit) in order of the bounds; spellings of one bound are one bucket. */
export function bucketLines(series: readonly Series<number>[], unitsPerSecond: number, lineOf: (points: Series<number>["points"]) => Line) {
  const byBound = Map.groupBy(series, ({ labels }) => Number((labels["le"] ?? "").replace("Inf", "Infinity")) / unitsPerSecond);
  const sum = (lines: readonly Line[]): Line =>
    (lines[0] ?? []).map((_, i) => {
      const there = lines.flatMap((line) => line[i] ?? []);
      return there.length === 0 ? null : there.reduce((total, value) => total + value, 0);
    });
  return [...byBound]
    .filter(([bound]) => !Number.isNaN(bound))
    .map(([atMostSeconds, same]) => ({ atMostSeconds, line: sum(same.map(({ points }) => lineOf(points))) }))
    .toSorted((a, b) => a.atMostSeconds - b.atMostSeconds);
}
/** A service's histogram over time: each bucket's cumulative line, in order of its bound. */
type BucketLines = ReturnType<typeof bucketLines>;

/**
 * Draws a percentile as the upper bound of the bucket in which it lies around each moment, from differences of the cumulative counts: within a bucket
 * nobody knows where. Above the highest bound there is none.
 */
export function quantileLine(buckets: BucketLines, quantile: number, length: number, stepSeconds: number, around: Around): Line {
  const grown = buckets.map(({ atMostSeconds, line }) => ({ atMostSeconds, line: growth(line, stepSeconds, around) }));
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
  const rises = (line: Line, i: number): number | null => {
    const [before, value] = [line[i - 1] ?? null, line[i] ?? null];
    return before === null || value === null ? null : value - before;
  };
  const whole = steps.filter((i) => buckets.every(({ line }) => (rises(line, i) ?? -1) >= 0));
  const counted = buckets.map(({ atMostSeconds, line }) => ({
    atMostSeconds: atMostSeconds === Infinity ? null : atMostSeconds,
    requests: whole.reduce((sum, i) => sum + (rises(line, i) ?? 0), 0),
  }));
  return (counted.at(-1)?.requests ?? 0) > 0 ? counted : [];
}
