import { k6Metrics } from "../../spec/names.ts";
import type { PushedHistogram, PushedSeries } from "./body.ts";

/** Percentiles of request durations, seconds, each by its bucket's upper bound. */
export interface Latency {
  p50Seconds: number;
  p95Seconds: number;
  p99Seconds: number;
}

interface Bucket {
  upperSeconds: number;
  count: number;
}

/** Follows k6's native histogram of request durations from push to push. */
export function openLatency() {
  const seen = new Map<string, PushedHistogram>();
  let last: Latency | undefined;
  return {
    take(pushed: readonly PushedSeries[]): void {
      const grown = pushed.flatMap(({ labels, histogram }) => {
        if (labels["__name__"] !== k6Metrics.requestDuration || histogram === undefined) return [];
        const key = JSON.stringify(labels);
        const buckets = growth(seen.get(key), histogram);
        seen.set(key, histogram);
        return buckets;
      });
      last = latencyOf(grown) ?? last;
    },
    /** Of the requests in the last push that had any. */
    last: () => last,
  };
}

/** Subtracts the histogram before from the one now; requests that were never answered stand in the zero bucket. */
function growth(before: PushedHistogram | undefined, now: PushedHistogram): Bucket[] {
  const old = before === undefined ? undefined : coarser(before, now.schema);
  const zeros = { upperSeconds: 0, count: now.zeroCount - (old?.zeroCount ?? 0) };
  const buckets = [...now.buckets].map(([index, count]) => ({
    upperSeconds: 2 ** (index / 2 ** now.schema),
    count: count - (old?.buckets.get(index) ?? 0),
  }));
  return [zeros, ...buckets].filter(({ count }) => count > 0);
}

/** Merges buckets down to a lower schema, to which a histogram goes over when it has too many: each step joins two. */
function coarser({ schema, zeroCount, buckets }: PushedHistogram, to: number): PushedHistogram {
  const merged = new Map<number, number>();
  const step = 2 ** Math.max(0, schema - to);
  for (const [index, count] of buckets) {
    const at = Math.ceil(index / step);
    merged.set(at, (merged.get(at) ?? 0) + count);
  }
  return { schema: to, zeroCount, buckets: merged };
}

function latencyOf(buckets: readonly Bucket[]): Latency | undefined {
  const sorted = buckets.toSorted((a, b) => a.upperSeconds - b.upperSeconds);
  const total = sorted.reduce((sum, { count }) => sum + count, 0);
  const at = (quantile: number): number => {
    let below = 0;
    return sorted.find(({ count }) => (below += count) >= quantile * total)?.upperSeconds ?? 0;
  };
  return total > 0 ? { p50Seconds: at(0.5), p95Seconds: at(0.95), p99Seconds: at(0.99) } : undefined;
}
