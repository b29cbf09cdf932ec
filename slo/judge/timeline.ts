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

/** Orders what was read over time, or says why nothing can be told from it. `whole` is what was counted of the whole run. */
export function timelineOf(
  read: readonly CumulativePoint[],
  whole: Count,
  runSeconds: number | undefined,
): Timeline | { kind: "unusable"; reason: string } {
  const [first, second] = read;
  const last = read.at(-1);
  if (first === undefined || second === undefined || last === undefined) {
    return { kind: "unusable", reason: `only ${read.length === 1 ? "1 moment" : "the whole run"} could be read` };
  }
  const broken = brokenBy(read, whole);
  if (broken !== undefined) return { kind: "unusable", reason: broken };
  const stepSeconds = (last.atSeconds - first.atSeconds) / (read.length - 1);
  const points = first.total > 0 ? [{ atSeconds: startOf(read), total: 0, bad: 0 }, ...read] : read;
  const active = points.slice(0, points.findLastIndex((point, i) => point.total > (points[i - 1]?.total ?? 0)) + 1);
  const [from, to] = [active[0], active.at(-1)];
  if (from === undefined || to === undefined || active.length < 2)
    return { kind: "unusable", reason: "no request came in between the moments that were read" };
  return { kind: "timeline", points: active, stepSeconds, runSeconds: runSeconds ?? to.atSeconds - from.atSeconds };
}

/** Tells when the counts were zero, in Unix seconds: they begin with the load, so a first point that has some already stands a step after that. */
function startOf(read: readonly CumulativePoint[]): number {
  const [first, last] = [read[0], read.at(-1)];
  if (first === undefined || last === undefined) return Number.NaN;
  return first.total > 0 && read.length > 1 ? first.atSeconds - (last.atSeconds - first.atSeconds) / (read.length - 1) : first.atSeconds;
}

function brokenBy(points: readonly CumulativePoint[], whole: Count): string | undefined {
  if (points.some(({ atSeconds, total, bad }) => ![atSeconds, total, bad].every(Number.isFinite) || total < 0 || bad < 0)) {
    return "the counts over time are not all numbers from 0 up";
  }
  if (points.some((point, i) => point.atSeconds <= (points[i - 1]?.atSeconds ?? Number.NEGATIVE_INFINITY)))
    return "the moments are not in order";
  const falls = (point: CumulativePoint, before: CumulativePoint | undefined): boolean =>
    before !== undefined && (point.total < before.total - countTolerance || point.bad < before.bad - countTolerance);
  if (points.some((point, i) => falls(point, points[i - 1]))) return "the counts go down over time";
  const end = points.at(-1);
  if (end !== undefined && (end.total > whole.total + countTolerance || end.bad > whole.bad + countTolerance)) {
    return "the counts over time say more than the count of the whole run";
  }
  return undefined;
}
