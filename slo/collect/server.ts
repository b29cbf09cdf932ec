import type { Reading, ServerQueries } from "../compile/objectives.ts";
import type { PromQL } from "../compile/promql.ts";
import { lookbackSeconds, type Guarded, type GuardedWindow } from "./guard.ts";
import type { Count, CumulativePoint, Measurement, Queries } from "./measurement.ts";
import { endedWith, momentsOver, wholeCount } from "./points.ts";
import { queryNumber, queryVector, type Answer, type PrometheusApi } from "./prometheus.ts";

/** Says between which moments the service's counters are read, and what else is in them; Unix seconds of Prometheus's clock. */
export interface ServerWindow extends GuardedWindow {
  stepSeconds: number;
  /** Requests that judged iterations would have made, had k6 not dropped them: they never reached the service. */
  dropped: number;
  /** Requests of setup and warm-up that the window could not leave out. */
  notJudged: number;
}

/** Is a number that was read, or the reason why there is none: no such series, or a question that failed. */
export type Read = { kind: "read"; value: number } | { kind: "none"; reason: string } | { kind: "failed"; reason: string };

/** Reads how much a sum of counters grew: the value after minus the value before, over the same series. */
export async function grown(api: PrometheusApi, read: Reading, window: Pick<ServerWindow, "fromSeconds" | "toSeconds">): Promise<Read> {
  const length = window.toSeconds - window.fromSeconds;
  const [before, after] = await Promise.all([
    queryNumber(api, read(lookbackSeconds), window.fromSeconds),
    queryNumber(api, read(length + lookbackSeconds), window.toSeconds),
  ]);
  if (before.kind === "failed") return before;
  if (after.kind === "failed") return after;
  if (after.value === undefined) return { kind: "none", reason: "Prometheus holds no such series of the service" };
  return { kind: "read", value: wholeCount(after.value - (before.value ?? 0)) }; // a series that came during the load began at 0: guard.ts sees to it
}

type Points = { kind: "points"; points: CumulativePoint[] } | { kind: "failed"; reason: string };

/** Reads the growth over time since the load began; no points where the counters are not there from its beginning. */
async function cumulative(api: PrometheusApi, total: PromQL, part: PromQL, above: boolean, window: ServerWindow): Promise<Points> {
  const read = await momentsOver(api, total, [part], window);
  if (read.kind === "failed") return read;
  const [first] = read.moments;
  if (first === undefined || first.atSeconds > window.fromSeconds + window.stepSeconds) return { kind: "points", points: [] };
  const badAt = (moment: typeof first): number => (above ? moment.total - moment.part : moment.part);
  const points = read.moments.map((moment) => ({
    atSeconds: moment.atSeconds,
    total: wholeCount(moment.total - first.total),
    bad: wholeCount(badAt(moment) - badAt(first)),
  }));
  return { kind: "points", points };
}

type BadRead = { kind: "found"; read: Reading; above: boolean; mustExist: boolean } | { kind: "absent"; reason: string };

/** Finds the bucket whose bound is exactly the threshold, whatever its spelling (Prometheus 3 writes 1.0, 2 wrote 1). */
async function badReading(api: PrometheusApi, query: ServerQueries, window: ServerWindow): Promise<BadRead> {
  if (query.bad.kind === "counter") return { kind: "found", read: query.bad.read, above: false, mustExist: query.bad.mustExist };
  const { atMostSeconds, buckets, below } = query.bad;
  const got = await queryVector(api, buckets(window.toSeconds - window.fromSeconds + lookbackSeconds), window.toSeconds);
  if (got.kind === "failed") return { kind: "absent", reason: got.reason };
  if (got.value.length === 0) return { kind: "absent", reason: "Prometheus holds no latency histogram of the service for this objective" };
  const bounds = got.value.map(({ labels, points }) => ({ le: labels["le"] ?? "", seriesCount: points[0]?.value ?? 0 }));
  const here = bounds.filter(({ le }) => Number(le) === atMostSeconds);
  const most = bounds.find(({ le }) => le === "+Inf")?.seriesCount ?? Math.max(...bounds.map((b) => b.seriesCount));
  if (here.length === 0) {
    const known = bounds
      .map((b) => Number(b.le))
      .filter(Number.isFinite)
      .toSorted((a, b) => a - b);
    return { kind: "absent", reason: `the service's histogram has no bucket at ${atMostSeconds} s; it has ${known.join(", ")}` };
  }
  if (here.reduce((sum, b) => sum + b.seriesCount, 0) !== most)
    return { kind: "absent", reason: `not every series of the service has a bucket at ${atMostSeconds} s` };
  return { kind: "found", read: below(here.map((b) => b.le)), above: true, mustExist: true };
}

/**
 * Adds what was never judged, what never arrived and what the service should have counted: the truth lies between the two counts.
 * `missing` are requests that got an answer and that no counter has, as when one of several instances is not scraped.
 */
export function betweenCounts(
  counted: Count,
  { dropped, notJudged, missing }: Pick<ServerWindow, "dropped" | "notJudged"> & { missing: number },
): { best: Count; worst: Count; doubts: string[] } {
  const { total, bad } = counted;
  const badNotJudged = Math.min(notJudged, bad);
  const goodNotJudged = Math.min(notJudged, total - bad);
  const unseen = dropped + missing;
  return {
    best: { total: total - badNotJudged, bad: bad - badNotJudged },
    worst: { total: total - goodNotJudged + unseen, bad: bad + unseen },
    doubts: [
      ...(notJudged > 0 ? [`the service's counts include up to ${notJudged} requests of setup and warm-up`] : []),
      ...(dropped > 0 ? [`up to ${dropped} requests of dropped iterations never reached the service`] : []),
      ...(missing > 0 ? [`${missing} requests that were answered are not in the service's counts: is every instance of it scraped?`] : []),
    ],
  };
}

/** Counts answered requests that the service's counters do not have; at least so many are missing. */
async function missingFrom(api: PrometheusApi, query: ServerQueries, window: ServerWindow, total: number): Promise<Answer<number>> {
  if (query.answered === undefined) return { kind: "answer", value: 0 };
  // k6's samples carry k6's clock: the question reaches far enough beyond both ends for any difference that preflight lets pass.
  const range = window.toSeconds - window.fromSeconds + 2 * lookbackSeconds;
  const answered = await queryNumber(api, query.answered(range), window.toSeconds + lookbackSeconds);
  return answered.kind === "failed" ? answered : { kind: "answer", value: Math.max(0, wholeCount((answered.value ?? 0) - total)) };
}

/** Reads the whole-run count of a server objective, or says why it cannot be trusted. */
async function countedBy(
  api: PrometheusApi,
  query: ServerQueries,
  bad: Extract<BadRead, { kind: "found" }>,
  window: ServerWindow,
  scrapedBeforeSeconds: number,
): Promise<Count | string> {
  const [total, part, proof, resets] = await Promise.all([
    grown(api, query.total, window),
    grown(api, bad.read, window),
    query.proof ? grown(api, query.proof, window) : undefined,
    queryNumber(api, query.resets(window.toSeconds - scrapedBeforeSeconds + 0.01), window.toSeconds),
  ]);
  if (total.kind !== "read") return total.reason;
  if (part.kind === "failed") return part.reason;
  if (part.kind === "none" && bad.mustExist)
    return `${part.reason} for the bad events; if there were none yet, create the label set at zero`;
  if (resets.kind === "failed") return resets.reason;
  if (resets.value !== undefined && resets.value > 0)
    return "the service's counters fell during the run (a restart): what they had counted since the scrape before is lost";
  if (proof !== undefined && (proof.kind !== "read" || proof.value !== total.value))
    return "not every series of the service carries a status_code, so its errors cannot be told";
  const partValue = part.kind === "read" ? part.value : 0; // no counter of failures means none: the total is there, and the label that would tell them
  return { total: total.value, bad: bad.above ? wholeCount(total.value - partValue) : partValue };
}

/** Measures one objective from the service's own counters, as differences between before and after the load. */
export async function measureServer(
  api: PrometheusApi,
  query: ServerQueries,
  window: ServerWindow,
  guarded: Guarded,
): Promise<Measurement> {
  const range = window.toSeconds - window.fromSeconds + lookbackSeconds;
  const found = await badReading(api, query, window);
  const badQuery = found.kind === "found" ? found.read(range).promql : "";
  const queries: Queries = {
    total: query.total(range).promql,
    bad: found.kind === "found" && found.above ? `${query.total(range).promql} - ${badQuery}` : badQuery,
  };
  const absent = (reason: string): Measurement => ({ kind: "absent", objective: query.objective, reason, queries });
  if (guarded.kind === "problem") return absent(guarded.reason);
  if (found.kind === "absent") return absent(found.reason);
  const counted = await countedBy(api, query, found, window, guarded.scrapedBeforeSeconds);
  if (typeof counted === "string") return absent(counted);
  const missing = await missingFrom(api, query, window, counted.total);
  if (missing.kind === "failed") return absent(missing.reason);
  const read = await cumulative(api, query.total(lookbackSeconds), found.read(lookbackSeconds), found.above, window);
  if (read.kind === "failed") return absent(`the counts over time could not be read: ${read.reason}`);
  const points = endedWith(read.points, { atSeconds: window.toSeconds, ...counted });
  const between = betweenCounts(counted, { ...window, missing: missing.value });
  // The instances of a service are scraped at different times, each once in a step.
  return { kind: "counted", objective: query.objective, ...between, cumulative: points, blurSeconds: window.stepSeconds, queries };
}

/** Finds the jobs whose scrapes a ratio's counters come from; empty where the series carry no job, so that nobody knows when they were scraped. */
export async function jobsOf(api: PrometheusApi, query: ServerQueries, rangeSeconds: number, atSeconds: number): Promise<string[]> {
  if (query.jobs === undefined) return [];
  const got = await queryVector(api, query.jobs(rangeSeconds), atSeconds);
  const jobs = got.kind === "answer" ? got.value.map(({ labels }) => labels["job"] ?? "") : [];
  return jobs.includes("") ? [] : jobs;
}
