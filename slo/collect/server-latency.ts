import { growth, type Around, type Line } from "./lines.ts";
import type { Series } from "./prometheus.ts";

/** How many requests took at most so long, cumulative, by the bound; null is the bucket without one. */
export interface Bucket {
  atMostSeconds: number | null;
  requests: number;
}

/** A service's histogram over time: each bucket's cumulative line, in order of its bound. */
export type BucketLines = { atMostSeconds: number; line: Line }[];

/** Puts what was read of each bucket (by its label `le`, in the service's own unit) in order of the bounds; spellings of one bound are one bucket. */
export function bucketLines(
  series: readonly Series<number>[],
  unitsPerSecond: number,
  lineOf: (points: Series<number>["points"]) => Line,
): BucketLines {
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
