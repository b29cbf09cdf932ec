import { k6Metrics } from "../../spec/names.ts";
import type { PushedSeries } from "./body.ts";
import { openLatency, type Latency } from "./latency.ts";

/** The last values that k6 wrote of each counter and gauge: what was sent. */
export interface SentCounts {
  sumOf(metric: string, match?: (labels: Readonly<Record<string, string>>) => boolean): number;
  valuesOf(metric: string): SentValue[];
}

/** The last value of one series. */
export interface SentValue {
  labels: Readonly<Record<string, string>>;
  value: number;
  atSeconds: number;
}

/** Makes one of what several k6 wrote, each of which labels its series as its own: metric name → last values. */
export function sentOf(parts: readonly Readonly<Record<string, readonly SentValue[]>>[]): SentCounts {
  return summed((metric) => parts.flatMap((part) => part[metric] ?? []));
}

function summed(valuesOf: SentCounts["valuesOf"]): SentCounts {
  const sumOf: SentCounts["sumOf"] = (metric, match = () => true) =>
    valuesOf(metric).reduce((sum, { labels, value }) => (match(labels) ? sum + value : sum), 0);
  return { valuesOf, sumOf };
}

/** Collects pushes in order. */
export interface SentTotals extends SentCounts {
  take(series: readonly PushedSeries[]): void;
  lastLatency(): Latency | undefined;
  /** Metric name → last values. */
  all(): Record<string, SentValue[]>;
  /** The last value of each series, as it was pushed. */
  series(): PushedSeries[];
  /** What is wrong with the pushes themselves. */
  caveats(): string[];
}

const isKept = (metric: string): boolean => metric.endsWith("_total") || metric === k6Metrics.scenarioStart || metric === k6Metrics.vus;

/** Counters that k6 or our client only ever raises; a script may lower one of its own. */
const neverFalling: ReadonlySet<string> = new Set([
  k6Metrics.requests,
  k6Metrics.iterations,
  k6Metrics.droppedIterations,
  k6Metrics.slowRequests,
  k6Metrics.wrongContents,
]);

const valueOf = ({ labels, value, atMillis }: PushedSeries): SentValue => ({ labels, value, atSeconds: atMillis / 1000 });

/** Opens an empty table of totals. */
export function openSentTotals(): SentTotals {
  const metrics = new Map<string, Map<string, PushedSeries>>();
  const latency = openLatency();
  const odd = { backwards: 0, fallen: 0 };
  const keep = (metric: string, one: PushedSeries): void => {
    const series = metrics.get(metric) ?? new Map<string, PushedSeries>();
    metrics.set(metric, series);
    const key = JSON.stringify(Object.entries(one.labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    const before = series.get(key);
    if (before && before.atMillis > one.atMillis) odd.backwards += 1;
    else if (before && before.value > one.value && neverFalling.has(metric)) odd.fallen += 1;
    series.set(key, one);
  };
  const { valuesOf, sumOf } = summed((metric) => [...(metrics.get(metric)?.values() ?? [])].map(valueOf));
  return {
    take(pushed) {
      for (const one of pushed) {
        const metric = one.labels["__name__"] ?? "";
        if (isKept(metric) && !Number.isNaN(one.value)) keep(metric, one);
      }
      latency.take(pushed);
    },
    sumOf,
    valuesOf,
    all: () => Object.fromEntries([...metrics.keys()].map((metric) => [metric, valuesOf(metric)])),
    series: () => [...metrics.values()].flatMap((series) => [...series.values()]),
    lastLatency: latency.last,
    caveats: () => [
      ...(odd.backwards > 0 ? [`k6 wrote ${odd.backwards} samples that are older than the one before them`] : []),
      ...(odd.fallen > 0 ? [`k6 wrote ${odd.fallen} counts that are lower than the one before: two k6 write the same series`] : []),
    ],
  };
}
