import { k6Labels, k6Metrics, plimsollMetrics, targetLabels, targetMetrics } from "../spec/names.ts";
import type { Where } from "../spec/spec.ts";
import { counterQueries, sumOfLast, type CounterQueries, type Reading } from "./counters.ts";
import { judged } from "./objectives.ts";
import { promql, quote, selector, type Matcher, type PromQL } from "./promql.ts";

/** Asks what Prometheus holds of one run, all of it: setup and warm-up too. */
export interface StoredCountQueries {
  requests: Reading;
  iterations: Reading;
  dropped: Reading;
  errors: Reading;
  slow: Reading;
  wrongContents: Reading;
}

/** Asks about the health of the scraped service itself: one series for each instance, unless said otherwise. */
export interface ServiceQueries {
  /** e.g. {job="storage-api"}, for messages. */
  shown: string;
  /** How many instances are up. */
  reachable: Reading;
  /** Every scrape in the range with whether it succeeded. */
  scraped: Reading;
  /** 1 where a scrape in the range succeeded, and 0 where one failed. */
  scrapedBest: Reading;
  scrapedWorst: Reading;
  /** When the process began, by its own word. */
  started: Reading;
  /** How often that changed in the range. */
  startedAgain: Reading;
  /** How many scrapes each instance had in the range; the least of them. */
  scrapes: Reading;
}

/** Asks for what the report draws; `windowSeconds` is the width that a rate is taken over. */
export interface ChartQueries {
  iterations: Reading;
  requests: Reading;
  errors: Reading;
  /** Requests that got any response. */
  answered: Reading;
  served: Reading;
  /** Of the requests that ended within the last seconds; the range reaches back to the load's beginning. */
  clientQuantile: (quantile: number, withinSeconds: number, rangeSeconds: number) => PromQL;
  serverQuantile: (quantile: number, windowSeconds: number) => PromQL;
  routes: (rangeSeconds: number) => PromQL;
  routeQuantile: (quantile: number, rangeSeconds: number) => PromQL;
  clientSeconds: { sum: (rangeSeconds: number) => PromQL; count: (rangeSeconds: number) => PromQL };
  /** Series whose growth is shown: all requests, failed ones, and their seconds. */
  grown: { requests: CounterQueries; errors: CounterQueries; seconds: CounterQueries };
}

const ofRun = (metric: string, testid: string, ...more: Matcher[]): PromQL =>
  selector(metric, [{ label: k6Labels.testid, is: testid }, ...more]);

/** Compiles the questions that compare what was sent with what is held. */
export function storedCountQueries(testid: string): StoredCountQueries {
  return {
    requests: sumOfLast(ofRun(k6Metrics.requests, testid)),
    iterations: sumOfLast(ofRun(k6Metrics.iterations, testid)),
    dropped: sumOfLast(ofRun(k6Metrics.droppedIterations, testid)),
    errors: sumOfLast(ofRun(k6Metrics.requests, testid, { label: k6Labels.expectedResponse, is: "false" })),
    slow: sumOfLast(ofRun(k6Metrics.slowRequests, testid)),
    wrongContents: sumOfLast(ofRun(k6Metrics.wrongContents, testid)),
  };
}

/** Compiles the question that proves that Prometheus gives back what was written. */
export function preflightQuery(testid: string): PromQL {
  return promql`last_over_time(${ofRun(plimsollMetrics.preflight, testid)}[${{ rangeSeconds: 300 }}])`;
}

/** Compiles the question when each load pod of a run was ready: Unix seconds by pod; no more than ten minutes back. */
export function podsReadyQuery(testid: string): PromQL {
  return promql`last_over_time(${ofRun(plimsollMetrics.podReady, testid)}[${{ rangeSeconds: 600 }}])`;
}

/** Asks Prometheus for its clock. */
export const clockQuery: PromQL = { promql: "time()" };

/** Compiles the questions about the scraped service. */
export function serviceQueries(labels: Where): ServiceQueries {
  const matchers = Object.entries(labels).map(([label, is]) => ({ label, is }));
  const up = selector("up", matchers);
  const starts = selector("process_start_time_seconds", matchers);
  return {
    shown: `{${matchers.map(({ label, is }) => `${label}=${quote(is)}`).join(",")}}`,
    reachable: sumOfLast(up),
    scraped: (rangeSeconds) => promql`${up}[${{ rangeSeconds }}]`,
    scrapedBest: (rangeSeconds) => promql`max_over_time(${up}[${{ rangeSeconds }}])`,
    scrapedWorst: (rangeSeconds) => promql`min_over_time(${up}[${{ rangeSeconds }}])`,
    started: (rangeSeconds) => promql`last_over_time(${starts}[${{ rangeSeconds }}])`,
    startedAgain: (rangeSeconds) => promql`changes(${starts}[${{ rangeSeconds }}])`,
    scrapes: (rangeSeconds) => promql`min(count_over_time(${up}[${{ rangeSeconds }}]))`,
  };
}

/** Compiles the questions behind the charts and tables; `routes` are the ones that the client named, so that other traffic stays out. */
export function chartQueries(testid: string, server: Where, routes: readonly string[]): ChartQueries {
  const service: Matcher[] = [...Object.entries(server).map(([label, is]) => ({ label, is })), { label: targetLabels.route, in: routes }];
  const duration = judged(k6Metrics.requestDuration, testid);
  const bucket = selector(`${targetMetrics.requestDuration}_bucket`, service);
  const requests = judged(k6Metrics.requests, testid);
  return {
    iterations: sumOfLast(judged(k6Metrics.iterations, testid)),
    requests: sumOfLast(requests),
    errors: sumOfLast(judged(k6Metrics.requests, testid, { label: k6Labels.expectedResponse, is: "false" })),
    answered: sumOfLast(judged(k6Metrics.requests, testid, { label: k6Labels.status, isNot: "0" })),
    served: sumOfLast(selector(`${targetMetrics.requestDuration}_count`, service)),
    clientQuantile: (quantile, withinSeconds, rangeSeconds) => {
      // Differences, not rate(): that loses the first sample of each series, and with it how a load or a fault began. k6 counts from 0.
      const now = promql`sum(last_over_time(${duration}[${{ rangeSeconds }}]))`;
      const before = promql`sum(last_over_time(${duration}[${{ rangeSeconds }}] offset ${{ rangeSeconds: withinSeconds }}))`;
      return promql`histogram_quantile(${quantile}, (${now} - ${before}) or ${now})`;
    },
    serverQuantile: (quantile, rangeSeconds) => promql`histogram_quantile(${quantile}, sum by (le) (rate(${bucket}[${{ rangeSeconds }}])))`,
    routes: (rangeSeconds) => promql`sum by (method, name, status, expected_response) (last_over_time(${requests}[${{ rangeSeconds }}]))`,
    routeQuantile: (quantile, rangeSeconds) =>
      promql`histogram_quantile(${quantile}, sum by (method, name) (last_over_time(${duration}[${{ rangeSeconds }}])))`,
    clientSeconds: {
      sum: (rangeSeconds) => promql`histogram_sum(sum(last_over_time(${duration}[${{ rangeSeconds }}])))`,
      count: (rangeSeconds) => promql`histogram_count(sum(last_over_time(${duration}[${{ rangeSeconds }}])))`,
    },
    grown: {
      requests: counterQueries(selector(`${targetMetrics.requestDuration}_count`, service)),
      errors: counterQueries(selector(`${targetMetrics.requestDuration}_count`, [...service, { label: targetLabels.status, prefix: "5" }])),
      seconds: counterQueries(selector(`${targetMetrics.requestDuration}_sum`, service)),
    },
  };
}

/** Asks for the routes that the client named, setup and warm-up included. */
export function namedRoutes(testid: string, rangeSeconds: number): PromQL {
  return promql`sum by (name) (last_over_time(${ofRun(k6Metrics.requests, testid)}[${{ rangeSeconds }}]))`;
}
