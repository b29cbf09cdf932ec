import type { CounterQueries } from "../compile/counters.ts";
import type { BadQueries } from "../compile/service-objectives.ts";
import { lookbackSeconds, type GuardedWindow } from "./guard.ts";
import { queryVector, Unreadable, type PrometheusApi } from "./prometheus.ts";
import { amount } from "../spec/words.ts";

/** One reading of the bad events: what some counters have, or what the total has above them. */
export interface Part {
  counters: readonly CounterQueries[];
  above: boolean;
}

/** Says between which two readings the bad events lie; the same one twice where they are exact. */
export interface Split {
  least: Part;
  most: Part;
  /** Says of so many requests why nobody knows whether they were bad. */
  between: (requests: number) => string;
  /** A part that is more than the total is no part of it. */
  isPart?: boolean;
  /** Why there is nothing to tell bad events by, where neither they nor others were counted. */
  blind?: string;
}

export async function splitOf(api: PrometheusApi, bad: BadQueries, window: GuardedWindow): Promise<Split> {
  switch (bad.kind) {
    case "statuses":
      return {
        least: { counters: [bad.errors], above: false },
        most: { counters: [bad.noErrors], above: true },
        between: (requests) =>
          `${amount(requests, "request carries", "requests carry")} a ${bad.label} that is no status, or none, and may be ${requests === 1 ? "an error" : "errors"}`,
        blind: `no series of the service carries a ${bad.label} that can be read, so its errors cannot be told`,
      };
    case "buckets":
      return splitAt(bad, await boundsOf(api, bad, window));
    case "native":
      return {
        least: { counters: [bad.maybeFast], above: true },
        most: { counters: [bad.certainlyFast], above: true },
        between: (requests) =>
          `${amount(requests, "request lies", "requests lie")} in the histogram bucket that ${bad.atMostSeconds} s cuts`,
      };
    case "events": {
      const part = { counters: bad.counters, above: bad.good };
      return { least: part, most: part, between: () => "", isPart: true };
    }
  }
}

type Buckets = Extract<BadQueries, { kind: "buckets" }>;

/** Lists the bounds at which every series has a bucket, smallest first, in every spelling that the service has (Prometheus 3 writes 1.0, 2 wrote 1); the last one is infinite. */
export async function boundsOf(
  api: PrometheusApi,
  { buckets, unitsPerSecond }: Buckets,
  window: Pick<GuardedWindow, "fromSeconds" | "toSeconds">,
) {
  const range = window.toSeconds - window.fromSeconds + lookbackSeconds;
  const series = await queryVector(api, buckets(range), window.toSeconds);
  if (series.length === 0) throw new Unreadable("Prometheus holds no latency histogram of the service for this objective");
  const found = new Map<number, { les: string[]; seriesCount: number }>();
  for (const { labels, points } of series) {
    const { le = "" } = labels;
    // A division of two numbers with few digits is the number that a person writes; a product is often the one beside it.
    const seconds = Number(le.replace("Inf", "Infinity")) / unitsPerSecond;
    if (le === "" || Number.isNaN(seconds)) continue;
    const { les, seriesCount } = found.get(seconds) ?? { les: [], seriesCount: 0 };
    found.set(seconds, { les: [...les, le], seriesCount: seriesCount + (points[0]?.value ?? 0) });
  }
  const all = found.get(Infinity)?.seriesCount;
  if (all === undefined) throw new Unreadable("the service's histogram has no bucket +Inf, so it is not whole");
  const everywhere = [...found].filter(([, { seriesCount }]) => seriesCount === all);
  return everywhere.map(([seconds, { les }]) => ({ seconds, les })).toSorted((a, b) => a.seconds - b.seconds);
}
type Bound = Awaited<ReturnType<typeof boundsOf>>[number];

/** Requests between the two bounds around a threshold may have been slow. */
function splitAt({ atMostSeconds, below }: Buckets, bounds: readonly Bound[]): Split {
  const lower = bounds.findLast(({ seconds }) => seconds <= atMostSeconds);
  const upper = bounds.find(({ seconds }) => seconds >= atMostSeconds);
  const above = (bound: Bound | undefined): Part => ({ counters: bound ? [below(bound.les)] : [], above: true });
  const listed = bounds.flatMap(({ seconds }) => (Number.isFinite(seconds) ? [seconds] : [])).join(", ");
  const least = above(upper);
  return {
    least,
    most: lower === upper ? least : above(lower),
    between: (requests) => {
      const took =
        upper !== undefined && Number.isFinite(upper.seconds)
          ? `between ${lower?.seconds ?? 0} s and ${upper.seconds} s`
          : `more than ${lower?.seconds ?? 0} s`;
      return `${amount(requests, "request", "requests")} took ${took}: not every series of the service's histogram has a bucket at ${atMostSeconds} s; all have ${listed || "none"}`;
    },
  };
}
