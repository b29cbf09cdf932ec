import type { CumulativePoint } from "./measurement.ts";

/** Is what is left of bad events when those are taken out that the generator itself may have caused. */
export interface Excused {
  /** How many were taken out. */
  doubtful: number;
  cumulative: CumulativePoint[];
}

/**
 * Takes the bad events out that came while k6 waited for a CPU: it measured its own delay with the service's.
 * `starvedAtSeconds` are the ends of seconds in which it was short; an event shows up to `lagSeconds` after its cause.
 */
export function excuseStarved(points: readonly CumulativePoint[], starvedAtSeconds: readonly number[], lagSeconds: number): Excused {
  const spans = starvedAtSeconds.map((at) => ({ from: at - 1 - slackSeconds, to: at + lagSeconds + slackSeconds }));
  let doubtful = 0;
  const cumulative = points.map((point, i) => {
    const before = points[i - 1] ?? { atSeconds: Number.NEGATIVE_INFINITY, bad: 0 };
    const touched = spans.some(({ from, to }) => point.atSeconds > from && before.atSeconds < to);
    if (touched) doubtful += Math.max(0, point.bad - before.bad);
    return { ...point, bad: point.bad - doubtful };
  });
  return { doubtful, cumulative };
}

/** A series' sample may be stamped up to a push before or after the second that it belongs to. */
const slackSeconds = 1;
