import { processMetrics, scrapeLabels, scrapeMetrics, targetDetailLabels, targetLabels, targetMetrics } from "../../slo/spec/names.ts";
import { choices, type Page, row } from "./page.ts";
import { heat, levels, lines, numbers } from "./panels.ts";
import { among, classicQuantile, is, percentiles, rate, rateWindow, series, share } from "./promql.ts";

const instances = [is(scrapeLabels.job, "$job"), among(scrapeLabels.instance, "$instance")];
const routes = [...instances, among(targetLabels.route, "$route")];

const count = series(`${targetMetrics.requestDuration}_count`, ...routes);
const failed = series(`${targetMetrics.requestDuration}_count`, ...routes, among(targetLabels.status, "5.*"));
const buckets = series(`${targetMetrics.requestDuration}_bucket`, ...routes);
const place = [targetLabels.method, targetLabels.route];
const ofPlace = "{{method}} {{route}}";

const each = [scrapeLabels.instance];
const instance = "{{instance}}";
const gauge = (metric: string): string => `sum by (${each.join(", ")}) (${series(metric, ...instances)})`;

/** Shows the service from its own metrics: RED (rate, errors, duration) by route, USE (utilisation, saturation, errors) by instance. */
export const target: Page = {
  uid: "plimsoll-target",
  title: "RED and USE of the target",
  description: `The service as it sees itself: rate, errors and duration of its routes; utilisation, saturation and errors of its processes.`,
  variables: [choices.testid, choices.job, choices.instance, choices.servedRoute],
  rows: [
    row("Now", 6, [
      numbers("Instances up", "short", {
        about: "Instances whose last scrape worked.",
        ask: { up: `sum(${series(scrapeMetrics.up, ...instances)})` },
        levels: levels("red", [1, "green"]),
      }),
      numbers("Request rate", "reqps", { about: "Requests a second over the chosen routes.", ask: { rate: rate(count) } }),
      numbers("5xx share", "percentunit", {
        about: "Share of requests answered with 500 or above.",
        ask: { "5xx": share(rate(failed), rate(count)) },
        levels: levels("green", [0.001, "orange"], [0.01, "red"]),
      }),
      numbers("Restarts", "short", {
        about: "Times that a process began again in the time shown; its counters began at 0 with it.",
        ask: { restarts: `sum(changes(${series(processMetrics.startTime, ...instances)}[$__range]))` },
        levels: levels("green", [1, "orange"]),
      }),
    ]),
    row("RED: rate, errors, duration", 12, [
      lines("Rate by route", "reqps", { about: "Requests a second.", ask: { [ofPlace]: rate(count, place) } }),
      lines("Rate by status", "reqps", {
        about: "Requests a second by the status of the answer. 499: the client left first; 599: a connection cut on purpose.",
        ask: { "{{status_code}}": `${rate(count, [targetLabels.status])} > 0` },
      }),
      lines("5xx share by route", "percentunit", {
        about: "Share of each route's requests that were answered with 500 or above. The dashed line is 1 %.",
        ask: { [ofPlace]: share(rate(failed, place), rate(count, place)) },
        levels: levels("green", [0.01, "red"]),
      }),
      lines("Errors by type, and injected faults", "reqps", {
        about: "Failed requests a second by the service's own types, and faults that were switched on by kind.",
        ask: {
          "{{type}}": rate(series(targetMetrics.errors, ...instances), [targetDetailLabels.errorType]),
          "fault: {{fault}}": rate(series(targetMetrics.faultsInjected, ...routes), [targetDetailLabels.fault]),
        },
        dashed: "/^fault/",
      }),
      lines("Duration", "s", {
        about: "Seconds from request received to response sent, interpolated within the histogram's buckets.",
        ask: percentiles((quantile) => classicQuantile(quantile, buckets)),
      }),
      lines("p99 by route", "s", {
        about: "The slowest hundredth of each route's requests.",
        ask: { [ofPlace]: `${classicQuantile(0.99, buckets, place)} >= 0` },
      }),
      heat("Duration, all of it", "s", {
        about: "Requests in each bucket over time: a second band is a second kind of request, a shift is a slowdown of all.",
        ask: { "{{le}}": `sum by (le) (increase(${buckets}[${rateWindow}]))` },
        width: 24,
      }),
    ]),
    row("USE: utilisation, saturation, errors", 8, [
      lines("CPU", "short", {
        about: "CPU seconds a second, so cores. One Node process runs JavaScript on one core: near 1 it is full. The dashed line is 0.9.",
        ask: { [instance]: rate(series(processMetrics.cpu, ...instances), each) },
        levels: levels("green", [0.9, "red"]),
      }),
      lines("Memory", "bytes", {
        about: "Resident memory, and how much of the JavaScript heap is in use.",
        ask: {
          [`${instance} resident`]: gauge(processMetrics.residentMemory),
          [`${instance} heap used`]: gauge(processMetrics.heapUsed),
          [`${instance} heap`]: gauge(processMetrics.heapTotal),
        },
        dashed: "/heap$/",
      }),
      lines("Open files", "percentunit", {
        about: "File descriptors in use, as a share of the limit; connections are among them. The dashed line is 80 %.",
        ask: { [instance]: `${gauge(processMetrics.openFiles)} / ${gauge(processMetrics.openFilesLimit)}` },
        levels: levels("green", [0.8, "red"]),
      }),
      lines("Requests in flight", "short", {
        about: "Saturation: requests received and not yet answered.",
        ask: { [instance]: gauge(targetMetrics.activeRequests) },
      }),
      lines("Event loop lag", "s", {
        about: "Saturation: how late the event loop runs what is due. The dashed line is 50 ms.",
        ask: { [`${instance} p50`]: gauge(processMetrics.eventLoopLagMedian), [`${instance} p99`]: gauge(processMetrics.eventLoopLagP99) },
        levels: levels("green", [0.05, "orange"]),
      }),
      lines("Garbage collection", "percentunit", {
        about: "Share of time spent collecting garbage, by kind.",
        ask: {
          [`${instance} {{kind}}`]: rate(series(`${processMetrics.garbageCollection}_sum`, ...instances), [
            ...each,
            targetDetailLabels.collection,
          ]),
        },
      }),
      lines("Up", "short", {
        about: "Errors: 1 while the last scrape of an instance worked, 0 while it did not.",
        ask: { [instance]: `max by (${each.join(", ")}) (${series(scrapeMetrics.up, ...instances)})` },
        width: 24,
        height: 5,
      }),
    ]),
  ],
};
