import type { CounterQueries } from "../compile/counters.ts";
import { instanceKey, lookbackSeconds, type GuardedWindow, type Instance } from "./guard.ts";
import { scrapeLabels } from "../spec/names.ts";
import { wholeCount } from "./points.ts";
import { countIn } from "./histogram.ts";
import { answerOf, queryCountsIn, querySamples, queryVector, Unreadable } from "./prometheus.ts";
import type { Answer, Histogram, PrometheusApi, Series } from "./prometheus.ts";

/** Says between which times counters are compared, and when k6 sent nothing; Unix seconds of Prometheus's clock. */
export interface GrowthWindow extends GuardedWindow {
  /** When k6 began: what grew before it was not k6's doing. */
  begunSeconds: number;
  /** The distance of two scrapes. */
  stepSeconds: number;
}

export type Growth = Answer<CounterGrowth[]>;

/** How near to each other two times of one scrape are, seconds. */
const sameScrapeSeconds = 0.001;
/** For how long before k6 began the service is watched for the requests of others; two scrapes at least, and in these is none of a run before, which waits for two. */
const quietSeconds = 30;
/** How far k6's word of its end may be off, seconds: what is counted sooner may be its own last requests. */
const endSlackSeconds = 0.25;

type Points = Series<number>["points"];
type Samples = Map<string, Points>;

/** Tells one series of a selector from another; functions over time drop the metric's name. */
const seriesKey = ({ __name__: _, ...labels }: Record<string, string>): string => JSON.stringify(Object.entries(labels).toSorted());
const byLabels = (series: readonly Series<number>[]): Samples => new Map(series.map((one) => [seriesKey(one.labels), one.points]));

/** Finds whose scrapes a series comes from; a series that names no instance is told by its job, where that has only one. */
function instanceOf(labels: Record<string, string>, instances: readonly Instance[]): Instance | undefined {
  const key = instanceKey(labels);
  const named = instances.find((one) => one.key === key);
  if (named !== undefined || labels[scrapeLabels.instance] !== undefined) return named;
  const ofJob = instances.filter(({ job }) => job === labels[scrapeLabels.job]);
  return ofJob.length === 1 ? ofJob[0] : undefined;
}

const rise = (points: Points): number =>
  points.slice(1).reduce((sum, { value }, i) => sum + Math.max(0, value - (points[i]?.value ?? 0)), 0);

async function readSamples(api: PrometheusApi, ask: CounterQueries, instances: readonly Instance[], window: GrowthWindow) {
  const { fromSeconds: from, toSeconds: to, endedSeconds: ended, begunSeconds: begun } = window;
  const within = Math.max(to - from, sameScrapeSeconds);
  // Back to the scrape before the last one: a sample between the two is of no scrape, but has a time of its own.
  const earliest = Math.min(from, ...instances.map(({ scrapedBy, beforeSeconds }) => scrapedBy(from).at(-2) ?? beforeSeconds ?? from));
  const first = Math.max(from, ...instances.map(({ firstSeconds }) => firstSeconds ?? from));
  const { part } = ask;
  const countOf = part && ((histogram: Histogram): number => countIn(histogram, part));
  const samples = async (rangeSeconds: number, at: number): Promise<Samples> =>
    byLabels(await querySamples(api, ask.samples(rangeSeconds), at, countOf));
  const [before, quiet, last, least, fallen, since, early] = await Promise.all([
    samples(Math.min(lookbackSeconds, from - earliest) + 2 * sameScrapeSeconds, from),
    samples(quietRange(window), begun),
    queryLast(api, ask, within, to),
    part === undefined ? queryVector(api, ask.least(within), to).then(byLabels) : undefined, // Prometheus has no such function of histograms
    queryVector(api, ask.fallen(within), to).then(byLabels),
    samples(Math.max(to - ended, sameScrapeSeconds), to),
    samples(first - from + 3 * sameScrapeSeconds, first + sameScrapeSeconds),
  ]);
  return { before, quiet, last, least, fallen, since, early };
}

/** Asks for the last value of each counter, of a native histogram for the part that is counted. */
export function queryLast(api: PrometheusApi, ask: CounterQueries, rangeSeconds: number, at: number): Promise<Series<number>[]> {
  const { part } = ask;
  const last = ask.last(rangeSeconds);
  return part === undefined ? queryVector(api, last, at) : queryCountsIn(api, last, at, (histogram) => countIn(histogram, part));
}

/**
 * Reads how much each counter grew over the load, instance by instance and within one process: after − before, where "before" is its value in the
 * instance's last scrape before the load. A series that this scrape does not hold began at 0, or is of a process that is gone and nobody's.
 */
export function readGrowth(api: PrometheusApi, ask: CounterQueries, instances: readonly Instance[], window: GrowthWindow): Promise<Growth> {
  return answerOf(async () => {
    const reads = await readSamples(api, ask, instances, window);
    refuseTwoJobs(reads.last.filter(({ labels }) => instanceOf(labels, instances) !== undefined));
    return reads.last.flatMap(({ labels, points }) => {
      const instance = instanceOf(labels, instances);
      if (instance !== undefined) return [growthOf(labels, points[0]?.value ?? 0, instance, reads, window)];
      // What an instance counted that was gone before the load, or was never up, is not of this load.
      if (labels[scrapeLabels.instance] !== undefined) return [];
      throw new Unreadable("the counters do not say which instance they are of");
    });
  });
}

/** Refuses counters of one instance by way of two jobs: all that it counts would count twice. */
function refuseTwoJobs(series: readonly Series<number>[]): void {
  const jobs = new Map<string, string>();
  for (const { labels } of series) {
    const { [scrapeLabels.instance]: instance, [scrapeLabels.job]: job = "" } = labels;
    if (instance === undefined) continue;
    const other = jobs.get(instance) ?? job;
    if (other !== job)
      throw new Unreadable(
        `the instance ${instance} is scraped by the jobs ${other} and ${job}: choose one with --server-label job=${job}`,
      );
    jobs.set(instance, job);
  }
}

function growthOf(
  labels: Record<string, string>,
  latest: number,
  instance: Instance,
  { before, quiet, least, fallen, since, early }: Awaited<ReturnType<typeof readSamples>>,
  window: GrowthWindow,
) {
  const key = seriesKey(labels);
  const base = baseOf(before.get(key), instance);
  const over = instance.scrapedBy(window.begunSeconds);
  const lastBefore = (over.at(-1) ?? window.begunSeconds) + sameScrapeSeconds;
  const calm = (quiet.get(key) ?? []).filter(({ atSeconds }) => atSeconds <= lastBefore);
  const end = since.get(key)?.at(-1);
  const lastScrape = instance.lastSeconds === undefined ? Infinity : instance.lastSeconds - sameScrapeSeconds;
  const inLastScrape = end !== undefined && end.atSeconds >= lastScrape;
  const vanished = instance.lastSeconds !== undefined && !inLastScrape;
  // Where the least is not known, a fall within the time is found as such, and one before it by the first sample.
  const lowest = least === undefined ? (early.get(key)?.[0]?.value ?? 0) : (least.get(key)?.[0]?.value ?? base);
  const fell = fallen.has(key) || vanished || lowest < base;
  // A label set expires that nobody asks for; one that is asked for comes and goes where several processes answer on one address.
  const wentWithin = vanished && instance.steady && latest > base;
  if (wentWithin || cameAgain(calm.at(-1), before.get(key), least?.get(key)?.[0]?.value ?? latest, instance))
    throw new Unreadable(
      `counters of the instance ${labels[scrapeLabels.instance]} come and go, though it is one process by its start time: several may answer on its address in turn; let each be scraped on its own`,
    );
  // A process that began during the load counts from zero, unless its counter goes on from where the one before it was; the word of one that was not scraped before may be wrong.
  const carriedOn = lowest < base ? 0 : base;
  const inFirstScrape = early.get(key)?.find(({ atSeconds }) => isNear(atSeconds, instance.firstSeconds))?.value ?? 0;
  const first = instance.began && instance.beforeSeconds !== undefined ? carriedOn : inFirstScrape;
  const certain = inLastScrape ? Math.max(0, end.value - first) : 0;
  const quietIn = (fromSeconds: number, sinceSeconds: number) => ({
    grewBefore: rise(beforeLoad(calm, instance, window, fromSeconds)),
    grewAfter: rise(afterLoad(since.get(key) ?? [], instance, sinceSeconds)),
  });
  return {
    labels,
    instance,
    /** What it holds at the end. */
    latest,
    /** How much it grew between the last scrapes before k6 began and before this. */
    warmed: base - (calm.at(-1)?.value ?? 0),
    /**
     * Since the last scrape of the same process before the load; a series that was not in that scrape began at 0.
     * Within one process a label set may have expired: then nothing else of it is certain either.
     */
    grew: fell ? certain : Math.max(0, wholeCount(latest - base)), // of a native histogram buckets may be merged
    /** All that is certain where another process may count than before: what the last scrape holds, less the first one's if it may be older than the load. */
    last: certain,
    /** It fell, or vanished from an instance that is still there: another process counts here than before, or its label set expired. */
    fell,
    /** How much it grew before k6 began and after it had ended, so that others use the service too. */
    quiet: quietIn(over.at(-2) ?? 0, window.endedSeconds + endSlackSeconds),
    /** The same with more time on both ends, where another run's requests, or k6's own last ones, may be. */
    widerQuiet: quietIn(0, 0),
  };
}
export type CounterGrowth = ReturnType<typeof growthOf>;

const isNear = (atSeconds: number, scrape: number | undefined): boolean => Math.abs(atSeconds - (scrape ?? Infinity)) < sameScrapeSeconds;

const quietRange = ({ stepSeconds }: GrowthWindow): number => Math.max(quietSeconds, 2.5 * stepSeconds);

/** Lists what a counter held in the scrapes shortly before k6 began: zero where a scrape does not hold it, and as its process began. */
function beforeLoad(held: Points, instance: Instance, window: GrowthWindow, fromSeconds: number): Points {
  const { scrapedBy, startedSeconds = 0 } = instance;
  const { begunSeconds } = window;
  const since = Math.max(fromSeconds - sameScrapeSeconds, begunSeconds - quietRange(window) + 10 * sameScrapeSeconds);
  const isYoung = startedSeconds > since && startedSeconds < begunSeconds;
  const scrapes = scrapedBy(begunSeconds).filter((at) => at >= (isYoung ? startedSeconds : since));
  const values = scrapes.map((at) => held.find(({ atSeconds }) => isNear(atSeconds, at)) ?? { atSeconds: at, value: 0 });
  return isYoung ? [{ atSeconds: startedSeconds, value: 0 }, ...values] : values;
}

/** Lists what a counter held since k6 had ended: zero first, where a scrape since does not hold it yet. */
function afterLoad(held: Points, { sinceSeconds }: Instance, fromSeconds: number): Points {
  const since = held.filter(({ atSeconds }) => atSeconds >= fromSeconds);
  const came = sinceSeconds.some((at) => at >= fromSeconds && at < (since[0]?.atSeconds ?? 0) - sameScrapeSeconds);
  return came ? [{ atSeconds: fromSeconds, value: 0 }, ...since] : since;
}

/** Gives a counter's value in its instance's last scrape before the load: 0 where that scrape does not hold it. */
function baseOf(points: Points | undefined, { beforeSeconds, scrapedSeconds }: Instance): number {
  const latest = points?.at(-1);
  if (latest === undefined || beforeSeconds === undefined) return 0;
  if (!scrapedSeconds.some((seconds) => isNear(latest.atSeconds, seconds)))
    throw new Unreadable("the counters carry times of their own, so nobody can tell what is before the load");
  return points?.findLast(({ atSeconds }) => isNear(atSeconds, beforeSeconds))?.value ?? 0;
}

/** Tells of a series of one process, by its start time, whether it was there before the load, not in its last scrape before it, and there again with no less. */
function cameAgain(old: Points[number] | undefined, before: Points | undefined, lowest: number, instance: Instance): boolean {
  const { startedSeconds, steady, beforeSeconds } = instance;
  if (old === undefined || old.value === 0 || !steady || startedSeconds === undefined || beforeSeconds === undefined) return false;
  const isInLast = before?.some(({ atSeconds }) => isNear(atSeconds, beforeSeconds)) === true;
  return !isInLast && old.atSeconds < beforeSeconds && old.atSeconds > startedSeconds + 1 && lowest >= old.value;
}

/**
 * Finds the instances of which another process may count at the end than before the load; a start time that stayed overrules a counter that fell,
 * but where counters are `compared` with each other, as buckets are, all of an instance are read from the same scrape.
 */
export function restartedIn(counters: readonly CounterGrowth[], compared = false): Set<Instance> {
  return new Set(
    counters.flatMap(({ instance, fell }) => (instance.restarted || (fell && (compared || !instance.steady)) ? [instance] : [])),
  );
}

/** Gives what was read; nothing where it was not asked for, or could not be read. */
export const countersOf = (growth: Growth | undefined): CounterGrowth[] => (growth?.kind === "answer" ? growth.value : []);

/** Adds up how much counters grew; of a process that began anew only its last life counts. */
export const grownBy = (counters: readonly CounterGrowth[], restarted: ReadonlySet<Instance>): number =>
  wholeCount(counters.reduce((sum, { instance, grew, last }) => sum + (restarted.has(instance) ? last : grew), 0));
