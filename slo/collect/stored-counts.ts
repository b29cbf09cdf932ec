import type { StoredCountQueries, ServiceQueries } from "../compile/run.ts";
import { answerOf, queryNumber, type Answer, type PrometheusApi } from "./prometheus.ts";

const kinds = ["requests", "iterations", "dropped", "errors", "slow", "wrongContents"] as const;

/** What was sent of a run, or is stored of it: whole numbers, setup and warm-up included; `slow` once for each threshold of our scenarios, and 0 for other scripts. */
export type Totals = Record<(typeof kinds)[number], number>;

/** Asks what Prometheus holds of the run; a sum without series is 0 here because it is compared with what was sent. */
export function readStoredCounts(api: PrometheusApi, queries: StoredCountQueries, rangeSeconds: number): Promise<Answer<Totals>> {
  return answerOf(async () => {
    const sumOf = async (kind: keyof Totals) => Math.round((await queryNumber(api, queries[kind](rangeSeconds), undefined)) ?? 0);
    const sums = kinds.map(async (kind) => [kind, await sumOf(kind)] as const);
    return Object.fromEntries(await Promise.all(sums)) as Totals;
  });
}

export const sameTotals = (a: Totals, b: Totals): boolean => kinds.every((kind) => a[kind] === b[kind]);

/** Asks how often the slowest-scraped instance was scraped well since a moment (Unix seconds of Prometheus's clock); undefined when it is not scraped at all. */
export function scrapesSince(api: PrometheusApi, queries: ServiceQueries, sinceSeconds: number, nowSeconds: number) {
  // A range is rounded up to milliseconds: a scrape at the very moment is none that came since.
  return answerOf(() => queryNumber(api, queries.scrapes(Math.max(nowSeconds - sinceSeconds - 0.002, 0.001)), nowSeconds));
}
