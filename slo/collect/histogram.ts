import type { ClientQueries } from "../compile/objectives.ts";
import type { PromQL } from "../compile/promql.ts";
import type { CumulativePoint } from "./measurement.ts";
import { sumsOver, wholeCount, type Span } from "./points.ts";
import { queryHistograms, queryNumber, type Histogram, type PrometheusApi } from "./prometheus.ts";

/** What was counted of one client-side objective, or why nothing can be said. */
export type ClientCounted =
  | { kind: "counted"; total: number; bad: number; uncertain: number; caveats: string[]; cumulative: CumulativePoint[] }
  | { kind: "absent"; reason: string };

/** Says that there is nothing to count. */
export const noRequest = "Prometheus holds no request of this run that the objective is about";

/** Splits a native histogram at a threshold; the bucket that the threshold cuts is uncertain. */
export function splitHistogram(histogram: Histogram, atMostSeconds: number): { above: number; uncertain: number } {
  let above = 0;
  let uncertain = 0;
  for (const { lower, upper, count } of histogram.buckets) {
    if (upper <= atMostSeconds) continue;
    if (lower >= atMostSeconds) above += count;
    else uncertain += count;
  }
  return { above: wholeCount(above), uncertain: wholeCount(uncertain) };
}

/** Tells whether a histogram is whole: buckets that were left out would read as "nothing slow". */
function isWhole({ count, buckets }: Histogram): boolean {
  return wholeCount(buckets.reduce((sum, bucket) => sum + bucket.count, 0)) === wholeCount(count);
}

/** Reads slow requests from the native histogram of a script that does not count them itself; the bucket that the threshold cuts is uncertain. */
export async function countedByHistogram(
  api: PrometheusApi,
  totalOf: PromQL,
  { read, unanswered, atMostSeconds }: NonNullable<ClientQueries["histogram"]>,
  window: Span,
  range: number,
): Promise<ClientCounted> {
  const absent = (reason: string): ClientCounted => ({ kind: "absent", reason });
  const { fromSeconds: from, toSeconds: to } = window;
  const stepSeconds = Math.max(window.stepSeconds, (to - from) / 240);
  const [lines, silent, final, total, lost] = await Promise.all([
    queryHistograms(api, read(range), from, to, stepSeconds),
    sumsOver(api, [unanswered(range)], { ...window, stepSeconds }),
    queryHistograms(api, read(range), to, to, 1),
    queryNumber(api, totalOf, to),
    queryNumber(api, unanswered(range), to),
  ]);
  if (lines.kind === "failed") return absent(lines.reason);
  if (silent.kind === "failed") return absent(silent.reason);
  if (final.kind === "failed") return absent(final.reason);
  if (total.kind === "failed") return absent(total.reason);
  if (lost.kind === "failed") return absent(lost.reason);
  if (total.value === undefined) return absent(noRequest);
  const last = final.value?.points.at(-1)?.value ?? { count: 0, sum: 0, buckets: [] };
  const never = wholeCount(lost.value ?? 0); // no series of unanswered requests means none: their total is checked below
  if (!isWhole(last)) return absent("Prometheus gave a histogram without all of its buckets");
  if (wholeCount(last.count) + never !== wholeCount(total.value))
    return absent(`the histogram and the unanswered requests hold ${last.count + never} of ${total.value} requests`);
  const { above, uncertain } = splitHistogram(last, atMostSeconds);
  const caveats = uncertain > 0 ? [`${uncertain} requests lie in the histogram bucket that ${atMostSeconds} s cuts`] : [];
  const cumulative = (lines.value?.points ?? []).map(({ atSeconds, value }) => {
    const then = silent.sums.get(atSeconds) ?? 0;
    return { atSeconds, total: wholeCount(value.count + then), bad: wholeCount(splitHistogram(value, atMostSeconds).above + then) };
  });
  return { kind: "counted", total: wholeCount(total.value), bad: above + never, uncertain, caveats, cumulative };
}
