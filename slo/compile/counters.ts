import { durationText, labelText, withLabels, promql, selector, type PromQL } from "./promql.ts";

/** Asks about the time before a moment: it takes the range to look back over. */
export type Reading = (rangeSeconds: number) => PromQL;

export const over =
  (name: "last_over_time" | "min_over_time" | "resets" | "sum_over_time", series: PromQL): Reading =>
  (rangeSeconds) => ({ promql: `${name}(${series.promql}[${durationText(rangeSeconds)}])` });

/** Sums the last value of each series: exact for counters that begin at 0 with the run. */
export const sumOfLast =
  (series: PromQL): Reading =>
  (rangeSeconds) =>
    promql`sum(${over("last_over_time", series)(rangeSeconds)})`;

export const samplesOf =
  (series: PromQL): Reading =>
  (rangeSeconds) =>
    promql`${series}[${{ rangeSeconds }}]`;

/** Asks which values a label has on the series of a selector: one series for each. */
export const valuesOfLabel =
  (series: PromQL, label: string): Reading =>
  (rangeSeconds) => ({ promql: `group by (${labelText(label)}) (${over("last_over_time", series)(rangeSeconds).promql})` });

/** Which observations of a native histogram are counted: all, or those that are not above a limit, for certain or maybe. Limits are in seconds. */
export type HistogramPart = { kind: "all" } | { kind: "certainlyUpTo" | "maybeUpTo"; limitSeconds: number; unitsPerSecond: number };

/** The questions about some counters of a service: one by one, for what grew between two scrapes of the same process, or as a sum. */
export type CounterQueries = ReturnType<typeof counterQueries>;

/** Compiles the questions about counters; with a part, they are native histograms, of which it is read. */
export function counterQueries(series: PromQL, part?: HistogramPart) {
  const last = over("last_over_time", series);
  return {
    series,
    part,
    last,
    samples: samplesOf(series),
    least: over("min_over_time", series),
    /** Those that fell in the range, as they do where a process begins anew. */
    fallen: (rangeSeconds: number): PromQL => promql`${over("resets", series)(rangeSeconds)} > 0`,
    sum: sumOfLast(series),
    /** Sums at a moment those that had a sample during the load, for others are of processes that are gone, and without the label sets that are left out. */
    living: (rangeSeconds: number, withinSeconds: number, endSeconds: number, leftOut: readonly Record<string, string>[]): PromQL => {
      const within = promql`last_over_time(${series}[${{ rangeSeconds: withinSeconds }}] @ ${endSeconds})`;
      const rest = (kept: PromQL, { __name__: _, ...labels }: Record<string, string>): PromQL =>
        promql`${kept} unless ${over("last_over_time", selector(undefined, withLabels(labels)))(rangeSeconds)}`;
      return promql`sum(${leftOut.reduce(rest, promql`${last(rangeSeconds)} and ${within}`)})`;
    },
  };
}
