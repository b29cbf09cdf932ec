import type { CounterQueries } from "../compile/counters.ts";
import type { ServerQueries } from "../compile/objectives.ts";
import type { PromQL } from "../compile/promql.ts";
import {
  betweenCounts,
  compareSides,
  caveatsOf,
  labelSet,
  nothingMissing,
  readSent,
  usedByOthers,
  type Compared,
  type Sent,
  type ServerWindow,
} from "./compared.ts";
import { countersOf, grownBy, restartedIn, type CounterGrowth, type Growth } from "./growth.ts";
import { lookbackSeconds, type Guarded, type Instance } from "./guard.ts";
import type { Count, CumulativePoint, Measurement, Queries } from "./measurement.ts";
import { endedWith, readOverTime, wholeCount } from "./points.ts";
import { queryVector, type PrometheusApi } from "./prometheus.ts";

/** Reads how much counters grew over the load; asked once, however many objectives are about them. */
export type ReadGrowth = (ask: CounterQueries) => Promise<Growth>;

type Points = { kind: "points"; points: CumulativePoint[] } | { kind: "failed"; reason: string };

/** Reads the growth over time since the load began; no points where the counters are not there from its beginning, or a part of them is missing. */
async function cumulative(
  api: PrometheusApi,
  total: CounterQueries,
  { counters: part, above }: Extract<BadRead, { kind: "found" }>,
  { compared, restarted, leftOut, losses }: Counted,
  window: ServerWindow,
): Promise<Points> {
  if (restarted || compared.missingForCertain > 0) return { kind: "points", points: [] };
  const within = Math.max(window.toSeconds - window.fromSeconds, 0.001);
  const range = lookbackSeconds + (losses.length > 0 ? within : 0); // what an instance counted that is gone stays in the sum
  const living = (ask: CounterQueries): PromQL => ask.living(range, within, window.toSeconds, leftOut);
  const read = await readOverTime(api, living(total), [living(part)], window);
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

type BadRead = { kind: "found"; counters: CounterQueries; above: boolean; mustExist: boolean } | { kind: "absent"; reason: string };

/** Finds the bucket whose bound is exactly the threshold, whatever its spelling (Prometheus 3 writes 1.0, 2 wrote 1). */
async function badReading(api: PrometheusApi, query: ServerQueries, window: ServerWindow): Promise<BadRead> {
  if (query.bad.kind === "counter") return { kind: "found", counters: query.bad.counters, above: false, mustExist: query.bad.mustExist };
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
  return { kind: "found", counters: below(here.map((b) => b.le)), above: true, mustExist: true };
}

/** Holds what was counted of one objective, and what may be wrong with it. */
interface Counted {
  count: Count;
  compared: Compared;
  losses: string[];
  restarted: boolean;
  /** Label sets that others use too, and that are therefore not in the count. */
  leftOut: Record<string, string>[];
}

const fell = "the service's counters fell during the run (a restart): what they had counted since the scrape before is lost";

type LabelSets = ReadonlyMap<string, Record<string, string>>;

const grownWithout = (leftOut: LabelSets, counters: readonly CounterGrowth[], restarted: ReadonlySet<Instance>): number =>
  grownBy(
    counters.filter((one) => !leftOut.has(labelSet(one))),
    restarted,
  );

/** Leaves out what others use too, and compares the rest with what k6 sent. */
function compareCounters(
  sent: Sent,
  totals: readonly CounterGrowth[],
  wholes: readonly CounterGrowth[],
  restarted: ReadonlySet<Instance>,
  lossy: boolean,
): { compared: Compared; leftOut: LabelSets } {
  const late = sent.all - sent.answered + sent.cutOff;
  const compareWithout = (wider: boolean): { compared: Compared; leftOut: LabelSets } => ({
    compared: compareSides(sent, grownWithout(usedByOthers(wholes, late, wider), wholes, restarted)),
    leftOut: usedByOthers(totals, late, wider),
  });
  const narrow = compareWithout(false);
  const { others, missingForCertain } = narrow.compared;
  return lossy || others > 0 || missingForCertain > 0 ? compareWithout(true) : narrow;
}

/** Bounds what a ratio's counters may lack by the requests that the same service lacks for certain, where it counts any: an event is a request's. */
function compareEvents(sent: Sent, wholes: readonly CounterGrowth[], restarted: ReadonlySet<Instance>): Compared {
  if (wholes.length === 0) return nothingMissing;
  const { missing, missingForCertain } = compareSides(sent, grownBy(wholes, restarted));
  return missingForCertain > 0 ? { missing, missingForCertain, others: 0 } : nothingMissing;
}

/** Reads the whole-run count of a server objective, or says why it cannot be trusted. */
async function countedBy(
  api: PrometheusApi,
  query: ServerQueries,
  bad: Extract<BadRead, { kind: "found" }>,
  window: ServerWindow,
  instances: readonly Instance[],
  read: ReadGrowth,
): Promise<Counted | string> {
  const [total, part, proof, whole, sent] = await Promise.all([
    read(query.total),
    read(bad.counters),
    query.proof ? read(query.proof) : undefined,
    read(query.compared.counters),
    readSent(api, query.compared, window),
  ]);
  for (const growth of [total, part, proof, query.countsRequests ? whole : undefined]) if (growth?.kind === "failed") return growth.reason;
  if (typeof sent === "string") return sent;
  const [totals, parts, proofs, wholes] = [countersOf(total), countersOf(part), countersOf(proof), countersOf(whole)];
  if (totals.length === 0) return "Prometheus holds no such series of the service";
  if (parts.length === 0 && bad.mustExist)
    return "Prometheus holds no such series of the service for the bad events; if there were none yet, create the label set at zero";
  const restarted = restartedIn([...totals, ...parts, ...wholes]);
  const fallen = [...totals, ...parts, ...wholes].some((one) => one.fell && !one.instance.restarted) ? [fell] : [];
  const losses = [...instances.flatMap(({ loss }) => (loss === undefined ? [] : [loss])), ...fallen];
  const { compared, leftOut } = query.countsRequests
    ? compareCounters(sent, totals, wholes, restarted, losses.length > 0)
    : { compared: compareEvents(sent, wholes, restarted), leftOut: new Map<string, Record<string, string>>() };
  if (proof !== undefined && grownWithout(leftOut, proofs, restarted) !== grownWithout(leftOut, totals, restarted))
    return "not every series of the service carries a status_code, so its errors cannot be told";
  const all = grownWithout(leftOut, totals, restarted);
  const partValue = grownWithout(leftOut, parts, restarted); // no counter of failures means none: the total is there, and the label that would tell them
  return {
    count: { total: all, bad: bad.above ? wholeCount(all - partValue) : partValue },
    compared,
    losses,
    restarted: restarted.size > 0,
    leftOut: [...leftOut.values()],
  };
}

/** Measures one objective from the service's own counters, as differences between before and after the load. */
export async function measureServer(
  api: PrometheusApi,
  query: ServerQueries,
  window: ServerWindow,
  guarded: Guarded,
  readGrowth: ReadGrowth,
): Promise<Measurement> {
  const range = window.toSeconds - window.fromSeconds + lookbackSeconds;
  const found = await badReading(api, query, window);
  const shown = (ask: CounterQueries): string => ask.sum(range).promql;
  const badQuery = found.kind === "found" ? shown(found.counters) : "";
  const queries: Queries = {
    total: shown(query.total),
    bad: found.kind === "found" && found.above ? `${shown(query.total)} - ${badQuery}` : badQuery,
  };
  const absent = (reason: string): Measurement => ({ kind: "absent", objective: query.objective, reason, queries });
  if (guarded.kind === "problem") return absent(guarded.reason);
  if (found.kind === "absent") return absent(found.reason);
  const counted = await countedBy(api, query, found, window, guarded.instances, readGrowth);
  if (typeof counted === "string") return absent(counted);
  const { count, compared, losses } = counted;
  // What an event counter lost, nothing can bound: k6 counts requests, not events.
  if (!query.countsRequests && losses[0] !== undefined) return absent(losses[0]);
  const read = await cumulative(api, query.total, found, counted, window);
  if (read.kind === "failed") return absent(`the counts over time could not be read: ${read.reason}`);
  return {
    kind: "counted",
    objective: query.objective,
    ...betweenCounts(count, window, compared),
    caveats: caveatsOf(window, compared, losses),
    cumulative: endedWith(read.points, { atSeconds: window.toSeconds, total: count.total, bad: count.bad }),
    timestampSkewSeconds: window.stepSeconds, // the instances of a service are scraped at different times, each once in a step
    queries,
  };
}

/** Finds the jobs whose scrapes a ratio's counters come from; empty where the series carry no job, so that nobody knows when they were scraped. */
export async function jobsOf(api: PrometheusApi, query: ServerQueries, rangeSeconds: number, atSeconds: number): Promise<string[]> {
  if (query.jobs === undefined) return [];
  const got = await queryVector(api, query.jobs(rangeSeconds), atSeconds);
  const jobs = got.kind === "answer" ? got.value.map(({ labels }) => labels["job"] ?? "") : [];
  return jobs.includes("") ? [] : jobs;
}
