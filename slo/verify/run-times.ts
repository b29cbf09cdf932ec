import { jobsOf } from "../collect/server.ts";
import { scrapesSince, type Totals } from "../collect/stored-counts.ts";
import type { PrometheusApi } from "../collect/prometheus.ts";
import type { ObjectiveQueries } from "../compile/objectives.ts";
import { serviceQueries } from "../compile/run.ts";
import { waitFor } from "../host/wait.ts";
import type { LoadRun } from "../load/load-run.ts";
import type { Report } from "../report/schema.ts";
import type { RunRecord } from "../run/record.ts";
import type { SentCounts } from "../run/relay/sent-totals.ts";
import { isJudged, k6Labels, k6Metrics } from "../spec/names.ts";
import type { Spec } from "../spec/spec.ts";
import type { UnservedLoad } from "./sent.ts";

/** A load that is verified, by which objectives, and what is known of it before its counts are read. */
export interface Asked {
  /** Asks again where an answer did not come. */
  api: PrometheusApi;
  load: LoadRun;
  spec: Spec;
  queries: readonly ObjectiveQueries[];
  serviceOf: ServiceOf;
  times: RunTimes;
  /** What k6 wrote of the whole run, and of what is judged. */
  totals: Totals;
  judgedSent: Totals;
  unserved: UnservedLoad;
}

/** Finds when a run began, was judged from and ended, by its record and by what k6 wrote. */
export function runTimesOf(record: RunRecord, sent: SentCounts, countedUntil: number) {
  const begun = record.k6?.startedAtSeconds ?? record.commandAtSeconds;
  const starts = sent.valuesOf(k6Metrics.scenarioStart).filter(({ labels }) => isJudged(labels));
  return {
    begun,
    judgedFrom: starts.length > 0 ? Math.min(...starts.map(({ value }) => value)) : begun,
    /** The judged scenarios that told when they began. */
    told: starts.flatMap(({ labels }) => labels[k6Labels.scenario] ?? []),
    /** k6's process ended: no sample is later. */
    ended: record.k6?.endedAtSeconds ?? countedUntil - record.clockOffsetSeconds,
    /** Every service that is asked about had been scraped twice since k6 ended; Prometheus's clock. Nothing later counts. */
    countedUntil,
  };
}
/** When what happened, Unix seconds of k6's clock. */
export type RunTimes = ReturnType<typeof runTimesOf>;

/** Finds what the command took before the first request and after the last one; of a run that is judged later, what was found then. */
export function timingsOf({ record, sent, now, finished }: LoadRun, runTimes: RunTimes): Report["timings"] {
  const times = sent.valuesOf(k6Metrics.requests).map(({ atSeconds }) => atSeconds);
  const lastRequestAt = times.length > 0 ? Math.max(...times) : runTimes.ended;
  const firstRequestAt = Math.min(runTimes.judgedFrom, ...sent.valuesOf(k6Metrics.scenarioStart).map(({ value }) => value));
  const then = record.timings ?? { toFirstRequestSeconds: null, toVerdictSeconds: null };
  const spent = { toFirstRequestSeconds: firstRequestAt - record.commandAtSeconds, toVerdictSeconds: now() - lastRequestAt };
  return { ...(finished ? then : spent), loadSeconds: lastRequestAt - firstRequestAt };
}

/** The services that an objective's counters come from, by the labels of their scrapes; none where its series name none. */
export type ServiceOf = (query: ObjectiveQueries) => readonly Record<string, string>[];

/** Finds whose scrapes each objective's counters come from: the spec's service, or the jobs that a ratio's series carry. */
export async function servicesOf(api: PrometheusApi, { record, now }: LoadRun, queries: readonly ObjectiveQueries[]): Promise<ServiceOf> {
  const range = now() - record.commandAtSeconds + 300;
  const jobs = new Map<string, string[]>();
  for (const query of queries) {
    if (query.kind === "server" && query.jobs)
      jobs.set(query.objective, await jobsOf(api, query, range, now() + record.clockOffsetSeconds));
  }
  return (query) => (jobs.has(query.objective) ? (jobs.get(query.objective) ?? []).map((job) => ({ job })) : [record.serverLabels]);
}

/** How long two scrapes may take to come, seconds. */
const scrapesTake = ({ scrapeIntervalSeconds }: RunRecord): number => 3 * scrapeIntervalSeconds + 3;

/** Gives up to when a run that is judged later is counted, on Prometheus's clock: as found then, or to the end of the wait for scrapes; undefined while scrapes may still come. */
export function countedThen(record: RunRecord, endedSeconds: number, nowSeconds: number): number | undefined {
  if (record.countedUntilSeconds !== null) return record.countedUntilSeconds;
  const due = endedSeconds + scrapesTake(record);
  if (nowSeconds >= due) return due;
  return record.prometheus.embedded ? nowSeconds : undefined;
}

/** Waits until every service in question was scraped twice since k6 ended, and gives that moment on Prometheus's clock: nothing later is counted. */
export async function awaitScrapes(load: LoadRun, queries: readonly ObjectiveQueries[], serviceOf: ServiceOf): Promise<number> {
  const { record, prometheus, settleLimitSeconds, finished } = load;
  const promNow = (): number => load.now() + record.clockOffsetSeconds;
  const ended = (record.k6?.endedAtSeconds ?? load.now()) + record.clockOffsetSeconds;
  const then = finished ? countedThen(record, ended, promNow()) : undefined;
  if (then !== undefined) return then;
  const usual = finished ? scrapesTake(record) : Math.min(settleLimitSeconds, scrapesTake(record));
  const services = queries.flatMap((query) =>
    query.kind === "server" ? serviceOf(query).map((labels) => ({ labels, limit: query.jobs ? settleLimitSeconds : usual })) : [],
  );
  const asked = services.length > 0 ? services : [{ labels: record.serverLabels, limit: 1 }];
  const scrapedTwice = async (labels: Record<string, string>): Promise<true | undefined> => {
    const scrapes = await scrapesSince(prometheus.api, serviceQueries(labels), ended, promNow());
    return scrapes.kind === "answer" && (scrapes.value ?? 0) >= 2 ? true : undefined;
  };
  await Promise.all(asked.map(({ labels, limit }) => waitFor(() => scrapedTwice(labels), limit, 50, 250)));
  return promNow();
}
