import type { ServiceQueries } from "../compile/run.ts";
import { scrapeLabels } from "../spec/names.ts";
import { answerOf, querySamples, queryVector, Unreadable, type Answer, type PrometheusApi, type Series } from "./prometheus.ts";

/** Says between which times a service's counters are compared; Unix seconds of Prometheus's clock. */
export interface GuardedWindow {
  fromSeconds: number;
  toSeconds: number;
  /** When k6 had ended: every instance must have been scraped twice since. */
  endedSeconds: number;
}

/** How far before the load an instance's last scrape is looked for. */
export const lookbackSeconds = 300;

/** Lets the counters of a service be compared, instance by instance, or says why not. */
export type Guarded = Answer<Instance[]>;

export const instanceKey = (labels: Record<string, string>): string =>
  JSON.stringify([labels[scrapeLabels.job] ?? "", labels[scrapeLabels.instance] ?? ""]);

type ByInstance = Map<string, Series<number>>;

const keyed = (series: readonly Series<number>[]): ByInstance => new Map(series.map((one) => [instanceKey(one.labels), one]));
const good = (one: Series<number> | undefined): number[] =>
  (one?.points ?? []).flatMap(({ atSeconds, value }) => (value === 1 ? [atSeconds] : []));

async function readScrapes(api: PrometheusApi, service: ServiceQueries, { fromSeconds: from, toSeconds: to }: GuardedWindow) {
  const range = Math.max(to - from, 0.001);
  const [before, durations, within, startedBefore, started] = await Promise.all([
    querySamples(api, service.scraped(lookbackSeconds), from),
    querySamples(api, service.scrapeDurations(lookbackSeconds), from),
    querySamples(api, service.scraped(range), to),
    queryVector(api, service.started(lookbackSeconds), from),
    querySamples(api, service.starts(range), to),
  ]);
  return {
    before: keyed(before),
    durations: keyed(durations),
    within: keyed(within),
    startedBefore: keyed(startedBefore),
    started: keyed(started),
  };
}
type Scrapes = Awaited<ReturnType<typeof readScrapes>>;

/** Guards a comparison: tells for each instance what its counters are compared with, where anything can be said. */
export const guardService = (api: PrometheusApi, service: ServiceQueries, window: GuardedWindow): Promise<Guarded> =>
  answerOf(async () => instancesOf(await readScrapes(api, service, window), service, window));

function instancesOf(scrapes: Scrapes, service: ServiceQueries, window: GuardedWindow): Instance[] {
  const series = [...scrapes.before, ...scrapes.within].map(([key, { labels }]) => [key, labels] as const);
  if (series.length === 0) throw new Unreadable(`Prometheus does not scrape a target with ${service.shown}`);
  const instances = [...new Map(series)].flatMap(([key, labels]) => instanceOf(key, labels, scrapes, window) ?? []);
  if (instances.some(({ lastSeconds }) => lastSeconds !== undefined)) return instances;
  throw new Unreadable(unscraped(scrapes, instances, window));
}

function unscraped({ within }: Scrapes, [lost]: readonly Instance[], { endedSeconds }: GuardedWindow): string {
  const since = [...within.values()].map(({ points }) => points.filter(({ atSeconds }) => atSeconds > endedSeconds).length);
  if (lost?.loss !== undefined && Math.max(0, ...since) === 0) return lost.loss;
  if (since.some((scrapes) => scrapes >= 2)) return "the service could not be scraped at the end of the run";
  return "the service was not scraped twice after the last request, so its last counts may be missing";
}

/** How many of its scrape intervals an instance may be silent before it counts as gone. */
export const silentIntervals = 2.5;

/** Finds the usual distance of two samples; undefined where there are too few. */
export function medianDistance(points: readonly { atSeconds: number }[]): number | undefined {
  const distances = points.slice(1).map(({ atSeconds }, i) => atSeconds - (points[i]?.atSeconds ?? 0));
  return distances.toSorted((a, b) => a - b)[Math.floor(distances.length / 2)];
}

/** Tells whether an instance was there when the load began: its last scrape succeeded, and was not long ago. */
function wasThere(before: Series<number> | undefined, fromSeconds: number): boolean {
  const last = before?.points.at(-1);
  if (before === undefined || last === undefined || last.value !== 1) return false;
  return fromSeconds - last.atSeconds <= silentIntervals * (medianDistance(before.points) ?? lookbackSeconds) + 1;
}

/** How far a start time may be off by its rounding, seconds: those of one process differ by less. */
const startSlackSeconds = 1;
/** By how much one process may tell it otherwise from scrape to scrape, seconds. */
const startJitterSeconds = 0.1;

function processOf(key: string, beforeSeconds: number | undefined, { started, startedBefore }: Scrapes, { fromSeconds }: GuardedWindow) {
  const told = (of: ByInstance): Series<number>["points"] =>
    (of.get(key)?.points ?? []).filter(({ value }) => value > 0 && value < Infinity);
  const within = told(started).map(({ value }) => value);
  const [last, first] = [within.at(-1), told(startedBefore).at(-1)?.value];
  // A process that did not tell its start before is the same where it had certainly begun by then.
  const known = first ?? (beforeSeconds === undefined ? last : Math.min(last ?? Infinity, beforeSeconds - 2 * startSlackSeconds));
  const all = known === undefined ? within : [...within, known];
  const changed = last !== undefined && Math.max(...all) - Math.min(...all) > startSlackSeconds;
  // What was scraped before it began, by its own word, has a clock that is ahead.
  const ahead = told(started).some(({ atSeconds, value }) => value > atSeconds + startSlackSeconds);
  // What moves with each scrape is no start time: a process that began during the load tells the same one for longer than rounding hides.
  const same = told(started).toReversed();
  const moved = same.findIndex(({ value }) => Math.abs(value - (last ?? value)) > startJitterSeconds);
  const run = moved === -1 ? same : same.slice(0, moved);
  const stays = (run.at(0)?.atSeconds ?? 0) - (run.at(-1)?.atSeconds ?? 0) > startSlackSeconds;
  const began = stays && last !== undefined && last >= fromSeconds + startSlackSeconds && !ahead;
  const untold = last === undefined && first !== undefined;
  return { started: last, untold, changed, stays, began, steady: last !== undefined && !changed };
}

const sinceBeginning = (seconds: number): string => `${Math.abs(seconds).toFixed(0)} s ${seconds < 0 ? "before" : "after"} the load began`;

/** Says why an instance has no last scrapes; where Prometheus tried none at all, nobody knows which of the two was away. */
function endOf({ within }: Scrapes, { endedSeconds }: GuardedWindow): string {
  const tried = [...within.values()].some(({ points }) => points.some(({ atSeconds }) => atSeconds > endedSeconds));
  return tried ? "was gone at the end" : "was not scraped after the load (it was gone, or Prometheus was away)";
}

/** What is known of an instance without a scrape. */
const unread = {
  beforeSeconds: undefined,
  scrapedSeconds: [],
  scrapedBy: () => [],
  firstSeconds: undefined,
  sinceSeconds: [],
  lastSeconds: undefined,
};

/** Says what is known of one instance; undefined where it had ended before the load and was not tried any more. */
function instanceOf(key: string, labels: Record<string, string>, scrapes: Scrapes, window: GuardedWindow) {
  const { [scrapeLabels.instance]: name = "?", [scrapeLabels.job]: job = "" } = labels;
  const [before, within] = [scrapes.before.get(key), good(scrapes.within.get(key))];
  const since = within.filter((at) => at > window.endedSeconds);
  const scrapedSeconds = good(before);
  const durations = new Map(scrapes.durations.get(key)?.points.map(({ atSeconds, value }) => [atSeconds, value]));
  // A scrape has the time at which it began: one that was under way when the load began may hold requests of it.
  const scrapedBy = (seconds: number): number[] => scrapedSeconds.filter((at) => at + (durations.get(at) ?? 0) <= seconds);
  const [beforeSeconds, there] = [scrapedBy(window.fromSeconds).at(-1), wasThere(before, window.fromSeconds)];
  if (within.length === 0 && !there) {
    if (!scrapes.within.has(key)) return undefined;
    // It never answered while it was tried: it may have counted, and nobody knows what.
    const loss = `the instance ${name} could not be scraped during the run: what it counted is unknown`;
    return { ...unread, key, job, restarted: false, began: false, startedSeconds: undefined, steady: false, down: true, loss };
  }
  const { started, untold, changed, stays, began, steady } = processOf(key, beforeSeconds, scrapes, window);
  const unsure = untold || (beforeSeconds === undefined ? !began : started === undefined && !there);
  const gap = (beforeSeconds !== undefined && !there) || (scrapes.within.get(key)?.points.some(({ value }) => value === 0) ?? false);
  const ended = since.length < 2;
  const loss = ended
    ? `the instance ${name} ${endOf(scrapes, window)}: what it counted after its last scrape is lost`
    : changed
      ? stays
        ? `the instance ${name} was restarted during the run, ${sinceBeginning((started ?? 0) - window.fromSeconds)}: what it counted since the scrape before that is lost`
        : `the instance ${name} tells another start time from scrape to scrape, so it may have been restarted: what it had counted before is lost`
      : beforeSeconds === undefined && !began
        ? `the instance ${name} was first scraped after the load began: what it counted before that is unknown`
        : unsure || (gap && started === undefined)
          ? `the instance ${name} could not be scraped for a while and does not tell when it was started, so it may have been restarted`
          : undefined;
  return {
    /** The labels `job` and `instance`. */
    key,
    job,
    /** Its last good scrape that was over before the load; undefined where its process began during the load, so that it counts from zero. */
    beforeSeconds,
    /** Its good scrapes before the load, as far as it is looked back. */
    scrapedSeconds,
    /** Those of them that were over by a time. */
    scrapedBy,
    /** Its first good scrape since the load began: what grew after it did so during the load, whatever became of the process. */
    firstSeconds: within[0],
    /** Its good scrapes since k6 had ended. */
    sinceSeconds: since,
    /** Its last good scrape of all; undefined where it was not scraped twice after the load. */
    lastSeconds: ended ? undefined : since.at(-1),
    /** Another process than before the load, or maybe: only what is certain of it counts. */
    restarted: changed || unsure,
    /** By its start time its process began during the load: all that it holds is of the load. */
    began,
    /** When its process began, by its own word, Unix seconds. */
    startedSeconds: started,
    /** By its start time it is one process all the time: a counter that fell or vanished there is no restart. */
    steady: steady && !unsure,
    /** It was tried during the load and never answered. */
    down: false,
    /** What may be lacking of its counts, in a sentence. */
    loss,
  };
}
/** One instance of a service that was there during the load, and between which of its scrapes its counters are compared. */
export type Instance = NonNullable<ReturnType<typeof instanceOf>>;
