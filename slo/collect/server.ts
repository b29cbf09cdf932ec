import type { CounterQueries } from "../compile/counters.ts";
import type { ServerQueries } from "../compile/objectives.ts";
import type { PromQL } from "../compile/promql.ts";
import { betweenCounts, caveatsOf, compareSides, labelSet, nothingMissing, readSent, usedByOthers } from "./compared.ts";
import type { Compared, Sent, ServerWindow } from "./compared.ts";
import { countersOf, grownBy, restartedIn, type CounterGrowth, type Growth } from "./growth.ts";
import { lookbackSeconds, type Guarded, type Instance } from "./guard.ts";
import type { Count, CumulativePoint, Measurement, Queries } from "./measurement.ts";
import { endedWith, readOverTime, wholeCount, type PartOfTotal } from "./points.ts";
import { scrapeLabels } from "../spec/names.ts";
import { answerOf, queryVector, Unreadable, valuesOf, type PrometheusApi } from "./prometheus.ts";

/** Reads how much counters grew over the load; asked once, however many objectives are about them. */
export type ReadGrowth = (ask: CounterQueries) => Promise<Growth>;

/** The counters from which the bad events are told: themselves, or what `total` has above them. */
export interface BadCounters {
  counters: CounterQueries;
  above: boolean;
  mustExist: boolean;
}

/** Finds which counters tell the bad events; throws where the service has none. */
export async function badCounters(api: PrometheusApi, { bad }: ServerQueries, window: ServerWindow): Promise<BadCounters> {
  switch (bad.kind) {
    case "counter":
      return { counters: bad.counters, above: false, mustExist: bad.mustExist };
    case "above":
      return { counters: bad.below(await boundsAt(api, bad, window)), above: true, mustExist: true };
  }
}

/** Finds the bucket whose bound is exactly the threshold, whatever its spelling (Prometheus 3 writes 1.0, 2 wrote 1). */
async function boundsAt(
  api: PrometheusApi,
  { atMostSeconds, buckets }: Extract<ServerQueries["bad"], { kind: "above" }>,
  window: ServerWindow,
): Promise<string[]> {
  const range = window.toSeconds - window.fromSeconds + lookbackSeconds;
  const [series] = valuesOf([await queryVector(api, buckets(range), window.toSeconds)]);
  if (series.length === 0) throw new Unreadable("Prometheus holds no latency histogram of the service for this objective");
  const bounds = series.map(({ labels, points }) => ({ le: labels["le"] ?? "", seriesCount: points[0]?.value ?? 0 }));
  const here = bounds.filter(({ le }) => Number(le) === atMostSeconds);
  if (here.length === 0) {
    const known = bounds.map(({ le }) => Number(le)).filter(Number.isFinite);
    const listed = known.toSorted((a, b) => a - b).join(", ");
    throw new Unreadable(`the service's histogram has no bucket at ${atMostSeconds} s; it has ${listed}`);
  }
  const most = bounds.find(({ le }) => le === "+Inf")?.seriesCount ?? Math.max(...bounds.map(({ seriesCount }) => seriesCount));
  if (here.reduce((sum, { seriesCount }) => sum + seriesCount, 0) !== most)
    throw new Unreadable(`not every series of the service has a bucket at ${atMostSeconds} s`);
  return here.map(({ le }) => le);
}

/** Holds what was counted of one objective, and what may be wrong with it. */
interface Counted {
  count: Count;
  compared: Compared;
  losses: string[];
  restarted: boolean;
  /** Label sets that others use too, and that are therefore not in the count. */
  leftOut: Record<string, string>[];
  /** Those that others use, whether they are in the count or not (events do not say what was asked for). */
  ofOthers: Record<string, string>[];
  /** How much of the count may be theirs. */
  theirs: number;
}

const noBadSeries =
  "Prometheus holds no such series of the service for the bad events; if there were none yet, create the label set at zero";
const fell =
  "the service's counters fell during the run (a restart, or label sets that expired): what they had counted since the scrape before is lost";

type LabelSets = ReadonlyMap<string, Record<string, string>>;

const nothingCompared: { compared: Compared; leftOut: LabelSets } = { compared: nothingMissing, leftOut: new Map() };

const grownWithout = (leftOut: LabelSets, counters: readonly CounterGrowth[], restarted: ReadonlySet<Instance>): number =>
  grownBy(
    counters.filter((one) => !leftOut.has(labelSet(one))),
    restarted,
  );

/** Leaves out what others use too, and compares the rest with what k6 sent. */
function compareCounters(
  sent: Sent,
  wholes: readonly CounterGrowth[],
  restarted: ReadonlySet<Instance>,
  lossy: boolean,
): { compared: Compared; leftOut: LabelSets } {
  const late = sent.all - sent.answered + sent.cutOff;
  const compareWithout = (wider: boolean): { compared: Compared; leftOut: LabelSets } => {
    const leftOut = usedByOthers(wholes, late, wider);
    return { compared: compareSides(sent, grownWithout(leftOut, wholes, restarted)), leftOut };
  };
  const narrow = compareWithout(false);
  const { others, missingForCertain } = narrow.compared;
  return lossy || others > 0 || missingForCertain > 0 ? compareWithout(true) : narrow;
}

/** Reads the whole-run count of a server objective. */
async function countedBy(
  api: PrometheusApi,
  query: ServerQueries,
  bad: BadCounters,
  window: ServerWindow,
  instances: readonly Instance[],
  read: ReadGrowth,
): Promise<Counted> {
  const [whole, ...answers] = await Promise.all([
    read(query.compared.counters),
    read(query.total),
    read(bad.counters),
    query.proof && read(query.proof),
    readSent(api, query.compared, window),
  ]);
  const [totals, parts, proofs, sent] = valuesOf(answers);
  const wholes = query.countsRequests ? valuesOf([whole])[0] : countersOf(whole);
  if (totals.length === 0) throw new Unreadable("Prometheus holds no such series of the service");
  if (parts.length === 0 && bad.mustExist) throw new Unreadable(noBadSeries);
  const all = [...totals, ...parts, ...wholes];
  const restarted = restartedIn(all);
  const losses = instances.flatMap(({ loss }) => loss ?? []);
  if (all.some((one) => one.fell && !one.instance.restarted)) losses.push(fell);
  const lossy = losses.length > instances.filter(({ down }) => down).length;
  // An event is a request's: where the same service counts requests too, a ratio may lack as many events as it lacks requests.
  const comparable = query.countsRequests || wholes.length > 0;
  const { compared, leftOut: used } = comparable ? compareCounters(sent, wholes, restarted, lossy) : nothingCompared;
  const leftOut = query.countsRequests ? used : nothingCompared.leftOut;
  const total = grownWithout(leftOut, totals, restarted);
  if (proofs !== undefined && grownWithout(leftOut, proofs, restarted) !== total)
    throw new Unreadable("not every series of the service carries a status_code, so its errors cannot be told");
  const part = grownWithout(leftOut, parts, restarted); // no counter of failures means none: the total is there, and the label that would tell them
  const count = { total, bad: bad.above ? wholeCount(Math.max(0, total - part)) : part };
  const began = restarted.size > 0 || all.some((one) => one.fell);
  const theirs = grownWithout(leftOut, wholes, restarted) - grownWithout(used, wholes, restarted);
  return { count, compared, losses, restarted: began, leftOut: [...leftOut.values()], ofOthers: [...used.values()], theirs };
}

/** Reads the growth over time since the load began; no points where the counters are not there from its beginning, or a part of them is missing. */
async function cumulative(
  api: PrometheusApi,
  total: CounterQueries,
  { counters: part, above }: BadCounters,
  { count, compared, restarted, leftOut, losses }: Counted,
  window: ServerWindow,
): Promise<CumulativePoint[]> {
  if (restarted || compared.missingForCertain > 0) return [];
  const within = Math.max(window.toSeconds - window.fromSeconds, 0.001);
  const range = lookbackSeconds + (losses.length > 0 ? within : 0); // what an instance counted that is gone stays in the sum
  const living = (ask: CounterQueries): PromQL => ask.living(range, within, window.toSeconds, leftOut);
  const read = await readOverTime(api, living(total), [living(part)], window);
  const [first] = read;
  if (first === undefined || first.atSeconds > window.fromSeconds + window.stepSeconds) return [];
  const badOf = (at: PartOfTotal): number => (above ? at.total - at.part : at.part);
  const points = read.map((at) => ({
    atSeconds: at.atSeconds,
    total: wholeCount(at.total - first.total),
    bad: wholeCount(badOf(at) - badOf(first)),
  }));
  return endedWith(points, { atSeconds: window.toSeconds, total: count.total, bad: count.bad });
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
  const shown = (ask: CounterQueries): string => ask.sum(range).promql;
  const queries: Queries = { total: shown(query.total), bad: "" };
  const absent = (reason: string): Measurement => ({ kind: "absent", objective: query.objective, reason, queries });
  const found = await answerOf(() => badCounters(api, query, window));
  if (found.kind === "answer") queries.bad = `${found.value.above ? `${queries.total} - ` : ""}${shown(found.value.counters)}`;
  if (guarded.kind === "problem") return absent(guarded.reason);
  if (found.kind === "failed") return absent(found.reason);
  const read = await answerOf(async () => {
    const counted = await countedBy(api, query, found.value, window, guarded.instances, readGrowth);
    const { count, compared, losses, ofOthers, theirs } = counted;
    // What an event counter lost, nothing can bound: k6 counts requests, not events.
    if (!query.countsRequests && losses[0] !== undefined) throw new Unreadable(losses[0]);
    const points = await cumulative(api, query.total, found.value, counted, window);
    return {
      ...betweenCounts(count, window, compared, theirs),
      caveats: caveatsOf(window, compared, losses, ofOthers),
      cumulative: points,
    };
  });
  if (read.kind === "failed") return absent(read.reason);
  // The instances of a service are scraped at different times, each once in a step.
  return { kind: "counted", objective: query.objective, ...read.value, timestampSkewSeconds: window.stepSeconds, queries };
}

/** Finds the jobs whose scrapes a ratio's counters come from; empty where the series carry no job, so that nobody knows when they were scraped. */
export async function jobsOf(api: PrometheusApi, query: ServerQueries, rangeSeconds: number, atSeconds: number): Promise<string[]> {
  if (query.jobs === undefined) return [];
  const got = await queryVector(api, query.jobs(rangeSeconds), atSeconds);
  const jobs = got.kind === "answer" ? got.value.map(({ labels }) => labels[scrapeLabels.job] ?? "") : [];
  return jobs.includes("") ? [] : jobs;
}
