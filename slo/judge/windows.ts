import type { Count, CumulativePoint } from "../collect/measurement.ts";
import { complement, isAbove, lowerBound } from "./clopper-pearson.ts";
import type { Window, WindowFinding, WindowPair } from "./verdict.ts";
import { amount } from "../spec/words.ts";

/**
 * Pairs of windows that catch a fast burn which the average hides, as shares of the judged load.
 * After the SRE workbook, chapter 5, table 5-8 (30 d: 1 h/5 m ×14.4, 6 h/30 m ×6, 3 d/6 h ×1): the burn-rate thresholds are its own, and short = long ÷ 12.
 * The lengths are ours: 1/20 of the run at ×14.4 spends 72 % of the run's budget, 1/8 at ×6 spends 75 %. The whole run is the ×1 row.
 */
export const windowTable = [
  { shareOfRun: 1 / 20, burnRateThreshold: 14.4 },
  { shareOfRun: 1 / 8, burnRateThreshold: 6 },
] as const;

const shortPerLong = 12;

/** What the windows of one objective are asked about. `whole` is the most that the whole run can hold. */
export interface WindowQuestion {
  points: readonly CumulativePoint[];
  /** How old an event may be that one series of a moment has counted and another has not yet. */
  timestampSkewSeconds: number;
  whole: Count;
  /**
   * Bad events of the points that may not be the load's own (below 0), or that may have come beside them (above): as nobody knows when,
   * each window is looked at as if all of them fell into it.
   */
  badShift?: number;
  /** Events that may have come beside those of the points, and been good: in whichever window that leaves the least burn. */
  goodShift?: number;
  targetRatio: number;
  confidence: number;
}

/** One row of the table in a load, with how many of its long windows are tried, or why none is. */
type Plan = WindowPair & { ends: number; reason?: string };

/**
 * Looks for a fast burn in every pair of windows, one finding for each row of the table.
 * A fast burn is proved when the error ratio of a long window is above burn-rate threshold × (1 − target) and the short window that ends with it is too:
 * the long one by the Clopper-Pearson bound, whose alpha is shared equally among all long windows of all pairs (Bonferroni), the short one as counted.
 * So a service that never burns faster than the thresholds is found in a fast burn with a probability of at most 1 − confidence.
 */
export function findFastBurns(question: WindowQuestion): WindowFinding[] {
  const timeline = timelineOf(question);
  if (typeof timeline === "string")
    return windowTable.map(({ burnRateThreshold }) => {
      return { kind: "skipped", longSeconds: 0, shortSeconds: 0, burnRateThreshold, reason: timeline };
    });
  const budget = complement(question.targetRatio);
  const plans = windowTable.map((row) => planPair(row, timeline, budget));
  const tried = plans.reduce((sum, { ends }) => sum + ends, 0);
  const alpha = complement(question.confidence) / Math.max(1, tried);
  return plans.map(({ ends: _, reason, ...pair }) =>
    reason === undefined ? examine(pair, timeline, question, budget, alpha) : { kind: "skipped", ...pair, reason },
  );
}

/** Rounds a length up to whole steps, because a window can only begin and end where something was read. */
const wholeSteps = (seconds: number, stepSeconds: number): number => Math.max(1, Math.ceil(seconds / stepSeconds - 1e-6)) * stepSeconds;

function planPair({ shareOfRun, burnRateThreshold }: (typeof windowTable)[number], timeline: Timeline, budget: number): Plan {
  const { stepSeconds, runSeconds, points } = timeline;
  const nominal = runSeconds * shareOfRun;
  const longSeconds = wholeSteps(nominal, stepSeconds);
  const pair = { longSeconds, shortSeconds: wholeSteps(nominal / shortPerLong, stepSeconds), burnRateThreshold };
  const skipped = (reason: string): Plan => ({ ...pair, ends: 0, reason });
  if (burnRateThreshold * budget >= 1)
    return skipped(`even if every request were bad, the budget could not burn ${burnRateThreshold} times as fast as allowed`);
  if (stepSeconds > 2 * nominal)
    return skipped(`the counts were read every ${rounded(stepSeconds)} s, too far apart for a window of ${rounded(nominal)} s`);
  // A long window is shorter than three nominal ones, three eighths of the load at most: at least one fits.
  const start = points[0]?.atSeconds ?? 0;
  const ends = points.filter(({ atSeconds }) => atSeconds - start >= longSeconds - slack(timeline)).length;
  return { ...pair, ends };
}

/** Allows for moments that are read a hair early or late. */
const slack = ({ stepSeconds }: Timeline): number => stepSeconds / 1000;

const rounded = (seconds: number): number => Number(seconds.toPrecision(3));

/**
 * Walks the windows of one length by where they end; null where the counts do not reach back far enough.
 * Series do not count up at the same instant, so at one moment the bad may be ahead of the total. The total is therefore taken
 * from before the window to after it by that timestamp skew: it holds all that the bad could have come from, and the ratio is never too high.
 */
function windowsOf(timeline: Timeline, question: WindowQuestion, seconds: number): (Window | null)[] {
  const { timestampSkewSeconds, badShift = 0, goodShift = 0 } = question;
  const { points } = timeline;
  const at = (i: number): number => points[i]?.atSeconds ?? Number.POSITIVE_INFINITY;
  let [begin, before, after] = [0, 0, 0];
  return points.map((end, i) => {
    const from = end.atSeconds - seconds + slack(timeline);
    while (at(begin + 1) <= from) begin += 1;
    const start = points[begin];
    if (start === undefined || start.atSeconds > from) return null;
    while (at(before + 1) <= start.atSeconds - timestampSkewSeconds + slack(timeline)) before += 1;
    after = Math.max(after, i);
    while (after < points.length - 1 && at(after) < end.atSeconds + timestampSkewSeconds - slack(timeline)) after += 1;
    const [earliest, latest] = [points[before] ?? start, points[after] ?? end];
    const counted = Math.round(latest.total - earliest.total);
    // k6 counts a slow request just after the request itself: a push between the two puts it into the next window.
    const bad = Math.max(0, Math.min(counted, Math.round(end.bad - start.bad)) + badShift);
    return { fromSeconds: earliest.atSeconds, toSeconds: latest.atSeconds, count: { total: Math.max(counted + goodShift, bad), bad } };
  });
}

const none: Count = { total: 0, bad: 0 };

const ratioOf = ({ bad, total }: Count): number => (total === 0 ? 0 : bad / total);

function examine(pair: WindowPair, timeline: Timeline, question: WindowQuestion, budget: number, alpha: number): WindowFinding {
  const limit = pair.burnRateThreshold * budget;
  const longs = windowsOf(timeline, question, pair.longSeconds);
  const shorts = windowsOf(timeline, question, pair.shortSeconds);
  const most = longs.reduce((max, long) => Math.max(max, long?.count.total ?? 0), 0);
  if (!isAbove({ total: most, bad: most }, limit, alpha)) {
    const reason = `no window of ${rounded(pair.longSeconds)} s has more than ${amount(most, "request", "requests")}, too few to prove a fast burn`;
    return { kind: "skipped", ...pair, reason };
  }
  let worstRatio = 0;
  let shortRatio = 0;
  let found: Window | undefined;
  for (const [i, long] of longs.entries()) {
    // What burned before the first long window was whole can only show in that one, so there the short window may end anywhere in it.
    const begun = i > 0 && longs[i - 1] !== null;
    shortRatio = Math.max(begun ? 0 : shortRatio, ratioOf(shorts[i]?.count ?? none));
    if (!long) continue;
    const ratio = ratioOf(long.count);
    worstRatio = Math.max(worstRatio, ratio);
    const worse = ratio > limit && ratio > ratioOf(found?.count ?? none);
    if (worse && shortRatio > limit && isAbove(long.count, limit, alpha)) found = long;
  }
  if (found === undefined) return { kind: "slowBurn", ...pair, worstBurnRate: worstRatio / budget };
  const [worstBurnRate, provedBurnRate] = [ratioOf(found.count) / budget, lowerBound(found.count, alpha) / budget];
  return { kind: "fastBurn", ...pair, worstBurnRate, provedBurnRate, ...found };
}

const countTolerance = 1e-6;

/** Orders what was read over time, from zero to the last moment at which an event came in, or says why it is unusable. Steps are the average distance of the points. */
function timelineOf({ points: read, whole }: WindowQuestion) {
  const [first, last] = [read[0], read.at(-1)];
  if (first === undefined || last === undefined || read.length < 2)
    return `only ${read.length === 1 ? "1 moment" : "the whole run"} could be read`;
  const broken = brokenBy(read, whole);
  if (broken !== undefined) return broken;
  const stepSeconds = (last.atSeconds - first.atSeconds) / (read.length - 1);
  // The counts begin at zero with the load, so a first point that has some already stands a step after that.
  const points = first.total > 0 ? [{ atSeconds: first.atSeconds - stepSeconds, total: 0, bad: 0 }, ...read] : read;
  const active = points.slice(0, points.findLastIndex((point, i) => point.total > (points[i - 1]?.total ?? 0)) + 1);
  const [from, to] = [active[0], active.at(-1)];
  if (from === undefined || to === undefined || active.length < 2) return "no request came in between the moments that were read";
  return { points: active, stepSeconds, runSeconds: to.atSeconds - from.atSeconds };
}
type Timeline = Exclude<ReturnType<typeof timelineOf>, string>;

function brokenBy(points: readonly CumulativePoint[], whole: Count): string | undefined {
  if (points.some(({ atSeconds, total, bad }) => ![atSeconds, total, bad].every(Number.isFinite) || total < 0 || bad < 0))
    return "the counts over time are not all numbers from 0 up";
  const steps = points.slice(1).map((point, i) => [points[i] ?? point, point] as const);
  if (steps.some(([before, point]) => point.atSeconds <= before.atSeconds)) return "the moments are not in order";
  const exceeds = (a: Count, b: Count): boolean => a.total > b.total + countTolerance || a.bad > b.bad + countTolerance;
  if (steps.some(([before, point]) => exceeds(before, point))) return "the counts go down over time";
  const end = points.at(-1);
  return end !== undefined && exceeds(end, whole) ? "the counts over time say more than the count of the whole run" : undefined;
}
