/** Grafana's own width for a rate: never less than four scrapes. */
export const rateWindow = "$__rate_interval";

/** The whole time that the dashboard shows. */
export const wholeRange = "$__range";

/** Pins an expression to the beginning of the time that the dashboard shows. */
const atBegin = "@ ${__from:date:seconds}";

/** Matches a label with one value, or with a variable (`$name`) that holds one. */
export const is = (label: string, value: string): string => `${label}="${value}"`;
export const isNot = (label: string, value: string): string => `${label}!="${value}"`;

/** Matches a label with a pattern, or with a variable that may hold several values: Grafana writes them as one. */
export const among = (label: string, pattern: string): string => `${label}=~"${pattern}"`;

/** Selects the series of a metric. */
export const series = (metric: string, ...matchers: string[]): string => `${metric}{${matchers.join(",")}}`;

/** Sums the per-second rate. For graphs only: it loses the first sample of a series and extrapolates. */
export const rate = (selector: string, by: readonly string[] = []): string => `sum${grouping(by)} (rate(${selector}[${rateWindow}]))`;

/** Takes a quantile from native histograms. */
export const nativeQuantile = (quantile: number, selector: string, by: readonly string[] = []): string =>
  `histogram_quantile(${quantile}, ${rate(selector, by)})`;

/** Takes a quantile from a classic histogram's buckets. */
export const classicQuantile = (quantile: number, bucketSelector: string, by: readonly string[] = []): string =>
  `histogram_quantile(${quantile}, ${rate(bucketSelector, ["le", ...by])})`;

/** Asks for the usual percentiles, by their names. */
export const percentiles = (ask: (quantile: number) => string): Record<string, string> =>
  Object.fromEntries([0.5, 0.95, 0.99].map((quantile) => [`p${quantile * 100}`, ask(quantile)]));

/**
 * Counts exactly what came in the time that the dashboard shows: each counter's last value less the one it began with, or less 0 when
 * it began later. No extrapolation. A counter that was reset in that time counts too little.
 */
export function counted(selector: string): string {
  const last = `last_over_time(${selector}[${wholeRange}])`;
  return `${last} - (last_over_time(${selector}[${wholeRange}] ${atBegin}) or 0 * ${last})`;
}

/** Sums what `counted` gives. */
export const countedSum = (selector: string): string => `sum (${counted(selector)})`;

/** Gives 0 where `whole` has a value and `part` has none: a counter that exists only once it has counted. */
export const orZero = (part: string, whole: string): string => `(${part} or 0 * ${whole})`;

/** Divides a part by the whole, 0 where there is no part, and nothing where there is no whole. */
export const share = (part: string, whole: string): string => `${orZero(part, whole)} / (${whole} > 0)`;

/** Takes the last value of each series in the time that the dashboard shows. */
export const lastKnown = (selector: string): string => `last_over_time(${selector}[${wholeRange}])`;

function grouping(by: readonly string[]): string {
  return by.length === 0 ? "" : ` by (${by.join(", ")})`;
}
