import type { ClientQueries } from "../compile/objectives.ts";
import type { PromQL } from "../compile/promql.ts";
import type { CumulativePoint, Measurement, Queries } from "./measurement.ts";
import { queryHistograms, queryNumber, queryRange, type Answer, type Histogram, type PrometheusApi } from "./prometheus.ts";

/** Says when the judged load ran and what became of the iterations that k6 did not start; Unix seconds. */
export interface ClientWindow {
  fromSeconds: number;
  /** The moment at which totals are pinned: after the last sample. */
  toSeconds: number;
  /** Distance of the points in time. */
  stepSeconds: number;
  /** Iterations that were offered and not served. */
  dropped: number;
  /** False when k6 itself was short of CPU, so that the drops may be its own fault. */
  droppedAreBad: boolean;
  /** Iterations that were cut off before they ended. */
  interrupted: number;
}

const absent = (objective: string, reason: string, queries: Queries): Measurement => ({ kind: "absent", objective, reason, queries });

/** Rounds a count that came through floating point; what is not a whole number stays as it is, for the judge to refuse. */
export function wholeCount(value: number): number {
  const whole = Math.round(value);
  return Math.abs(whole - value) < 1e-6 * Math.max(1, whole) ? whole : value;
}

/** Adds certain and doubtful events to what the queries counted: dropped iterations, interrupted ones. */
export function withOmitted(
  objective: string,
  counted: { total: number; bad: number; doubtful: number; doubts: string[]; unfiltered: boolean },
  window: Pick<ClientWindow, "dropped" | "droppedAreBad" | "interrupted">,
  rest: { cumulative: CumulativePoint[]; queries: Queries },
): Measurement {
  const certain = window.droppedAreBad && counted.unfiltered ? window.dropped : 0;
  const possible = window.dropped - certain + window.interrupted;
  const doubts = [...counted.doubts];
  if (window.dropped - certain > 0) {
    doubts.push(
      window.droppedAreBad
        ? `${window.dropped} dropped iterations may have been for this objective`
        : `${window.dropped} iterations were dropped while k6 was short of CPU`,
    );
  }
  if (window.interrupted > 0) doubts.push(`${window.interrupted} iterations were cut off before they ended`);
  return {
    kind: "counted",
    objective,
    best: { total: counted.total + certain, bad: counted.bad + certain },
    worst: { total: counted.total + certain + possible, bad: counted.bad + counted.doubtful + certain + possible },
    doubts,
    ...rest,
  };
}

/** Splits a native histogram at a threshold; the bucket that the threshold cuts is doubtful. */
export function splitHistogram(histogram: Histogram, atMostSeconds: number): { above: number; doubtful: number } {
  let above = 0;
  let doubtful = 0;
  for (const { lower, upper, count } of histogram.buckets) {
    if (upper <= atMostSeconds) continue;
    if (lower >= atMostSeconds) above += count;
    else doubtful += count;
  }
  return { above: wholeCount(above), doubtful: wholeCount(doubtful) };
}

async function cumulativeOf(api: PrometheusApi, total: PromQL, bad: PromQL[], window: ClientWindow): Promise<CumulativePoint[]> {
  const ask = (query: PromQL): Promise<Answer<{ points: { atSeconds: number; value: number }[] }[]>> =>
    queryRange(api, query, window.fromSeconds, window.toSeconds, window.stepSeconds);
  const [totals, ...bads] = await Promise.all([ask(total), ...bad.map(ask)]);
  if (totals === undefined || totals.kind === "failed") return [];
  const sums = new Map<number, number>();
  for (const answer of bads) {
    if (answer.kind === "failed") return [];
    for (const { atSeconds, value } of answer.value[0]?.points ?? []) sums.set(atSeconds, (sums.get(atSeconds) ?? 0) + value);
  }
  return (totals.value[0]?.points ?? []).map(({ atSeconds, value }) => ({
    atSeconds,
    total: wholeCount(value),
    bad: wholeCount(sums.get(atSeconds) ?? 0),
  }));
}

async function fromHistogram(api: PrometheusApi, query: ClientQueries, window: ClientWindow, queries: Queries): Promise<Measurement> {
  if (query.histogram === undefined) throw new Error("no histogram query");
  const { read, atMostSeconds } = query.histogram;
  const range = window.toSeconds - window.fromSeconds + window.stepSeconds;
  const step = Math.max(window.stepSeconds, (window.toSeconds - window.fromSeconds) / 240);
  const got = await queryHistograms(api, read(range), window.fromSeconds, window.toSeconds, step);
  if (got.kind === "failed") return absent(query.objective, got.reason, queries);
  const final = await queryHistograms(api, read(range), window.toSeconds, window.toSeconds, 1);
  if (final.kind === "failed") return absent(query.objective, final.reason, queries);
  const last = final.value?.points.at(-1)?.value;
  if (last === undefined) return absent(query.objective, "Prometheus holds no latency histogram of this run", queries);
  const { above, doubtful } = splitHistogram(last, atMostSeconds);
  const doubts = doubtful > 0 ? [`${doubtful} requests lie in the histogram bucket that ${atMostSeconds} s cuts`] : [];
  const cumulative = (got.value?.points ?? []).map(({ atSeconds, value }) => ({
    atSeconds,
    total: wholeCount(value.count),
    bad: splitHistogram(value, atMostSeconds).above,
  }));
  return withOmitted(
    query.objective,
    { total: wholeCount(last.count), bad: above, doubtful, doubts, unfiltered: query.unfiltered },
    window,
    { cumulative, queries },
  );
}

/** Measures one client-side objective; what cannot be read is absent with its reason, never zero. */
export async function measureClient(api: PrometheusApi, query: ClientQueries, window: ClientWindow): Promise<Measurement> {
  const range = window.toSeconds - window.fromSeconds + 60;
  const queries = {
    total: query.total(range).promql,
    bad: query.histogram ? query.histogram.read(range).promql : query.bad.map((read) => read(range).promql).join(" + "),
  };
  if (query.histogram) return fromHistogram(api, query, window, queries);
  const at = window.toSeconds;
  const [total, proof, ...bads] = await Promise.all(
    [query.total, query.proof ?? query.total, ...query.bad].map((read) => queryNumber(api, read(range), at)),
  );
  if (total === undefined || total.kind === "failed") return absent(query.objective, total?.reason ?? "nothing was asked", queries);
  if (total.value === undefined)
    return absent(query.objective, "Prometheus holds no request of this run that the objective is about", queries);
  const unproved = proofProblem(query, proof, total.value);
  if (unproved) return absent(query.objective, unproved, queries);
  let bad = 0;
  for (const answer of bads) {
    if (answer.kind === "failed") return absent(query.objective, answer.reason, queries);
    bad += answer.value ?? 0; // no series of errors means none: the total is there, and the proof that they are counted
  }
  const cumulative = await cumulativeOf(
    api,
    query.total(range),
    query.bad.map((read) => read(range)),
    window,
  );
  const counted = { total: wholeCount(total.value), bad: wholeCount(bad), doubtful: 0, doubts: [], unfiltered: query.unfiltered };
  return withOmitted(query.objective, counted, window, { cumulative, queries });
}

function proofProblem(query: ClientQueries, proof: Answer<number | undefined> | undefined, total: number): string | undefined {
  if (proof === undefined || proof.kind === "failed") return proof?.reason ?? "nothing was asked";
  if (query.proof === undefined) return undefined;
  const countsErrors = query.bad.length > 1;
  if (proof.value === undefined) {
    return countsErrors
      ? "the script's requests carry no expected_response tag (a response callback of null, or systemTags without it), so errors cannot be told"
      : "the client did not count slow requests";
  }
  if (countsErrors && proof.value < total)
    return `${total - proof.value} requests carry no expected_response tag, so errors cannot be told`;
  return undefined;
}
