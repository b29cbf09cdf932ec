import { duration } from "./numbers.ts";
import type { Report } from "./schema.ts";

const quantiles = [0.5, 0.95, 0.99, 0.999];

/** States the percentiles of both sides over the judged load, each as the bucket that it lies in where that is wide; empty where no side was read. */
export function latencyRows({ latencies }: Report): [side: string, ...percentiles: string[]][] {
  const sides = [
    ["client", latencies.client],
    ["server", latencies.server],
  ] as const;
  return sides.flatMap(([side, buckets]) => (buckets.length === 0 ? [] : [[side, ...quantiles.map((q) => quantileText(buckets, q))]]));
}

/** Heads the rows of `latencyRows`. */
export const latencyHeads = quantiles.map((q) => `p${q * 100}`);

/** Up to this much wider than its lower bound a bucket is as good as a number. */
const narrow = 1.2;

function quantileText(buckets: Report["latencies"]["client"], quantile: number): string {
  const wanted = quantile * (buckets.at(-1)?.requests ?? 0) * (1 - 1e-9);
  const at = buckets.findIndex(({ requests }) => requests >= wanted);
  const [lower, upper] = [buckets[at - 1]?.atMostSeconds ?? 0, buckets[at]?.atMostSeconds ?? null];
  if (upper === null) return `over ${duration(lower)} (last bucket)`;
  if (lower > 0 && upper <= narrow * lower) return duration(upper);
  const [from, to] = [lower === 0 ? "0" : duration(lower), duration(upper)];
  const unit = to.replace(/^[\d.,]+/, "");
  return `${from.endsWith(unit) ? from.slice(0, -unit.length) : from}–${to}${at === 0 ? " (first bucket)" : ""}`;
}
