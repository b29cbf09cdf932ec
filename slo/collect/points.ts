import type { Reading } from "../compile/counters.ts";
import type { PromQL } from "../compile/promql.ts";
import type { CumulativePoint } from "./measurement.ts";
import { answerOf, queryNumber, queryRange, queryVector, Unreadable, type PrometheusApi } from "./prometheus.ts";

/** Rounds a count that came through floating point; what is not a whole number stays as it is, for the judge to refuse. */
export function wholeCount(value: number): number {
  const whole = Math.round(value);
  return Math.abs(whole - value) < 1e-6 ? whole : value;
}

/** Says what is read over time: Unix seconds, and the distance between two reads. */
export interface Span {
  fromSeconds: number;
  toSeconds: number;
  stepSeconds: number;
}

/** Asks about a load at its end, back over all of it and a minute more. */
export function readerOf(api: PrometheusApi, span: Span) {
  const { fromSeconds, toSeconds: at } = span;
  const range = at - fromSeconds + 60;
  return {
    api,
    span,
    range,
    number: (read: Reading, moreSeconds = 0) => queryNumber(api, read(range + moreSeconds), at),
    vector: (read: Reading) => queryVector(api, read(range), at),
  };
}
export type Reader = ReturnType<typeof readerOf>;

/** Adds up counters moment by moment (Unix seconds); a series that has not begun adds nothing. */
export async function sumsOver(api: PrometheusApi, reads: readonly PromQL[], span: Span): Promise<Map<number, number>> {
  const { fromSeconds, toSeconds, stepSeconds } = span;
  const read = await answerOf(() => Promise.all(reads.map((one) => queryRange(api, one, fromSeconds, toSeconds, stepSeconds))));
  if (read.kind === "failed") throw new Unreadable(`the counts over time could not be read: ${read.reason}`);
  const sums = new Map<number, number>();
  for (const { atSeconds, value } of read.value.flatMap(([first]) => first?.points ?? []))
    sums.set(atSeconds, (sums.get(atSeconds) ?? 0) + value);
  return sums;
}

/** Reads a total and the sum of its parts wherever the total is there; a part without a sample is 0. */
export async function readOverTime(api: PrometheusApi, total: readonly PromQL[], parts: readonly PromQL[], span: Span) {
  const [totals, sums] = await Promise.all([sumsOver(api, total, span), sumsOver(api, parts, span)]);
  return [...totals].map(([atSeconds, value]) => ({ atSeconds, total: value, part: sums.get(atSeconds) ?? 0 }));
}
export type PartOfTotal = Awaited<ReturnType<typeof readOverTime>>[number];

/** Ends counts over time with what was counted of the whole run: the last step need not fall on the last moment, and a fast burn can be the last thing. */
export function endedWith(points: readonly CumulativePoint[], end: CumulativePoint): CumulativePoint[] {
  const last = points.at(-1);
  if (last === undefined || end.atSeconds <= last.atSeconds) return [...points];
  return last.total === end.total && last.bad === end.bad ? [...points] : [...points, end];
}

/** Counts from the load's beginning on, where its counters are as they were; what no series held at that moment began at 0 in the load, as lazy label sets do. */
export function sinceBeginning(read: readonly PartOfTotal[], fromSeconds: number): PartOfTotal[] {
  const [first] = read;
  if (first === undefined) return [];
  const isHeld = first.atSeconds < fromSeconds + 0.001;
  const base = isHeld ? first : { atSeconds: fromSeconds, total: 0, part: 0 };
  const points = isHeld ? read : [base, ...read];
  return points.map(({ atSeconds, total, part }) => ({ atSeconds, total: total - base.total, part: part - base.part }));
}
