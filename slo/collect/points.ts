import type { PromQL } from "../compile/promql.ts";
import type { CumulativePoint } from "./measurement.ts";
import { queryRange, type PrometheusApi } from "./prometheus.ts";

/** Rounds a count that came through floating point; what is not a whole number stays as it is, for the judge to refuse. */
export function wholeCount(value: number): number {
  const whole = Math.round(value);
  return Math.abs(whole - value) < 1e-6 ? whole : value;
}

/** Says which moments are read: Unix seconds, and the distance between two. */
export interface Span {
  fromSeconds: number;
  toSeconds: number;
  stepSeconds: number;
}

/** Holds the sum of some counters by moment (Unix seconds), or why it could not be read. */
export type Sums = { kind: "sums"; sums: Map<number, number> } | { kind: "failed"; reason: string };

/** Adds up counters moment by moment; a series that has not begun adds nothing. */
export async function sumsOver(api: PrometheusApi, reads: readonly PromQL[], span: Span): Promise<Sums> {
  const asked = reads.map((read) => queryRange(api, read, span.fromSeconds, span.toSeconds, span.stepSeconds));
  const sums = new Map<number, number>();
  for (const answer of await Promise.all(asked)) {
    if (answer.kind === "failed") return answer;
    for (const { atSeconds, value } of answer.value[0]?.points ?? []) sums.set(atSeconds, (sums.get(atSeconds) ?? 0) + value);
  }
  return { kind: "sums", sums };
}

/** Holds a total and a part of it at the moments at which the total is there, as Prometheus gave them, or why they could not be read. */
export type Moments =
  | { kind: "moments"; moments: { atSeconds: number; total: number; part: number }[] }
  | { kind: "failed"; reason: string };

/** Reads a total and the sum of its parts over time; a part without a sample is 0 there. */
export async function readOverTime(api: PrometheusApi, total: PromQL, parts: readonly PromQL[], span: Span): Promise<Moments> {
  const [totals, sums] = await Promise.all([sumsOver(api, [total], span), sumsOver(api, parts, span)]);
  if (totals.kind === "failed") return totals;
  if (sums.kind === "failed") return sums;
  const moments = [...totals.sums].map(([atSeconds, value]) => ({ atSeconds, total: value, part: sums.sums.get(atSeconds) ?? 0 }));
  return { kind: "moments", moments };
}

/** Ends counts over time with what was counted of the whole run: the last step need not fall on the last moment, and a fast burn can be the last thing. */
export function endedWith(points: readonly CumulativePoint[], end: CumulativePoint): CumulativePoint[] {
  const last = points.at(-1);
  if (last === undefined || end.atSeconds <= last.atSeconds) return [...points];
  return last.total === end.total && last.bad === end.bad ? [...points] : [...points, end];
}
