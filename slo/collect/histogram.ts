import type { HistogramPart } from "../compile/counters.ts";
import type { ClientQueries } from "../compile/client.ts";
import { sumsOver, wholeCount, type Reader } from "./points.ts";
import { queryHistograms, Unreadable, type Histogram } from "./prometheus.ts";

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

/** Counts a part of a native histogram, as a counter would; what no bucket holds (NaN) may be anything. */
export function countIn({ count, buckets }: Histogram, part: HistogramPart): number {
  switch (part.kind) {
    case "all":
      return count;
    case "certainlyUpTo":
      return buckets.reduce((sum, one) => sum + (one.upper / part.unitsPerSecond <= part.limitSeconds ? one.count : 0), 0);
    case "maybeUpTo":
      return buckets.reduce((sum, one) => sum - (one.lower / part.unitsPerSecond >= part.limitSeconds ? one.count : 0), count);
  }
}

/** Tells whether a histogram is whole: buckets that were left out would read as "nothing slow". */
const isWhole = ({ count, buckets }: Histogram): boolean =>
  wholeCount(buckets.reduce((sum, bucket) => sum + bucket.count, 0)) === wholeCount(count);

/** Reads slow requests from the native histogram of a script that does not count them itself; the bucket that the threshold cuts is uncertain. */
export async function countedByHistogram(
  { api, span, range, number }: Reader,
  { total: totalOf, noun, nothing }: ClientQueries,
  { read, unanswered, atMost, limit }: NonNullable<ClientQueries["histogram"]>,
) {
  const { fromSeconds: from, toSeconds: to } = span;
  const stepSeconds = Math.max(span.stepSeconds, (to - from) / 240);
  // No series of unanswered requests means none: their total is checked below.
  const [silent, line, final, total, lost = 0] = await Promise.all([
    sumsOver(api, unanswered ? [unanswered(range)] : [], { ...span, stepSeconds }),
    queryHistograms(api, read(range), from, to, stepSeconds),
    queryHistograms(api, read(range), to, to, 1),
    number(totalOf),
    unanswered && number(unanswered),
  ]);
  if (total === undefined) throw new Unreadable(nothing.sentence);
  const last = final.at(-1)?.value ?? { count: 0, sum: 0, buckets: [] };
  const never = wholeCount(lost);
  if (!isWhole(last)) throw new Unreadable("Prometheus gave a histogram without all of its buckets");
  if (wholeCount(last.count) + never !== wholeCount(total))
    throw new Unreadable(`the histogram and the unanswered requests hold ${last.count + never} of ${total} requests`);
  const { above, uncertain } = splitHistogram(last, atMost);
  const caveats = uncertain > 0 ? [`${uncertain} ${noun} lie in the histogram bucket that ${limit} cuts`] : [];
  const cumulative = line.map(({ atSeconds, value }) => {
    const then = silent.get(atSeconds) ?? 0;
    return { atSeconds, total: wholeCount(value.count + then), bad: wholeCount(splitHistogram(value, atMost).above + then) };
  });
  return { total: wholeCount(total), bad: above + never, uncertain, caveats, cumulative };
}
export type ClientCounted = Awaited<ReturnType<typeof countedByHistogram>>;
