/** Longer than k6 needs between two writes, so that what was not written yet is not taken for silence. */
const patienceSeconds = 5;

/** The rate of a count that stood so at a moment (Unix seconds), events a second over the last few; `null` until two moments are known. */
type RateMeter = (count: number, atSeconds: number, nowSeconds: number) => number | null;

/** Opens a count over a window's last seconds. A moment counts once, however often it is looked at: what was not written in between is not a rate of 0. */
export function openRate(windowSeconds: number): RateMeter {
  let points: { count: number; at: number }[] = [];
  return (count, atSeconds, nowSeconds) => {
    const last = points.at(-1);
    if (last === undefined || (atSeconds > last.at && count !== last.count)) {
      const from = points.findLastIndex(({ at }) => at <= atSeconds - windowSeconds);
      points = [...points.slice(Math.max(0, Math.min(from, points.length - 1))), { count, at: atSeconds }];
    }
    const [first, end] = [points[0], points.at(-1)];
    if (first === undefined || end === undefined || points.length < 2) return null;
    const silent = nowSeconds - end.at > Math.max(patienceSeconds, 2 * (end.at - (points.at(-2)?.at ?? end.at)));
    return silent ? 0 : Math.max(0, (end.count - first.count) / (end.at - first.at));
  };
}
