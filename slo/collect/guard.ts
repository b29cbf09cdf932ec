import type { ServiceQueries } from "../compile/run.ts";
import { answerOf, querySamples, queryVector, Unreadable, valuesOf, type PrometheusApi, type Series } from "./prometheus.ts";

/** Says between which times a service's counters are compared; Unix seconds of Prometheus's clock. */
export interface GuardedWindow {
  fromSeconds: number;
  toSeconds: number;
  /** When k6 had ended: every instance must have been scraped twice since. */
  endedSeconds: number;
}

/** How far before the load an instance's last scrape is looked for. */
export const lookbackSeconds = 300;

/** One instance of a service that was there during the load, and between which of its scrapes its counters are compared. */
export interface Instance {
  /** The labels `job` and `instance`. */
  key: string;
  job: string;
  /** Its last good scrape before the load; undefined where its process began during the load, so that it counts from zero. */
  beforeSeconds: number | undefined;
  /** Its good scrapes before the load, as far as it is looked back. */
  scrapedSeconds: readonly number[];
  /** Its last good scrape of all; undefined where it was not scraped twice after the load. */
  lastSeconds: number | undefined;
  /** Another process than before the load: only what its last scrape holds was counted during the load for certain. */
  restarted: boolean;
  /** What may be lacking of its counts, in a sentence. */
  loss: string | undefined;
}

/** Lets the counters of a service be compared, or says why not. */
export type Guarded = { kind: "sound"; instances: Instance[] } | { kind: "problem"; reason: string };

/** Names an instance by its labels. */
export const instanceKey = (labels: Record<string, string>): string => JSON.stringify([labels["job"] ?? "", labels["instance"] ?? ""]);

type ByInstance = Map<string, Series<number>>;

const keyed = (series: readonly Series<number>[]): ByInstance => new Map(series.map((one) => [instanceKey(one.labels), one]));
const good = (one: Series<number> | undefined): number[] =>
  (one?.points ?? []).flatMap(({ atSeconds, value }) => (value === 1 ? [atSeconds] : []));
const valueIn = (one: Series<number> | undefined): number | undefined => one?.points.at(-1)?.value;

type Scrapes = Record<"before" | "during" | "since" | "least" | "startedBefore" | "started" | "startedAgain", ByInstance>;

async function readScrapes(api: PrometheusApi, service: ServiceQueries, window: GuardedWindow): Promise<Scrapes> {
  const { fromSeconds: from, toSeconds: to, endedSeconds: ended } = window;
  const within = Math.max(to - from, 0.001);
  const answers = await Promise.all([
    querySamples(api, service.scraped(lookbackSeconds), from),
    queryVector(api, service.scrapedBest(Math.max(ended - from, 0.001)), Math.max(ended, from)),
    querySamples(api, service.scraped(Math.max(to - ended, 0.001)), to),
    queryVector(api, service.scrapedWorst(within), to),
    queryVector(api, service.started(lookbackSeconds), from),
    queryVector(api, service.started(within), to),
    queryVector(api, service.startedAgain(within), to),
  ]);
  const [before, during, since, least, startedBefore, started, startedAgain] = valuesOf(answers);
  return {
    before: keyed(before),
    during: keyed(during),
    since: keyed(since),
    least: keyed(least),
    startedBefore: keyed(startedBefore),
    started: keyed(started),
    startedAgain: keyed(startedAgain),
  };
}

/** Guards a comparison: with a problem nothing can be said; otherwise tells for each instance what its counters are compared with. */
export async function guardService(api: PrometheusApi, service: ServiceQueries, window: GuardedWindow): Promise<Guarded> {
  const guarded = await answerOf(async () => instancesOf(await readScrapes(api, service, window), service, window));
  return guarded.kind === "failed" ? { kind: "problem", reason: guarded.reason } : { kind: "sound", instances: guarded.value };
}

function instancesOf(scrapes: Scrapes, service: ServiceQueries, window: GuardedWindow): Instance[] {
  const series = [...scrapes.before, ...scrapes.during, ...scrapes.since].map(([key, { labels }]) => [key, labels] as const);
  if (series.length === 0) throw new Unreadable(`Prometheus does not scrape a target with ${service.shown}`);
  const instances = [...new Map(series)].flatMap(([key, labels]) => instanceOf(key, labels, scrapes, window) ?? []);
  if (instances.some(({ lastSeconds }) => lastSeconds !== undefined)) return instances;
  throw new Unreadable(unscraped(scrapes, instances));
}

function unscraped({ since }: Scrapes, [lost]: readonly Instance[]): string {
  if (since.size === 0 && lost?.loss !== undefined) return lost.loss;
  if ([...since.values()].some(({ points }) => points.length >= 2)) return "the service could not be scraped at the end of the run";
  return "the service was not scraped twice after the last request, so its last counts may be missing";
}

/** How many of its scrape intervals an instance may be silent before it counts as gone. */
const silentIntervals = 2.5;

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

/** Says what is known of one instance; undefined where it had ended before the load, or was never up. */
function instanceOf(key: string, labels: Record<string, string>, scrapes: Scrapes, { fromSeconds }: GuardedWindow): Instance | undefined {
  const name = labels["instance"] ?? "?";
  const [before, since] = [scrapes.before.get(key), good(scrapes.since.get(key))];
  const scrapedSeconds = good(before);
  const beforeSeconds = scrapedSeconds.at(-1);
  const there = wasThere(before, fromSeconds);
  const seen = since.length > 0 || valueIn(scrapes.during.get(key)) === 1;
  if (!seen && !there) return undefined;
  const started = valueIn(scrapes.started.get(key));
  if (beforeSeconds === undefined && (started === undefined || started < fromSeconds))
    throw new Unreadable(`the instance ${name} was first scraped after the load began, so what it counted before is unknown`);
  const startedBefore = valueIn(scrapes.startedBefore.get(key));
  const changed = startedBefore !== undefined && started !== undefined && started !== startedBefore;
  const restarted = changed || (valueIn(scrapes.startedAgain.get(key)) ?? 0) > 0;
  const gap = (beforeSeconds !== undefined && !there) || valueIn(scrapes.least.get(key)) === 0;
  const ended = since.length < 2;
  const loss = ended
    ? `the instance ${name} was gone at the end: what it counted after its last scrape is lost`
    : restarted
      ? `the instance ${name} was restarted during the run: what it counted since the scrape before that is lost`
      : gap && started === undefined
        ? `the instance ${name} could not be scraped for a while and does not tell when it was started, so it may have been restarted`
        : undefined;
  const lastSeconds = ended ? undefined : since.at(-1);
  return { key, job: labels["job"] ?? "", beforeSeconds, scrapedSeconds, lastSeconds, restarted, loss };
}
