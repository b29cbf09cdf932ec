import type { ClientQueries } from "../compile/client.ts";
import type { Part } from "../compile/phases.ts";
import type { PromQL } from "../compile/promql.ts";
import type { ClientWindow } from "./client.ts";
import { mostUnserved, type CumulativePoint, type Measurement, type Queries } from "./measurement.ts";
import { wholeCount } from "./points.ts";
import { answerOf, queryNumber, type PrometheusApi } from "./prometheus.ts";
import { certainDrops, mayBeStarved } from "./starved.ts";
import { amount, oneOf } from "../spec/words.ts";

/** How much counters grew within a stretch: at least, and at most. */
interface Growth {
  least: number;
  most: number;
}

type Phased = NonNullable<ClientQueries["phased"]>;

async function growthOf(api: PrometheusApi, series: PromQL, { sumsAt }: Phased, window: ClientWindow, borders: number[]): Promise<Growth> {
  const { fromSeconds, toSeconds: end } = window;
  const asked = borders.flatMap((at) => Object.values(sumsAt(series, at - fromSeconds + 60, at, end)));
  // A series that has not begun counts nothing yet.
  const [before = 0, beforeMost = 0, after = 0, afterMost = 0] = await Promise.all(asked.map((query) => queryNumber(api, query, end)));
  return { least: wholeCount(Math.max(0, after - beforeMost)), most: wholeCount(Math.max(0, afterMost - before)) };
}

/** Measures an objective in a named stretch of the load, by the counts at its borders; what may have come on either side of one is good in `best` and bad in `worst`. */
export async function measurePhase(
  api: PrometheusApi,
  query: ClientQueries & { phased: Phased },
  stretch: Extract<Part, { kind: "stretch" }>,
  window: ClientWindow,
  counted: { cumulative: readonly CumulativePoint[]; caveats: readonly string[]; queries: Queries },
): Promise<Measurement> {
  const { objective, phased, unfiltered, slowAboveSeconds } = query;
  const [from, to] = [window.fromSeconds + stretch.fromSeconds, window.fromSeconds + stretch.toSeconds];
  const grow = (series: PromQL): Promise<Growth> => growthOf(api, series, phased, window, [from, to]);
  const read = await answerOf(() => Promise.all([grow(phased.total), grow(phased.dropped), ...phased.bad.map(grow)]));
  if (read.kind === "failed") return { kind: "absent", objective, reason: read.reason, queries: counted.queries };
  const none: Growth = { least: 0, most: 0 };
  const [total = none, dropped = none, ...bads] = read.value;
  const bad = bads.reduce((sum, one) => ({ least: sum.least + one.least, most: sum.most + one.most }), none);
  const ownDelay = slowAboveSeconds !== undefined && mayBeStarved({ fromSeconds: from, toSeconds: to }, window.shortage, slowAboveSeconds);
  const certain = ownDelay ? 0 : bad.least;
  const unstarted = unfiltered ? certainDrops(window, dropped.least) : 0;
  const unserved = mostUnserved(dropped.most, window);
  const best = { total: Math.max(total.most, certain) + unstarted, bad: certain + unstarted };
  const worst = { total: Math.max(total.least, bad.most) + unserved, bad: bad.most + unserved };
  const open = total.most - total.least;
  const ended = unserved === 1 ? "was" : "were";
  const caveats = [...counted.caveats];
  if (open > 0) caveats.push(`of ${open} ${query.noun} nobody knows on which side of a border of the phase ${stretch.name} they ended`);
  if (ownDelay && bad.least > 0) caveats.push(`k6 may have been short of CPU in the phase ${stretch.name}, and the delay its own`);
  if (unserved > unstarted)
    caveats.push(`up to ${amount(unserved, oneOf(query.noun), query.noun)} of the phase ${stretch.name} ${ended} dropped or cut off`);
  const cumulative = within(counted.cumulative, from, to);
  return { kind: "counted", objective, best, worst, caveats, cumulative, timestampSkewSeconds: 1.1, queries: counted.queries };
}

/** Gives the counts over time within a stretch, from 0 at its beginning. */
function within(points: readonly CumulativePoint[], from: number, to: number): CumulativePoint[] {
  const own = points.filter(({ atSeconds }) => atSeconds >= from && atSeconds <= to);
  const [first] = own;
  if (first === undefined) return [];
  return own.map(({ atSeconds, total, bad }) => ({ atSeconds, total: total - first.total, bad: Math.max(0, bad - first.bad) }));
}
