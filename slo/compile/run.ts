import { k6Labels, k6Metrics, plimsollMetrics, targetLabels, targetMetrics } from "../spec/names.ts";
import type { Where } from "../spec/spec.ts";
import { judged, sumOfLast, type Reading } from "./objectives.ts";
import { promql, quote, selector, type Matcher, type PromQL } from "./promql.ts";

/** Asks what Prometheus holds of one run, all of it: setup and warm-up too. */
export interface HeldQueries {
  requests: Reading;
  iterations: Reading;
  dropped: Reading;
  errors: Reading;
  slow: Reading;
  wrongContents: Reading;
}

/** Asks about the health of the scraped service itself. */
export interface ServiceQueries {
  /** e.g. {job="storage-api"}, for messages. */
  shown: string;
  instances: Reading;
  reachable: Reading;
  /** Instances seen in the last `range` seconds that had not been scraped well in the `lookback` before `within` seconds ago. */
  unseen: (rangeSeconds: number, lookbackSeconds: number, withinSeconds: number) => PromQL;
  /** Instances that were there `within` seconds ago or since, and not in the last `since` seconds. */
  gone: (withinSeconds: number, sinceSeconds: number) => PromQL;
  startedAt: (labels: Record<string, string>, rangeSeconds: number) => PromQL;
  /** Processes whose start time is another one than `within` seconds ago. */
  restarted: (rangeSeconds: number, lookbackSeconds: number, withinSeconds: number) => PromQL;
  /** How many scrapes each instance had in the range; the least of them. */
  scrapes: Reading;
  /** When the last scrape was that succeeded, Unix seconds; the earliest over the instances. */
  lastScrape: (rangeSeconds: number) => PromQL;
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
  servedSeconds: Reading;
  servedErrors: Reading;
}

const ofRun = (metric: string, testid: string, ...more: Matcher[]): PromQL =>
  selector(metric, [{ label: k6Labels.testid, is: testid }, ...more]);

/** Compiles the questions that compare what was sent with what is held. */
export function heldQueries(testid: string): HeldQueries {
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
    instances: (rangeSeconds) => promql`count(last_over_time(${up}[${{ rangeSeconds }}]))`,
    reachable: sumOfLast(up),
    unseen: (rangeSeconds, lookbackSeconds, withinSeconds) =>
      promql`last_over_time(${up}[${{ rangeSeconds }}]) unless (max_over_time(${up}[${{ rangeSeconds: lookbackSeconds }}] offset ${{ rangeSeconds: withinSeconds }}) == 1)`,
    gone: (withinSeconds, sinceSeconds) =>
      // Without a range, so that an instance that had gone before does not count: Prometheus marks its series as ended.
      promql`(last_over_time(${up}[${{ rangeSeconds: withinSeconds }}]) or ${up} offset ${{ rangeSeconds: withinSeconds }}) unless last_over_time(${up}[${{ rangeSeconds: sinceSeconds }}])`,
    startedAt: (instance, rangeSeconds) => {
      const own = Object.entries(instance).flatMap(([label, is]) => (label === "__name__" ? [] : [{ label, is }]));
      return promql`min(last_over_time(${selector("process_start_time_seconds", own)}[${{ rangeSeconds }}]))`;
    },
    restarted: (rangeSeconds, lookbackSeconds, withinSeconds) =>
      promql`last_over_time(${starts}[${{ rangeSeconds }}]) != last_over_time(${starts}[${{ rangeSeconds: lookbackSeconds }}] offset ${{ rangeSeconds: withinSeconds }})`,
    scrapes: (rangeSeconds) => promql`min(count_over_time(${up}[${{ rangeSeconds }}]))`,
    lastScrape: (rangeSeconds) =>
      promql`min(max_over_time((timestamp(${up}) and ${up} == 1)[${{ rangeSeconds }}:${{ rangeSeconds: 0.25 }}]))`,
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
    servedSeconds: sumOfLast(selector(`${targetMetrics.requestDuration}_sum`, service)),
    servedErrors: sumOfLast(selector(`${targetMetrics.requestDuration}_count`, [...service, { label: targetLabels.status, prefix: "5" }])),
  };
}

/** Asks for the routes that the client named, setup and warm-up included. */
export function namedRoutes(testid: string, rangeSeconds: number): PromQL {
  return promql`sum by (name) (last_over_time(${ofRun(k6Metrics.requests, testid)}[${{ rangeSeconds }}]))`;
}
