import { k6Metrics } from "../../spec/names.ts";
import type { PushedHistogram, PushedSeries } from "./body.ts";

/** Holds the last value that k6 wrote of each counter and gauge: what was sent. */
export interface SentSeries {
  sumOf(metric: string, match?: (labels: Readonly<Record<string, string>>) => boolean): number;
  valuesOf(metric: string): { labels: Readonly<Record<string, string>>; value: number; atSeconds: number }[];
}

/** Collects pushes in order. */
export interface SentBook extends SentSeries {
  take(series: readonly PushedSeries[]): void;
  /** 99th percentile of request durations in the last push that had any, seconds, by its bucket's upper bound. */
  lastLatency(): { p99Seconds: number } | undefined;
  /** What is wrong with the pushes themselves. */
  doubts(): string[];
}

interface Entry {
  labels: Record<string, string>;
  value: number;
  atMillis: number;
}

const isKept = (metric: string): boolean => metric.endsWith("_total") || metric === k6Metrics.scenarioStart || metric === k6Metrics.vus;

/** Opens an empty book. */
export function openBook(): SentBook {
  const metrics = new Map<string, Map<string, Entry>>();
  const histograms = new Map<string, PushedHistogram>();
  let latency: { p99Seconds: number } | undefined;
  let backwards = 0;
  const keep = (metric: string, { labels, value, atMillis }: PushedSeries): void => {
    const series = metrics.get(metric) ?? new Map<string, Entry>();
    metrics.set(metric, series);
    const key = JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    const before = series.get(key);
    if (before && before.atMillis > atMillis) backwards += 1;
    series.set(key, { labels, value, atMillis });
  };
  return {
    take(pushed) {
      const grown = new Map<number, Map<number, number>>();
      for (const one of pushed) {
        const metric = one.labels["__name__"] ?? "";
        if (isKept(metric) && !Number.isNaN(one.value)) keep(metric, one);
        if (metric === k6Metrics.requestDuration && one.histogram) addGrowth(grown, histograms, JSON.stringify(one.labels), one.histogram);
      }
      const p99Seconds = quantileOf(grown, 0.99);
      if (p99Seconds !== undefined) latency = { p99Seconds };
    },
    sumOf: (metric, match = () => true) =>
      [...(metrics.get(metric)?.values() ?? [])].reduce((sum, entry) => (match(entry.labels) ? sum + entry.value : sum), 0),
    valuesOf: (metric) =>
      [...(metrics.get(metric)?.values() ?? [])].map(({ labels, value, atMillis }) => ({ labels, value, atSeconds: atMillis / 1000 })),
    lastLatency: () => latency,
    doubts: () => (backwards > 0 ? [`k6 wrote ${backwards} samples that are older than the one before them`] : []),
  };
}

function addGrowth(grown: Map<number, Map<number, number>>, seen: Map<string, PushedHistogram>, key: string, now: PushedHistogram): void {
  const before = seen.get(key);
  seen.set(key, now);
  const sums = grown.get(now.schema) ?? new Map<number, number>();
  grown.set(now.schema, sums);
  for (const [index, count] of now.buckets) {
    const more = count - (before?.schema === now.schema ? (before.buckets.get(index) ?? 0) : 0);
    if (more > 0) sums.set(index, (sums.get(index) ?? 0) + more);
  }
}

function quantileOf(grown: Map<number, Map<number, number>>, quantile: number): number | undefined {
  const buckets = [...grown].flatMap(([schema, sums]) => [...sums].map(([index, count]) => ({ upper: 2 ** (index / 2 ** schema), count })));
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  let below = 0;
  for (const { upper, count } of buckets.toSorted((a, b) => a.upper - b.upper)) {
    below += count;
    if (below >= quantile * total) return upper;
  }
  return undefined;
}
