import type { ServiceQueries } from "../compile/run.ts";
import { queryNumber, queryVector, type Answer, type PrometheusApi, type Series } from "./prometheus.ts";
import { lastScrapeBefore, scrapesSince } from "./settle.ts";

/** Says between which moments a service's counters are compared; Unix seconds of Prometheus's clock. */
export interface GuardedWindow {
  fromSeconds: number;
  toSeconds: number;
  /** When k6 had ended: every instance must have been scraped twice since. */
  endedSeconds: number;
}

/** How far before the load a counter's last value is looked for. */
export const lookbackSeconds = 300;

const instanceOf = (labels: Record<string, string>): string => labels["instance"] ?? "?";

/** Lets the counters of a service be compared, or says why not. */
export type Guarded = { kind: "sound"; scrapedBeforeSeconds: number } | { kind: "problem"; reason: string };

/** Guards a comparison: with a problem nothing can be said; otherwise names the scrape that is "before". */
export async function guardService(api: PrometheusApi, service: ServiceQueries, window: GuardedWindow): Promise<Guarded> {
  const reason = await counterProblem(api, service, window);
  if (reason !== undefined) return { kind: "problem", reason };
  const before = await lastScrapeBefore(api, service, window.fromSeconds, lookbackSeconds);
  return { kind: "sound", scrapedBeforeSeconds: before ?? window.fromSeconds - lookbackSeconds };
}

/**
 * Says why the counters of a service cannot be compared over the window, if they cannot: it is not scraped, not scraped since the load,
 * an instance was restarted, or is gone, or has a past that nobody saw.
 */
async function counterProblem(api: PrometheusApi, service: ServiceQueries, window: GuardedWindow): Promise<string | undefined> {
  const within = Math.max(window.toSeconds - window.fromSeconds, 0.001);
  const since = Math.max(window.toSeconds - window.endedSeconds, 0.001);
  const range = within + lookbackSeconds;
  const at = window.toSeconds;
  const [instances, asked, reachable, scrapes] = await Promise.all([
    queryNumber(api, service.instances(range), at),
    queryNumber(api, service.instances(since), at),
    queryNumber(api, service.reachable(since), at),
    scrapesSince(api, service, window.endedSeconds, at),
  ]);
  for (const answer of [instances, asked, reachable, scrapes]) if (answer.kind === "failed") return answer.reason;
  const known = numberIn(instances);
  if (known === undefined) return `Prometheus does not scrape a target with ${service.shown}`;
  const gone = await queryVector(api, service.gone(within, since), at);
  const restarted = await queryVector(api, service.restarted(range, lookbackSeconds, within), at);
  const unseen = await queryVector(api, service.unseen(within, lookbackSeconds, within), at);
  for (const answer of [gone, restarted, unseen]) if (answer.kind === "failed") return answer.reason;
  const [lost] = seriesIn(gone);
  if (lost) return `the instance ${instanceOf(lost.labels)} was gone at the end: what it counted after its last scrape is lost`;
  const scraped = numberIn(scrapes);
  if (scraped === undefined || scraped < 2)
    return "the service was not scraped twice after the last request, so its last counts may be missing";
  const [up, all] = [numberIn(reachable), numberIn(asked)];
  if (up === undefined || all === undefined || up < all) return "the service could not be scraped at the end of the run";
  const [again] = seriesIn(restarted);
  if (again)
    return `the instance ${instanceOf(again.labels)} was restarted during the run: what it counted since the scrape before that is lost`;
  return unseenProblem(api, service, seriesIn(unseen), window);
}

const numberIn = (answer: Answer<number | undefined>): number | undefined => (answer.kind === "answer" ? answer.value : undefined);

const seriesIn = (answer: Answer<Series<number>[]>): Series<number>[] => (answer.kind === "answer" ? answer.value : []);

async function unseenProblem(
  api: PrometheusApi,
  service: ServiceQueries,
  unseen: Series<number>[],
  window: GuardedWindow,
): Promise<string | undefined> {
  for (const { labels, points } of unseen) {
    if (points[0]?.value === 0) return `the instance ${instanceOf(labels)} could not be scraped at the end of the run`;
    const started = await queryNumber(api, service.startedAt(labels, lookbackSeconds), window.toSeconds);
    // An instance that started after the load began counted from zero; any other had a past that nobody saw.
    if (started.kind === "answer" && started.value !== undefined && started.value >= window.fromSeconds) continue;
    return `the instance ${instanceOf(labels)} was first scraped after the load began, so what it counted before is unknown`;
  }
  return undefined;
}
