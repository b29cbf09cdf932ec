import { promql, selector, type PromQL } from "./promql.ts";

/** A sum at a moment, of the last values in the range before it. */
export type Reading = (rangeSeconds: number) => PromQL;

/** Sums the last value of each series: exact for counters that begin at 0 with the run. */
export const sumOfLast =
  (series: PromQL): Reading =>
  (rangeSeconds) =>
    promql`sum(last_over_time(${series}[${{ rangeSeconds }}]))`;

/** Asks about some counters of a service: one by one, for what grew between two scrapes of the same process, or as a sum. */
export interface CounterQueries {
  series: PromQL;
  samples: Reading;
  last: Reading;
  least: Reading;
  /** Those that fell in the range, as they do where a process begins anew. */
  fallen: Reading;
  sum: Reading;
  /**
   * Sums at a moment those that had a sample between the load's beginning and its end, for others are of processes that are gone,
   * and without the label sets that are left out.
   */
  living: (rangeSeconds: number, withinSeconds: number, endSeconds: number, leftOut: readonly Record<string, string>[]) => PromQL;
}

/** Compiles the questions about counters. */
export function counterQueries(series: PromQL): CounterQueries {
  const last: Reading = (rangeSeconds) => promql`last_over_time(${series}[${{ rangeSeconds }}])`;
  return {
    series,
    last,
    samples: (rangeSeconds) => promql`${series}[${{ rangeSeconds }}]`,
    least: (rangeSeconds) => promql`min_over_time(${series}[${{ rangeSeconds }}])`,
    fallen: (rangeSeconds) => promql`resets(${series}[${{ rangeSeconds }}]) > 0`,
    sum: sumOfLast(series),
    living: (rangeSeconds, withinSeconds, endSeconds, leftOut) => {
      const within = promql`last_over_time(${series}[${{ rangeSeconds: withinSeconds }}] @ ${endSeconds})`;
      const rest = (kept: PromQL, labels: Record<string, string>): PromQL =>
        promql`${kept} unless last_over_time(${withLabels(labels)}[${{ rangeSeconds }}])`;
      return promql`sum(${leftOut.reduce(rest, promql`${last(rangeSeconds)} and ${within}`)})`;
    },
  };
}

/** Selects every metric with the labels of one series. */
function withLabels({ __name__: _, ...labels }: Record<string, string>): PromQL {
  return selector(
    undefined,
    Object.entries(labels).map(([label, is]) => ({ label, is })),
  );
}
