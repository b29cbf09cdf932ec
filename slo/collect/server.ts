import type { CounterQueries } from "../compile/counters.ts";
import type { PromQL } from "../compile/promql.ts";
import type { ServerQueries } from "../compile/service-objectives.ts";
import { refuseMissing } from "./absence.ts";
import { betweenCounts, caveatsOf, compareSides, labelSetBy, mayHold, mostOf, readFailed, readSent, usedByOthers } from "./compared.ts";
import type { ServerWindow } from "./compared.ts";
import { countersOf, grownBy, restartedIn, type CounterGrowth, type Growth } from "./growth.ts";
import { lookbackSeconds, type Guarded, type Instance } from "./guard.ts";
import type { Count, CumulativePoint, Measurement, Queries } from "./measurement.ts";
import { endedWith, readOverTime, sinceBeginning, wholeCount } from "./points.ts";
import { scrapeLabels } from "../spec/names.ts";
import { refuseUnboundedEvents } from "./events.ts";
import { splitOf, type Part, type Split } from "./split.ts";
import { answerOf, known, queryVector, Unreadable, type PrometheusApi } from "./prometheus.ts";
import { amount } from "../spec/words.ts";

/** Reads how much counters grew over the load; asked once, however many objectives are about them. */
export type ReadGrowth = (ask: CounterQueries) => Promise<Growth>;

const fell =
  "the service's counters fell during the run (a restart, or label sets that expired): what they had counted since the scrape before is lost";

type LabelSets = ReadonlyMap<string, Record<string, string>>;

interface Asked {
  api: PrometheusApi;
  query: ServerQueries;
  split: Split;
  window: ServerWindow;
  read: ReadGrowth;
}

async function readCounters({ api, query, split, window, read }: Asked) {
  const asks = [...new Set([...query.total, ...split.least.counters, ...split.most.counters, ...query.unnamed])];
  const { counters, requests, failures } = query.compared;
  const [whole, own, failing, sent, sawFail, ...growths] = await Promise.all([
    read(counters),
    requests && read(requests),
    failures && read(failures),
    readSent(api, query.compared, window),
    query.bad.kind === "statuses" ? readFailed(api, query.compared, window) : 0,
    ...asks.map((ask) => read(ask)),
  ]);
  const series = new Map(growths.map((growth, i) => [asks[i], known(growth)]));
  const of = (some: readonly CounterQueries[]): CounterGrowth[] => some.flatMap((ask) => series.get(ask) ?? []);
  const totals = of(query.total);
  if (totals.length === 0)
    throw new Unreadable(`Prometheus holds no series ${query.total.map(({ series }) => series.promql).join(" + ")} of the service`);
  /** What has no series and was read as none, a sentence each. */
  const none = query.bad.kind === "events" ? await refuseMissing(read, query.bad.zeros, series, totals) : [];
  const wholes = query.countsRequests ? known(whole) : countersOf(whole);
  const [least, most] = [of(split.least.counters), of(split.most.counters)];
  return {
    wholes,
    requests: own && countersOf(own),
    failing: failing && countersOf(failing),
    totals,
    least,
    most,
    unnamed: of(query.unnamed),
    sent,
    sawFail,
    none,
  };
}
export type Read = Awaited<ReturnType<typeof readCounters>>;

/** Counts what an objective is about: leaves out what others use too, compares the rest with what k6 sent, and takes what is not known as good and as bad. */
async function countedBy(by: Asked, instances: readonly Instance[]) {
  const { query, split, window } = by;
  const read = await readCounters(by);
  const { wholes, totals, least, most, sent } = read;
  const all = [...totals, ...least, ...most, ...wholes];
  const restarted = restartedIn(all, query.bad.kind === "buckets");
  const losses = instances.flatMap(({ loss }) => loss ?? []);
  if (all.some((one) => one.fell && !one.instance.restarted)) losses.push(fell);
  const lossy = losses.length > instances.filter(({ down }) => down).length;
  const asked = [query.labels.method, query.labels.route].filter((label) => label !== undefined);
  const setOf = labelSetBy(asked);
  const grown = (counters: readonly CounterGrowth[]): number => grownBy(counters, restarted);
  const grownWithout = (leftOut: LabelSets, counters: readonly CounterGrowth[]): number =>
    grown(counters.filter((one) => !leftOut.has(setOf(one))));
  const late = sent.all - sent.answered + sent.cutOff;
  // A histogram may be added up late (Envoy's are, every 5 s): where the counter of the same requests has all of k6's and nobody else's, so has the histogram in the end.
  const { requests = [] } = read;
  const byCounter = compareSides(sent, grown(requests));
  const isWholeCounter = requests.length > 0 && losses.length === 0 && byCounter.missing === 0 && byCounter.others === 0;
  // Where both held as much before the load, they are of the same requests, and none of before is still to be added up.
  const heldBefore = (counters: readonly CounterGrowth[]): number => counters.reduce((sum, { latest }) => sum + latest, -grown(counters));
  const heldBack = (): number => heldBefore(requests) - heldBefore(wholes);
  const isAlone = isWholeCounter && heldBack() === 0 && usedByOthers(requests, asked, late, false).size === 0;
  const compareWithout = (wider: boolean) => {
    // What a late histogram does not show yet, the counter of the same requests does.
    const outgrew = wider && requests.length > 0 && grown(wholes) > grown(requests);
    const usedIn = (counters: readonly CounterGrowth[]) => [...usedByOthers(counters, asked, late, wider, outgrew)];
    const used: LabelSets = new Map(isAlone ? [] : [wholes, requests].flatMap(usedIn));
    return { compared: compareSides(sent, grownWithout(used, wholes)), used };
  };
  // Where the counts do not fit, an instance that was not scraped before is not taken at its word that it began during the load: its clock may be ahead.
  const { missingForCertain, others, elsewhere } = compareWithout(false).compared;
  if (missingForCertain + others + elsewhere > 0)
    for (const one of instances) if (one.began && one.beforeSeconds === undefined) restarted.add(one);
  const narrow = compareWithout(false);
  const isAmiss = lossy || narrow.compared.others > 0 || narrow.compared.missingForCertain > 0;
  const { compared, used } = isAmiss ? compareWithout(true) : narrow;
  if (!query.countsRequests) refuseUnboundedEvents(read, compared, window);
  // Events do not say what was asked for: those of others stay in their count.
  const leftOut: LabelSets = query.countsRequests ? used : new Map();
  const count = countOf(read, split, (counters) => grownWithout(leftOut, counters));
  // What an event counter lost, nothing can bound: k6 counts requests, not events.
  if (!query.countsRequests && losses[0] !== undefined) throw new Unreadable(losses[0]);
  // What was counted without a name may be what the filter asks for.
  const unnamed = grownWithout(leftOut, read.unnamed);
  const theirs = grownWithout(leftOut, wholes) - grownWithout(used, wholes);
  const held = mayHold(window, compared, heldBack(), [requests, wholes]);
  const notJudged = window.judgedOnly ? window.cutOff + held : window.notJudged;
  const own = { ...window, notJudged, most: query.countsRequests ? mostOf(sent) : Infinity };
  const isWhole = restarted.size === 0 && all.every((one) => !one.fell) && compared.missingForCertain + held === 0;
  const points = isWhole ? await cumulative(by, count, [...leftOut.values()], losses.length > 0) : [];
  const missing = compared.missing + unnamed + held;
  const { sawFail, untold } = seenToFail(read, count, restarted, missing - compared.elsewhere);
  const caveats = [...caveatsOf(own, compared, losses, [...used.values()]), ...read.none, ...caveatsOfCount(count, split, unnamed, untold)];
  // What got no answer is not among what k6 saw fail.
  const failed = sawFail > 0 ? sawFail + Math.min(missing - compared.elsewhere, late) : 0;
  const between = betweenCounts(count, own, { ...compared, missing }, theirs, failed);
  return { ...between, caveats, cumulative: points, lacking: isAlone ? compared.missingForCertain : 0 };
}

/**
 * Tells how many of an objective's requests k6 saw fail, and says so where the service does not. Where the two name requests otherwise, errors that k6
 * saw of all of them and that the service counts as none of it may be of this objective.
 */
function seenToFail(
  { sawFail: saw, failing }: Read,
  { bad, uncertain }: ReturnType<typeof countOf>,
  restarted: ReadonlySet<Instance>,
  missing: number,
) {
  const most = bad + uncertain;
  const counts = failing === undefined ? most : grownBy(failing, restarted);
  const sawFail = failing === undefined ? saw : most + Math.max(0, saw - counts);
  return { sawFail, untold: sawFail > most + missing ? { saw, counts } : undefined };
}

/** Says why what was counted may be worse than it looks, one sentence each. */
function caveatsOfCount(
  { uncertain }: ReturnType<typeof countOf>,
  split: Split,
  unnamed: number,
  untold: { saw: number; counts: number } | undefined,
): string[] {
  const nameless = `${amount(unnamed, "request is counted", "requests are counted")} without the name of a route or method, and may be of this objective`;
  const told = ({ saw, counts }: { saw: number; counts: number }) =>
    `k6 saw ${amount(saw, "answer", "answers")} with an error status, and the service counts ${counts} at most: what stands between the two answers for it, or its counts are wrong`;
  return [...(unnamed > 0 ? [nameless] : []), ...(uncertain > 0 ? [split.between(uncertain)] : []), ...(untold ? [told(untold)] : [])];
}

/** Counts what is bad for certain, and what may be. */
function countOf({ totals, least, most }: Read, split: Split, grown: (counters: readonly CounterGrowth[]) => number) {
  const total = grown(totals);
  const badOf = ({ above }: Part, counters: readonly CounterGrowth[]): number => {
    const part = grown(counters);
    if (split.isPart && part > total) throw new Unreadable(`${part} of the events are told, and ${total} in total`);
    return above ? wholeCount(Math.max(0, total - part)) : part;
  };
  const bad = badOf(split.least, least);
  const uncertain = wholeCount(Math.max(0, badOf(split.most, most) - bad));
  if (split.blind !== undefined && total > 0 && uncertain === total) throw new Unreadable(split.blind);
  return { total, bad, uncertain };
}

/** Reads the growth over time since the load began, without the label sets that others use; no points where a part of it cannot be read. */
async function cumulative(
  { api, query: { total }, split, window }: Asked,
  count: Count,
  leftOut: readonly Record<string, string>[],
  isLossy: boolean,
): Promise<CumulativePoint[]> {
  const { counters: part, above } = split.least;
  if ([...total, ...part].some((ask) => ask.part !== undefined)) return []; // of native histograms only the whole run is read
  if (leftOut.some((labels) => Object.values(labels).join("") === "")) return []; // no label chooses these
  const within = Math.max(window.toSeconds - window.fromSeconds, 0.001);
  const range = lookbackSeconds + (isLossy ? within : 0); // what an instance counted that is gone stays in the sum
  const living = (ask: CounterQueries): PromQL => ask.living(range, within, window.toSeconds, leftOut);
  const read = sinceBeginning(await readOverTime(api, total.map(living), part.map(living), window), window.fromSeconds);
  const points = read.map(({ atSeconds, total, part }) => ({
    atSeconds,
    total: wholeCount(total),
    bad: wholeCount(above ? total - part : part),
  }));
  return endedWith(points, { atSeconds: window.toSeconds, total: count.total, bad: count.bad });
}

function shownPart({ counters, above }: Part, total: string, shown: (asks: readonly CounterQueries[]) => string): string {
  if (!above) return shown(counters);
  return counters.length === 0 ? total : `${total} - (${shown(counters)})`;
}

/** Chooses a service's native histograms where it has no classic ones. */
export async function asCounted(query: ServerQueries, read: ReadGrowth): Promise<ServerQueries> {
  const isThere = async ({ compared }: ServerQueries): Promise<boolean> => countersOf(await read(compared.counters)).length > 0;
  const { native } = query;
  return native === undefined || (await isThere(query)) || !(await isThere(native)) ? query : native;
}

/** Measures one objective from the service's own counters, as differences between before and after the load. */
export async function measureServer(
  api: PrometheusApi,
  asked: ServerQueries,
  window: ServerWindow,
  guarded: Guarded,
  readGrowth: ReadGrowth,
): Promise<Measurement> {
  const query = await asCounted(asked, readGrowth);
  const range = window.toSeconds - window.fromSeconds + lookbackSeconds;
  const shown = (asks: readonly CounterQueries[]): string => asks.map((ask) => ask.sum(range).promql).join(" + ");
  const queries: Queries = { total: shown(query.total), bad: "" };
  const absent = (reason: string): Measurement => ({ kind: "absent", objective: query.objective, reason, queries });
  const found = await answerOf(() => splitOf(api, query.bad, window));
  if (found.kind === "answer") queries.bad = shownPart(found.value.least, queries.total, shown);
  const read = await answerOf(async () => {
    const instances = known(guarded);
    return countedBy({ api, query, split: known(found), window, read: readGrowth }, instances);
  });
  if (read.kind === "failed") return absent(read.reason);
  // The instances of a service are scraped at different times, each once in a step.
  return { kind: "counted", objective: query.objective, ...read.value, timestampSkewSeconds: window.stepSeconds, queries };
}

/** Finds the jobs whose scrapes a ratio's counters come from; empty where the series carry no job, so that nobody knows when they were scraped. */
export async function jobsOf(api: PrometheusApi, query: ServerQueries, rangeSeconds: number, atSeconds: number): Promise<string[]> {
  if (query.jobs === undefined) return [];
  const { jobs: asked } = query;
  const got = await answerOf(() => queryVector(api, asked(rangeSeconds), atSeconds));
  const jobs = got.kind === "answer" ? got.value.map(({ labels }) => labels[scrapeLabels.job] ?? "") : [];
  return jobs.includes("") ? [] : jobs;
}
