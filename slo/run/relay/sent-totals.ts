import { z } from "zod";
import { k6Metrics } from "../../spec/names.ts";
import type { PushedSeries } from "./body.ts";

/** The last values that k6 wrote of each counter and gauge: what was sent. */
export interface SentCounts {
  sumOf(metric: string, match?: (labels: Readonly<Record<string, string>>) => boolean): number;
  valuesOf(metric: string): SentValue[];
}

export const sentValue = z.strictObject({ labels: z.record(z.string(), z.string()), value: z.number(), atSeconds: z.number() });
export type SentValue = z.infer<typeof sentValue>;

/** Makes one of what several k6 wrote, each of which labels its series as its own: metric name → last values. */
export function sentOf(parts: readonly Readonly<Record<string, readonly SentValue[]>>[]): SentCounts {
  return summed((metric) => parts.flatMap((part) => part[metric] ?? []));
}

function summed(valuesOf: SentCounts["valuesOf"]): SentCounts {
  const sumOf: SentCounts["sumOf"] = (metric, match = () => true) =>
    valuesOf(metric).reduce((sum, { labels, value }) => (match(labels) ? sum + value : sum), 0);
  return { valuesOf, sumOf };
}

export type SentTotals = ReturnType<typeof openSentTotals>;

const isKept = (metric: string): boolean => metric.endsWith("_total") || metric === k6Metrics.scenarioStart || metric === k6Metrics.vus;

const { requests, iterations, droppedIterations, slowRequests, wrongContents } = k6Metrics;
/** Counters that k6 or our client only ever raises; a script may lower one of its own. */
const neverFalling: ReadonlySet<string> = new Set([requests, iterations, droppedIterations, slowRequests, wrongContents]);

const valueOf = ({ labels, value, atMillis }: PushedSeries): SentValue => ({ labels, value, atSeconds: atMillis / 1000 });
const nameOf = ({ labels }: PushedSeries): string => labels["__name__"] ?? "";

export function openSentTotals() {
  const last = new Map<string, PushedSeries>();
  let [backwards, fallen] = [0, 0];
  const keep = (one: PushedSeries): void => {
    const key = JSON.stringify(Object.entries(one.labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    const before = last.get(key);
    if (before && before.atMillis > one.atMillis) backwards += 1;
    else if (before && before.value > one.value && neverFalling.has(nameOf(one))) fallen += 1;
    last.set(key, one);
  };
  return {
    take(pushed: readonly PushedSeries[]): void {
      for (const one of pushed) if (isKept(nameOf(one)) && !Number.isNaN(one.value)) keep(one);
    },
    ...summed((metric) => [...last.values()].filter((one) => nameOf(one) === metric).map(valueOf)),
    all: (): Record<string, SentValue[]> =>
      Object.fromEntries([...Map.groupBy(last.values(), nameOf)].map(([metric, series]) => [metric, series.map(valueOf)])),
    series: () => [...last.values()],
    caveats: (): string[] => [
      ...(backwards > 0 ? [`k6 wrote ${backwards} samples that are older than the one before them`] : []),
      ...(fallen > 0 ? [`k6 wrote ${fallen} counts that are lower than the one before: two k6 write the same series`] : []),
    ],
  };
}
