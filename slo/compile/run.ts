import { k6Labels, k6Metrics, plimsollMetrics, processMetrics, scrapeMetrics } from "../spec/names.ts";
import type { Where } from "../spec/spec.ts";
import { counterQueries, over, samplesOf, sumOfLast } from "./counters.ts";
import { isError, servedWhere, type ServiceScope } from "./mapping.ts";
import { withLabels, is, matches, promql, quote, selector, type PromQL } from "./promql.ts";
import { judged, ofRun } from "./scope.ts";

/** The questions what Prometheus has stored of one run, all of it: setup and warm-up too. */
export type StoredCountQueries = ReturnType<typeof storedCountQueries>;

export function storedCountQueries(testid: string) {
  return {
    requests: sumOfLast(ofRun(k6Metrics.requests, testid)),
    iterations: sumOfLast(ofRun(k6Metrics.iterations, testid)),
    dropped: sumOfLast(ofRun(k6Metrics.droppedIterations, testid)),
    errors: sumOfLast(ofRun(k6Metrics.requests, testid, is(k6Labels.expectedResponse, "false"))),
    slow: sumOfLast(ofRun(k6Metrics.slowRequests, testid)),
    wrongContents: sumOfLast(ofRun(k6Metrics.wrongContents, testid)),
  };
}

/** Compiles the question what each k6 of a run wrote last: its counters, and when its scenarios began. */
export function lastSentQuery(testid: string, rangeSeconds: number): PromQL {
  const kept = matches("__name__", `k6_.+_total|${k6Metrics.scenarioStart}|${k6Metrics.vus}`);
  return over("last_over_time", ofRun(undefined, testid, kept))(rangeSeconds);
}

/** Compiles the question which k6 of a run counted fewer iterations than before: two k6 write the same series. */
export function fallenQuery(testid: string, rangeSeconds: number): PromQL {
  return promql`${over("resets", ofRun(k6Metrics.iterations, testid))(rangeSeconds)} > 0`;
}

/** Compiles the question that proves that Prometheus gives back what was written. */
export const preflightQuery = (testid: string): PromQL => over("last_over_time", ofRun(plimsollMetrics.preflight, testid))(300);

/** Compiles the question when each load pod of a run was ready, or one of them: Unix seconds by pod; no more than ten minutes back. */
export function podsReadyQuery(testid: string, index?: number): PromQL {
  const one = index === undefined ? [] : [is(k6Labels.instance, String(index))];
  return over("last_over_time", ofRun(plimsollMetrics.podReady, testid, ...one))(600);
}

/** Compiles the question when all pods of a run begin: Unix seconds. */
export const podsBeginQuery = (testid: string): PromQL => over("last_over_time", ofRun(plimsollMetrics.podsBegin, testid))(600);

/** Compiles the question how long the latest requests of a run took, seconds, by k6's native histogram. */
export function latestQuantile(testid: string, quantile: number): PromQL {
  return promql`histogram_quantile(${quantile}, sum(rate(${ofRun(k6Metrics.requestDuration, testid)}[${{ rangeSeconds: 10 }}])))`;
}

export const clockQuery: PromQL = { promql: "time()" };

/** The questions about the health of the scraped service itself: one series for each instance, unless said otherwise. */
export type ServiceQueries = ReturnType<typeof serviceQueries>;

export function serviceQueries(labels: Where) {
  const up = selector(scrapeMetrics.up, withLabels(labels));
  const starts = selector(processMetrics.startTime, withLabels(labels));
  const shown = Object.entries(labels).map(([label, value]) => `${label}=${quote(value)}`);
  return {
    /** e.g. {job="storage-api"}, for messages. */
    shown: `{${shown.join(",")}}`,
    reachable: sumOfLast(up),
    /** Every scrape in the range with whether it succeeded. */
    scraped: samplesOf(up),
    /** How long each scrape in the range took, seconds; nothing of it where the series came by another way than a scrape. */
    scrapeDurations: samplesOf(selector(scrapeMetrics.duration, withLabels(labels))),
    /** When the process began, by its own word. */
    started: over("last_over_time", starts),
    /** The same at every scrape in the range. */
    starts: samplesOf(starts),
    /** How many good scrapes each instance had in the range; the least of them. */
    scrapes: (rangeSeconds: number): PromQL => promql`min(${over("sum_over_time", up)(rangeSeconds)})`,
  };
}

export type ChartQueries = ReturnType<typeof chartQueries>;

/** Compiles the questions behind the charts and tables; the scope's routes are those that the client named, so that other traffic stays out. */
export function chartQueries(scope: ServiceScope) {
  const { testid, metrics } = scope;
  const { duration: histogram, labels } = metrics;
  const service = servedWhere(scope, {});
  const served = selector(metrics.requests, service);
  const requests = judged(k6Metrics.requests, testid);
  const unexpected = judged(k6Metrics.requests, testid, is(k6Labels.expectedResponse, "false"));
  const duration = judged(k6Metrics.requestDuration, testid);
  const lastDuration = over("last_over_time", duration);
  return {
    iterations: sumOfLast(judged(k6Metrics.iterations, testid)),
    requests: sumOfLast(requests),
    /** None until the first one. */
    errors: (rangeSeconds: number): PromQL => promql`${sumOfLast(unexpected)(rangeSeconds)} or vector(0)`,
    served: sumOfLast(served),
    /** Of the requests that ended within the last seconds; the range reaches back to the load's beginning. */
    clientQuantile: (quantile: number, withinSeconds: number, rangeSeconds: number): PromQL => {
      // Differences, not rate(): that loses the first sample of each series, and with it how a load or a fault began. k6 counts from 0.
      const now = sumOfLast(duration)(rangeSeconds);
      const before = promql`sum(last_over_time(${duration}[${{ rangeSeconds }}] offset ${{ rangeSeconds: withinSeconds }}))`;
      return promql`histogram_quantile(${quantile}, (${now} - ${before}) or ${now})`;
    },
    /** What the service's histogram holds, bucket by bucket: percentiles are told by the bucket that they lie in, from differences. Undefined where it has none. */
    serverBuckets: histogram && {
      read: (rangeSeconds: number): PromQL =>
        promql`sum by (le) (${over("last_over_time", selector(`${histogram.metric}_bucket`, service))(rangeSeconds)})`,
      unitsPerSecond: histogram.unitsPerSecond,
    },
    routeRequests: (rangeSeconds: number): PromQL => promql`sum by (method, name) (${over("last_over_time", requests)(rangeSeconds)})`,
    routes: (rangeSeconds: number): PromQL =>
      promql`sum by (method, name, status, expected_response) (${over("last_over_time", requests)(rangeSeconds)})`,
    routeQuantile: (quantile: number, rangeSeconds: number): PromQL =>
      promql`histogram_quantile(${quantile}, sum by (method, name) (${lastDuration(rangeSeconds)}))`,
    clientSeconds: sumOfLast(duration),
    /** Series whose growth is shown: all requests, failed ones, and what they took, with how many those were; undefined where no series tells. */
    grown: {
      requests: counterQueries(served),
      errors:
        labels.status === undefined ? undefined : counterQueries(selector(metrics.requests, [...service, isError(labels.status, metrics)])),
      took: histogram && {
        sum: counterQueries(selector(`${histogram.metric}_sum`, service)),
        count: counterQueries(selector(`${histogram.metric}_count`, service)),
        unitsPerSecond: histogram.unitsPerSecond,
      },
    },
  };
}

/** Asks for the routes that the client named, setup and warm-up included. */
export function namedRoutes(testid: string, rangeSeconds: number): PromQL {
  return promql`sum by (name) (${over("last_over_time", ofRun(k6Metrics.requests, testid))(rangeSeconds)})`;
}
