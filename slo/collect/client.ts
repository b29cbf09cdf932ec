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
  /** Judged requests for each judged iteration: so many does an iteration stand for that was not carried out. */
  requestsPerIteration: number;
}

const absent = (objective: string, reason: string, queries: Queries): Measurement => ({ kind: "absent", objective, reason, queries });

/** Rounds a count that came through floating point; what is not a whole number stays as it is, for the judge to refuse. */
export function wholeCount(value: number): number {
  const whole = Math.round(value);
  return Math.abs(whole - value) < 1e-6 * Math.max(1, whole) ? whole : value;
}

/**
 * Adds certain and doubtful events to what the queries counted: dropped iterations and those that were cut off.
 * In the best reading a dropped iteration is one bad event; in the worst it is as many as an iteration has requests, rounded up.
 */
export function withOmitted(
  objective: string,
  counted: { total: number; bad: number; doubtful: number; doubts: string[]; unfiltered: boolean },
  window: Pick<ClientWindow, "dropped" | "droppedAreBad" | "interrupted" | "requestsPerIteration">,
  rest: { cumulative: CumulativePoint[]; queries: Queries },
): Measurement {
  const { dropped, interrupted } = window;
  const certain = window.droppedAreBad && counted.unfiltered ? dropped : 0;
  const omitted = Math.ceil((dropped + interrupted) * Math.max(1, window.requestsPerIteration));
  const doubts = [...counted.doubts];
  if (dropped > 0 && !window.droppedAreBad) doubts.push(`${dropped} iterations were dropped, and k6 may have been short of CPU`);
  else if (dropped > certain) doubts.push(`${dropped} dropped iterations may have been for this objective`);
  else if (omitted > dropped + interrupted)
    doubts.push(`${dropped + interrupted} iterations that were not carried out stand for up to ${omitted} requests`);
  if (interrupted > 0) doubts.push(`${interrupted} iterations were cut off before they ended`);
  return {
    kind: "counted",
    objective,
    best: { total: counted.total + certain, bad: counted.bad + certain },
    worst: { total: counted.total + omitted, bad: counted.bad + counted.doubtful + omitted },
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

type Points = { kind: "points"; points: CumulativePoint[] } | { kind: "failed"; reason: string };

async function cumulativeOf(api: PrometheusApi, total: PromQL, bad: PromQL[], window: ClientWindow): Promise<Points> {
  const ask = (query: PromQL): ReturnType<typeof queryRange> =>
    queryRange(api, query, window.fromSeconds, window.toSeconds, window.stepSeconds);
  const [totals, bads] = await Promise.all([ask(total), sumAt(bad.map(ask))]);
  if (totals.kind === "failed") return totals;
  if (bads.kind === "failed") return bads;
  const points = totals.value[0]?.points ?? [];
  return {
    kind: "points",
    points: points.map(({ atSeconds, value }) => ({ atSeconds, total: wholeCount(value), bad: wholeCount(bads.sums.get(atSeconds) ?? 0) })),
  };
}

type Sums = { kind: "sums"; sums: Map<number, number> } | { kind: "failed"; reason: string };

/** Adds up answers moment by moment; a series that has not begun adds nothing. */
async function sumAt(asked: ReturnType<typeof queryRange>[]): Promise<Sums> {
  const sums = new Map<number, number>();
  for (const answer of await Promise.all(asked)) {
    if (answer.kind === "failed") return answer;
    for (const { atSeconds, value } of answer.value[0]?.points ?? []) sums.set(atSeconds, (sums.get(atSeconds) ?? 0) + value);
  }
  return { kind: "sums", sums };
}

/** Tells whether a histogram is whole: buckets that were left out would read as "nothing slow". */
function isWhole({ count, buckets }: Histogram): boolean {
  return wholeCount(buckets.reduce((sum, bucket) => sum + bucket.count, 0)) === wholeCount(count);
}

async function fromHistogram(api: PrometheusApi, query: ClientQueries, window: ClientWindow, queries: Queries): Promise<Measurement> {
  if (query.histogram === undefined) throw new Error("no histogram query");
  const { read, unanswered, atMostSeconds } = query.histogram;
  const { fromSeconds: from, toSeconds: to } = window;
  const range = to - from + 60;
  const step = Math.max(window.stepSeconds, (to - from) / 240);
  const [lines, silent, final, total, lost] = await Promise.all([
    queryHistograms(api, read(range), from, to, step),
    sumAt([queryRange(api, unanswered(range), from, to, step)]),
    queryHistograms(api, read(range), to, to, 1),
    queryNumber(api, query.total(range), to),
    queryNumber(api, unanswered(range), to),
  ]);
  for (const answer of [lines, silent, final, total, lost])
    if (answer.kind === "failed") return absent(query.objective, answer.reason, queries);
  if (lines.kind === "failed" || silent.kind === "failed" || final.kind === "failed" || total.kind === "failed" || lost.kind === "failed")
    throw new Error("a failure passed");
  if (total.value === undefined)
    return absent(query.objective, "Prometheus holds no request of this run that the objective is about", queries);
  const last = final.value?.points.at(-1)?.value ?? { count: 0, sum: 0, buckets: [] };
  const never = wholeCount(lost.value ?? 0); // no series of unanswered requests means none: their total is checked below
  if (!isWhole(last)) return absent(query.objective, "Prometheus gave a histogram without all of its buckets", queries);
  if (wholeCount(last.count) + never !== wholeCount(total.value))
    return absent(
      query.objective,
      `the histogram and the unanswered requests hold ${last.count + never} of ${total.value} requests`,
      queries,
    );
  const { above, doubtful } = splitHistogram(last, atMostSeconds);
  const doubts = doubtful > 0 ? [`${doubtful} requests lie in the histogram bucket that ${atMostSeconds} s cuts`] : [];
  const cumulative = (lines.value?.points ?? []).map(({ atSeconds, value }) => {
    const unansweredThen = silent.sums.get(atSeconds) ?? 0;
    return {
      atSeconds,
      total: wholeCount(value.count + unansweredThen),
      bad: wholeCount(splitHistogram(value, atMostSeconds).above + unansweredThen),
    };
  });
  const counted = { total: wholeCount(total.value), bad: above + never, doubtful, doubts, unfiltered: query.unfiltered };
  return withOmitted(query.objective, counted, window, { cumulative, queries });
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
  if (cumulative.kind === "failed") return absent(query.objective, `the counts over time could not be read: ${cumulative.reason}`, queries);
  const counted = { total: wholeCount(total.value), bad: wholeCount(bad), doubtful: 0, doubts: [], unfiltered: query.unfiltered };
  return withOmitted(query.objective, counted, window, { cumulative: cumulative.points, queries });
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
