import { setTimeout as sleep } from "node:timers/promises";
import { instanceKey, lookbackSeconds, medianDistance, silentIntervals } from "../collect/guard.ts";
import { answerOf, querySamples, queryVector, startOf, type Answer, type PrometheusApi, type Series } from "../collect/prometheus.ts";
import type { ServiceQueries } from "../compile/run.ts";
import type { Host } from "../host/host.ts";
import type { TargetPod } from "../run/kubernetes/target-pods.ts";

/** What is taken for the scrape interval where no two scrapes tell it, seconds: Prometheus's most usual one. */
const usualSeconds = 15;

/** Finds how often a service is scraped, seconds: the median distance of two samples of its slowest instance. */
function intervalOf(scraped: Answer<Series<number>[]>): number {
  const distances = scraped.kind === "answer" ? scraped.value.flatMap(({ points }) => medianDistance(points) ?? []) : [];
  return distances.length > 0 ? Math.max(...distances) : usualSeconds;
}

const readScrapes = (api: PrometheusApi, service: ServiceQueries, atSeconds: number): Promise<Answer<Series<number>[]>> =>
  answerOf(() => querySamples(api, service.scraped(lookbackSeconds), atSeconds));

/** Measures how often the service is scraped, seconds. */
export async function scrapeInterval(api: PrometheusApi, service: ServiceQueries, now: () => number): Promise<number> {
  return intervalOf(await readScrapes(api, service, now()));
}

/** How long Prometheus may need to hear of a new instance: its discovery tells of it, and its scrapes are set up, every 5 s each (discovery/manager.go, scrape/manager.go). */
const discoverySeconds = 10;

/**
 * Finds when the youngest process began of those that Prometheus had to find, and of Prometheus itself, or when an instance went, in whose place another
 * may have come that is not found yet; on Prometheus's clock, which `atSeconds` is of. And how often the service is scraped.
 */
async function youngest(api: PrometheusApi, service: ServiceQueries, atSeconds: number, pods: readonly TargetPod[]) {
  const scraped = await readScrapes(api, service, atSeconds);
  const interval = intervalOf(scraped);
  // Where the cluster says which pods there are, nobody else has to be found, and one that was scraped twice is.
  if (pods.length > 0 && scraped.kind === "answer") return { started: Math.max(0, ...unfound(pods, scraped.value)), interval };
  const [own, starts] = await Promise.all([startOf(api), answerOf(() => queryVector(api, service.started(60), atSeconds))]);
  if (starts.kind === "failed" || scraped.kind === "failed") return { started: own ?? 0, interval };
  // What was tried before it began stands in a list of targets: nobody has to find it.
  const firstTried = new Map(scraped.value.map(({ labels, points }) => [instanceKey(labels), points[0]?.atSeconds ?? 0]));
  const found = starts.value.flatMap(({ labels, points }) =>
    points.flatMap(({ value }) => (value <= atSeconds && (firstTried.get(instanceKey(labels)) ?? 0) > value ? [value] : [])),
  );
  const gone = scraped.value.flatMap(({ points }) => {
    const [last, good] = [points.at(-1), points.findLast(({ value }) => value === 1)];
    const isGone = last !== undefined && (last.value !== 1 || atSeconds - last.atSeconds > silentIntervals * interval);
    return isGone && good !== undefined ? [good.atSeconds] : [];
  });
  return { started: Math.max(own ?? 0, ...found, ...gone), interval };
}

/** Says when each pod began that Prometheus has not scraped twice; a target is a pod's by its address or its name. */
function unfound(pods: readonly TargetPod[], scraped: readonly Series<number>[]): number[] {
  const found = scraped.filter(({ points }) => points.filter(({ value }) => value === 1).length >= 2);
  const names = new Set(found.flatMap(({ labels }) => Object.values(labels).map((value) => value.replace(/^\[|\]?:\d+$/g, ""))));
  return pods.flatMap(({ name, ip, startedSeconds }) => (names.has(ip) || names.has(name) ? [] : [startedSeconds]));
}

/**
 * Waits, where the service or its Prometheus was started a moment ago, until each instance has had the time to be found and scraped twice: of one that
 * is first scraped during the load nobody knows what it counted before. A start time that moves on with the clock is waited for no longer than any other.
 * `pods` lists the target's pods where a cluster can tell.
 */
export async function waitForDiscovery(
  api: PrometheusApi,
  service: ServiceQueries,
  { now, say }: Pick<Host, "now" | "say">,
  signal: AbortSignal,
  pods: (() => Promise<readonly TargetPod[]>) | undefined,
  pause = (seconds: number) => sleep(seconds * 1000, undefined, { signal }).catch(() => undefined),
): Promise<void> {
  const begunSeconds = now();
  let told = false;
  for (;;) {
    const { started, interval } = await youngest(api, service, now(), (await pods?.()) ?? []);
    const neededSeconds = discoverySeconds + 2 * interval;
    const leftSeconds = Math.min(started + neededSeconds, begunSeconds + 2 * neededSeconds) - now();
    if (leftSeconds <= 0 || signal.aborted) return;
    if (!told)
      say(
        `the service or Prometheus was started a moment ago, or an instance went: waiting until all instances are scraped, ${Math.ceil(leftSeconds)} s at most`,
      );
    told = true;
    await pause(Math.min(1, leftSeconds));
  }
}
