import type { CumulativePoint } from "./measurement.ts";

/** What is known of k6's CPU: the ends (Unix seconds) of the seconds in which it was short, or that nobody watched all of it. */
export type CpuShortage = { kind: "known"; atSeconds: readonly number[] } | { kind: "unknown" };

/** Two reads of a counter, Unix seconds, between which it rose. */
export interface Rise {
  fromSeconds: number;
  toSeconds: number;
}

/** Why iterations were dropped: by the service's slowness alone, perhaps by k6's own shortage of CPU, or nobody knows. */
export type DropCause = "service" | "starved" | "unknown";

/** k6 pushes every second, and stamps each series with its own last sample in it; a little more for a push that is late. */
export const pushSeconds = 1.1;
/** A shortage goes on for up to half a second after the second that tells of it: less than half of one is not told. */
const untoldSeconds = 0.5;

/**
 * Tells whether what rose may have happened while k6 waited for a CPU, or up to `lagSeconds` after that.
 * A second of shortage is told by its end; what happens is stamped up to a push later.
 */
export function mayBeStarved({ fromSeconds, toSeconds }: Rise, shortage: CpuShortage, lagSeconds: number): boolean {
  switch (shortage.kind) {
    case "unknown":
      return true;
    case "known":
      return shortage.atSeconds.some(
        (at) => toSeconds > at - 1 - pushSeconds && fromSeconds < at + untoldSeconds + lagSeconds + pushSeconds,
      );
  }
}

/** Finds between which reads a counter rose that k6 begins at 0; before the first read it was not there yet. */
export function risesOf(points: readonly { atSeconds: number; value: number }[], stepSeconds: number): Rise[] {
  return points.flatMap(({ atSeconds, value }, i) => {
    const before = points[i - 1] ?? { atSeconds: atSeconds - stepSeconds, value: 0 };
    return value > before.value ? [{ fromSeconds: before.atSeconds, toSeconds: atSeconds }] : [];
  });
}

/** Says what dropped iterations are to be laid to; `rises` is undefined where it could not be read when they were dropped. */
export function dropCauseOf(rises: readonly Rise[] | undefined, shortage: CpuShortage): DropCause {
  if (rises === undefined || (shortage.kind === "unknown" && rises.length > 0)) return "unknown";
  return rises.some((rise) => mayBeStarved(rise, shortage, 0)) ? "starved" : "service";
}

/** Tells how many of so many dropped iterations are bad for certain: not those that a service which answers at once might have had as well. */
export const certainDrops = (
  { dropCause, excusedDrops = 0 }: { dropCause: DropCause; excusedDrops?: number | undefined },
  dropped: number,
): number => (dropCause === "service" ? Math.max(0, dropped - excusedDrops) : 0);

/**
 * Takes the slow requests out that came while k6 waited for a CPU, or may have: it measured its own delay with the service's.
 * Gives how many were taken out, and the counts over time without them. A slow answer shows up to `lagSeconds` after its cause; what of the `bad` ones no point shows may have come at any time.
 * No more than `most` are taken out: a refused connection is no delay.
 */
export function excuseStarved(points: readonly CumulativePoint[], bad: number, shortage: CpuShortage, lagSeconds: number, most = bad) {
  let uncertain = 0;
  const cumulative = points.map((point, i) => {
    const before = points[i - 1] ?? { atSeconds: Number.NEGATIVE_INFINITY, bad: 0 };
    const touched = mayBeStarved({ fromSeconds: before.atSeconds, toSeconds: point.atSeconds }, shortage, lagSeconds);
    if (touched) uncertain = Math.min(most, uncertain + Math.max(0, point.bad - before.bad));
    return { ...point, bad: point.bad - uncertain };
  });
  const anyTime = { fromSeconds: Number.NEGATIVE_INFINITY, toSeconds: Number.POSITIVE_INFINITY };
  if (mayBeStarved(anyTime, shortage, lagSeconds)) uncertain = Math.min(most, uncertain + Math.max(0, bad - (points.at(-1)?.bad ?? 0)));
  return { uncertain, cumulative };
}
