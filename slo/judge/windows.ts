import type { CumulativePoint } from "../collect/measurement.ts";
import { complement, provedAtLeast } from "./clopper-pearson.ts";
import type { WindowFinding } from "./verdict.ts";

/**
 * Pairs of windows that catch a burst which the average hides, as shares of the judged load.
 * After the SRE workbook, chapter 5, table 5-8 (30 d: 1 h/5 m ×14.4 and 6 h/30 m ×6; short = long ÷ 12): the burn limits are its own;
 * the lengths are ours, so that each limit spends about three quarters of the run's budget in one long window. The whole run is the ×1 row.
 */
export const windowPairs = [
  { longShare: 1 / 20, burnLimit: 14.4 },
  { longShare: 1 / 8, burnLimit: 6 },
] as const;

const shortPerLong = 12;

interface Pair {
  longSeconds: number;
  shortSeconds: number;
  burnLimit: number;
}

/** Looks for a burst in every pair of windows; windows that cannot prove one are skipped, and say so. */
export function findBursts(points: readonly CumulativePoint[], targetRatio: number, confidence: number): WindowFinding[] {
  const first = points[0];
  const last = points.at(-1);
  const length = first && last ? last.atSeconds - first.atSeconds : 0;
  const step = points.length > 1 ? length / (points.length - 1) : 0;
  return windowPairs.map(({ longShare, burnLimit }) => {
    const longSeconds = Math.max(length * longShare, 2 * step);
    const pair = { longSeconds, shortSeconds: Math.max(longSeconds / shortPerLong, step), burnLimit };
    const reason = whySkipped(points, pair, targetRatio);
    return reason === undefined ? examine(points, pair, targetRatio, confidence) : { kind: "skipped", ...pair, reason };
  });
}

function whySkipped(points: readonly CumulativePoint[], { burnLimit }: Pair, targetRatio: number): string | undefined {
  if (points.length < 10) return `only ${points.length} moments are known`;
  if (points.some((point, i) => i > 0 && (point.total < (points[i - 1]?.total ?? 0) || point.bad < (points[i - 1]?.bad ?? 0)))) return "the counts went backwards";
  if (burnLimit * complement(targetRatio) >= 1) return `even with every request bad the budget cannot burn ${burnLimit} times too fast`;
  return undefined;
}

/** Counts what came in each window of a length that ends at a point; the window begins at the last point at or before its start. */
function windowsOf(points: readonly CumulativePoint[], seconds: number): (CumulativePoint & { fromSeconds: number })[] {
  let start = 0;
  return points.map((end) => {
    while ((points[start + 1]?.atSeconds ?? Number.POSITIVE_INFINITY) <= end.atSeconds - seconds + 1e-9) start += 1;
    const begin = points[start] ?? end;
    return { atSeconds: end.atSeconds, fromSeconds: begin.atSeconds, total: end.total - begin.total, bad: end.bad - begin.bad };
  });
}

function examine(points: readonly CumulativePoint[], pair: Pair, targetRatio: number, confidence: number): WindowFinding {
  const { longSeconds, burnLimit } = pair;
  const allowed = complement(targetRatio);
  const begun = points[0]?.atSeconds ?? 0;
  const longs = windowsOf(points, longSeconds);
  const shorts = windowsOf(points, pair.shortSeconds);
  // Every window that was tried is a chance for a false alarm, so the confidence is shared among them (Bonferroni).
  const tried = longs.filter(({ atSeconds, total }) => atSeconds - begun >= longSeconds - 1e-9 && total > 0);
  const most = tried.reduce((max, { total }) => Math.max(max, total), 0);
  const each = 1 - (1 - confidence) / Math.max(tried.length, 1);
  if (provedAtLeast({ total: most, bad: most }, each) <= burnLimit * allowed) {
    return { kind: "skipped", ...pair, reason: `at most ${most} requests fell into a window of ${longSeconds.toFixed(1)} s: too few to prove a burst` };
  }
  let worstBurn = 0;
  let worst: Extract<WindowFinding, { kind: "burst" }> | undefined;
  for (const long of tried) {
    const burn = long.bad / long.total / allowed;
    worstBurn = Math.max(worstBurn, burn);
    const short = shorts[points.findIndex((point) => point.atSeconds === long.atSeconds)];
    if (burn <= burnLimit || !short || short.total === 0 || short.bad / short.total / allowed <= burnLimit) continue;
    const count = { total: long.total, bad: long.bad };
    const provedBurn = provedAtLeast(count, each) / allowed;
    if (provedBurn <= burnLimit || provedBurn <= (worst?.provedBurn ?? 0)) continue;
    worst = { kind: "burst", ...pair, worstBurn: burn, provedBurn, fromSeconds: long.fromSeconds, toSeconds: long.atSeconds, count };
  }
  return worst ? { ...worst, worstBurn } : { kind: "calm", ...pair, worstBurn };
}
