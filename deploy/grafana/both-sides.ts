import { k6Labels, k6Metrics, scrapeLabels, targetLabels, targetMetrics } from "../../slo/spec/names.ts";
import type { Query } from "./panels.ts";
import {
  among,
  classicQuantile,
  counted,
  countedSum,
  is,
  lastKnown,
  nativeQuantile,
  rate,
  renamed,
  series,
  startsWith,
  variables,
} from "./promql.ts";

const run = is(k6Labels.testid, variables.testid);
const scenario = among(k6Labels.scenario, variables.scenario);
const clientRoute = among(k6Labels.name, variables.route);
const server = [is(scrapeLabels.job, variables.job), among(targetLabels.route, variables.route)];
const count = `${targetMetrics.requestDuration}_count`;

/** Selects what k6 sent to the chosen routes, in every scenario of the run, the warm-up too: the server cannot tell them apart. */
export const sent = series(k6Metrics.requests, run, clientRoute);
/** Selects the same with an answer that the script did not expect, or none. */
export const failed = series(k6Metrics.requests, run, clientRoute, is(k6Labels.expectedResponse, "false"));
/** Selects what the server counted on the chosen routes, whoever sent it. */
export const served = series(count, ...server);
/** Selects the same answered with 500 or above. */
export const servedFailed = series(count, ...server, startsWith(targetLabels.status, "5"));
/** Selects the server's own latency. */
export const buckets = series(`${targetMetrics.requestDuration}_bucket`, ...server);

/** Selects the client's latency of all that was sent. */
const sentDuration = series(k6Metrics.requestDuration, run, clientRoute);
const servedSeconds = series(`${targetMetrics.requestDuration}_sum`, ...server);

/** Asks how much longer the client waited than the server worked, on average over the time shown: of sums and counts, so free of buckets. */
export const meanDifference: Query = {
  expr: `histogram_avg(sum (${lastKnown(sentDuration)})) - ${countedSum(servedSeconds)} / ${countedSum(served)}`,
  legend: "mean, client minus server",
};
/** Asks the same of short windows. */
export const meanDifferenceNow: Query = {
  expr: `histogram_avg(${rate(sentDuration)}) - ${rate(servedSeconds)} / (${rate(served)} > 0)`,
  legend: "mean, client minus server",
};

/** Selects what k6 sent in the chosen scenarios. */
export const requests = series(k6Metrics.requests, run, clientRoute, scenario);
/** Selects the same with an answer that the script did not expect, or none. */
export const unexpected = series(k6Metrics.requests, run, clientRoute, scenario, is(k6Labels.expectedResponse, "false"));
/** Selects the same without any answer. */
export const unanswered = series(k6Metrics.requests, run, clientRoute, scenario, is(k6Labels.status, "0"));
/** Selects the client's latency in the chosen scenarios. */
export const duration = series(k6Metrics.requestDuration, run, clientRoute, scenario);

/** Counts what was sent and not served. */
export const lost = `${countedSum(sent)} - ${countedSum(served)}`;

/** Names the labels by which a route is known on both sides. */
export const places = [targetLabels.method, targetLabels.route];
const byPlace = (expression: string): string => `sum by (${places.join(", ")}) (${expression})`;
/** Counts what was sent to each route. */
export const sentByRoute = byPlace(renamed(`(${counted(sent)})`, k6Labels.name, targetLabels.route));
/** Counts what failed of it. */
export const failedByRoute = byPlace(renamed(`(${counted(failed)})`, k6Labels.name, targetLabels.route));
/** Counts what the server counted of each route. */
export const servedByRoute = byPlace(counted(served));
/** Counts what was sent to each route and not served; a route that the server does not know is lost whole. */
export const lostByRoute = `${sentByRoute} - (${servedByRoute} or 0 * ${sentByRoute})`;

/** Are the shares of requests that latency is shown for. */
export const quantiles = [0.5, 0.95, 0.99] as const;
const nameOf = (quantile: number): string => `p${quantile * 100}`;
/** Asks for the latency of both sides at each quantile. */
export const bothSides: Query[] = quantiles.flatMap((quantile) => [
  { expr: nativeQuantile(quantile, duration), legend: `${nameOf(quantile)} client` },
  { expr: classicQuantile(quantile, buckets), legend: `${nameOf(quantile)} server` },
]);
/** Asks how much longer the client waited than the server worked, at a quantile. */
export const difference = (quantile: number): Query => ({
  expr: `${nativeQuantile(quantile, duration)} - ${classicQuantile(quantile, buckets)}`,
  legend: `${nameOf(quantile)} client minus server`,
});
