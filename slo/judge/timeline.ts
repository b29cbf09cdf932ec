import type { Count, CumulativePoint } from "../collect/measurement.ts";

/** Holds cumulative counts over the judged load, from zero to the last moment at which an event came in. */
export interface Timeline {
  kind: "timeline";
  points: readonly CumulativePoint[];
  /** Average distance of the points. */
  stepSeconds: number;
  /** Length of the judged load. */
  runSeconds: number;
}

const countTolerance = 1e-6;

/** Orders what was read over time, or says why it is unusable. `whole` is the most that the whole run can hold. */
export function timelineOf(
  read: readonly CumulativePoint[],
  whole: Count,
  runSeconds: number | undefined,
): Timeline | { kind: "unusable"; reason: string } {
  const [first, last] = [read[0], read.at(-1)];
  if (first === undefined || last === undefined || read.length < 2)
    return { kind: "unusable", reason: `only ${read.length === 1 ? "1 moment" : "the whole run"} could be read` };
  const broken = brokenBy(read, whole);
  if (broken !== undefined) return { kind: "unusable", reason: broken };
  const stepSeconds = (last.atSeconds - first.atSeconds) / (read.length - 1);
  // The counts begin at zero with the load, so a first point that has some already stands a step after that.
  const points = first.total > 0 ? [{ atSeconds: first.atSeconds - stepSeconds, total: 0, bad: 0 }, ...read] : read;
  const active = points.slice(0, points.findLastIndex((point, i) => point.total > (points[i - 1]?.total ?? 0)) + 1);
  const [from, to] = [active[0], active.at(-1)];
  if (from === undefined || to === undefined || active.length < 2)
    return { kind: "unusable", reason: "no request came in between the moments that were read" };
  return { kind: "timeline", points: active, stepSeconds, runSeconds: runSeconds ?? to.atSeconds - from.atSeconds };
}

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
