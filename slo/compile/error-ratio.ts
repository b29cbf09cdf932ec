import type { Metrics } from "../spec/presets.ts";
import { windowText } from "./burn-windows.ts";
import type { CounterQueries } from "./counters.ts";
import { promql, regexEscape, type PromQL } from "./promql.ts";
import { takeApart } from "./selector.ts";
import type { ServerQueries } from "./service-objectives.ts";

export interface ErrorRatio {
  /** The share of bad events over a window; nothing where there was no event. */
  ratioOver: (seconds: number) => PromQL;
  /** What must have series, or nobody knows whether the objective holds. */
  needed: PromQL[];
  /** The events, for a person to look at. */
  counted: PromQL;
}

/** Gives a pattern of the routes that machines ask for, by the names that probes usually have: they would thin the errors of users out. */
export const unaskedRoutes = ({ scrape }: Metrics): string =>
  `${regexEscape(scrape.path)}|/actuator/.*|/(health|healthz|livez|readyz)(/.*)?|/-/(healthy|ready)`;

/** Compiles the error ratio of an objective from the counters that a run is judged by. */
export function errorRatio({ total, bad, native }: ServerQueries): ErrorRatio {
  const counted = anyOf(total.map(({ series }) => series));
  const other = native && errorRatio(native);
  const withNative = (classic: (seconds: number) => PromQL, ...series: PromQL[]): ErrorRatio => ({
    ratioOver: (seconds) => (other ? promql`${classic(seconds)}\nor\n${other.ratioOver(seconds)}` : classic(seconds)),
    needed: [anyOf([...series, ...(other?.needed ?? [])])],
    counted,
  });
  switch (bad.kind) {
    case "statuses":
      // Where neither has a series, the label of the status has another name, and no error would be seen.
      return withNative(
        (seconds) => promql`${sumOrZero([bad.errors], seconds)} / (${sumOf(total, seconds)} > 0)`,
        bad.errors.series,
        bad.noErrors.series,
      );
    case "buckets": {
      const below = bad.below(spellings(bad.atMostSeconds * bad.unitsPerSecond));
      return withNative((seconds) => promql`1 - ${sumOf([below], seconds)} / (${sumOf(total, seconds)} > 0)`, below.series);
    }
    case "native": {
      const { part } = bad.certainlyFast;
      const limit = bad.atMostSeconds * (part?.kind === "certainlyUpTo" ? part.unitsPerSecond : 1);
      const spread = (seconds: number): PromQL => promql`sum(${rate(bad.certainlyFast, seconds)})`;
      // Inside of the one bucket that holds the limit the share is an estimate (Prometheus, histogram_fraction).
      const ratioOver: ErrorRatio["ratioOver"] = (seconds) =>
        promql`(1 - histogram_fraction(0, ${limit}, ${spread(seconds)}) and histogram_count(${spread(seconds)}) > 0)`;
      return { ratioOver, needed: [counted], counted };
    }
    case "events": {
      const { counters, good } = bad;
      const names = new Set(total.map(({ series }) => takeApart(series).metric));
      // Bad events that never came have no series, but their metric has; else its name is a slip.
      const proofs = counters.map(({ series }) => ({ series, ...takeApart(series) })).filter(({ metric }) => good || !names.has(metric));
      const share = (seconds: number): PromQL =>
        promql`(${good ? sumOf(counters, seconds) : sumOrZero(counters, seconds)}) / (${sumOrZero(total, seconds)} > 0)`;
      return {
        ratioOver: (seconds) => (good ? promql`1 - ${share(seconds)}` : share(seconds)),
        needed: [counted, ...proofs.map(({ series, bare }) => (good ? series : bare))],
        counted,
      };
    }
  }
}

const rate = ({ series }: CounterQueries, seconds: number): PromQL => ({ promql: `rate(${series.promql}[${windowText(seconds)}])` });
const anyOf = (series: readonly PromQL[]): PromQL => ({ promql: series.map(({ promql }) => promql).join(" or ") });

/** Sums rates; without one of them the sum is not known, and nothing comes of it. */
function sumOf(counters: readonly CounterQueries[], seconds: number): PromQL {
  const sums = counters.map((one) =>
    one.part === undefined ? promql`sum(${rate(one, seconds)})` : promql`histogram_count(sum(${rate(one, seconds)}))`,
  );
  return { promql: sums.map(({ promql }) => promql).join(" + ") };
}

/** Sums rates, of which those that have no series yet are 0. */
const sumOrZero = (counters: readonly CounterQueries[], seconds: number): PromQL => ({
  promql: counters.map((one) => `(${sumOf([one], seconds).promql} or vector(0))`).join(" + "),
});

/** Spells a bucket's bound as Prometheus 2 and 3 do. */
function spellings(bound: number): string[] {
  const text = String(Number(bound.toPrecision(12)));
  return text.includes(".") ? [text] : [text, `${text}.0`];
}
