import * as units from "@grafana/grafana-foundation-sdk/units";
import { processMetrics, scrapeLabels, scrapeMetrics, targetDetailLabels, targetLabels, targetMetrics } from "../../slo/spec/names.ts";
import { choices, type Page } from "./page.ts";
import { green, heat, lines, numbers, orange, red } from "./panels.ts";
import { among, classicQuantile, is, rate, rateWindow, series, share, startsWith, variables } from "./promql.ts";

const service = is(scrapeLabels.job, variables.job);
const instances = [service, among(scrapeLabels.instance, variables.instance)];
const routes = [...instances, among(targetLabels.route, variables.route)];

const count = series(`${targetMetrics.requestDuration}_count`, ...routes);
const failed = series(`${targetMetrics.requestDuration}_count`, ...routes, startsWith(targetLabels.status, "5"));
const buckets = series(`${targetMetrics.requestDuration}_bucket`, ...routes);
const place = [targetLabels.method, targetLabels.route];
const each = [scrapeLabels.instance];
const legend = "{{instance}}";

const gauge = (metric: string): string => `sum by (${each.join(", ")}) (${series(metric, ...instances)})`;

/** Shows the service from its own metrics: RED (rate, errors, duration) by route, USE (utilisation, saturation, errors) by instance. */
export const target: Page = {
  uid: "plimsoll-target",
  title: "RED and USE of the target",
  description:
    "The service as it sees itself: rate, errors and duration of its routes; utilisation, saturation and errors of its processes.",
  variables: [choices.testid, choices.job, choices.instance, choices.servedRoute],
  rows: [
    {
      title: "Now",
      panels: [
        numbers(
          { title: "Instances up", description: "Instances whose last scrape worked.", unit: units.Short, width: 6 },
          [{ expr: `sum(${series(scrapeMetrics.up, ...instances)})`, legend: "up" }],
          [
            [0, red],
            [1, green],
          ],
        ),
        numbers(
          { title: "Request rate", description: "Requests a second over the chosen routes.", unit: units.RequestsPerSecond, width: 6 },
          [{ expr: rate(count), legend: "rate" }],
        ),
        numbers(
          { title: "5xx share", description: "Share of requests answered with 500 or above.", unit: units.PercentUnit, width: 6 },
          [{ expr: share(rate(failed), rate(count)), legend: "5xx" }],
          [
            [0, green],
            [0.001, orange],
            [0.01, red],
          ],
        ),
        numbers(
          {
            title: "Restarts",
            description: "Times that a process began again in the time shown; its counters began at 0 with it.",
            unit: units.Short,
            width: 6,
          },
          [{ expr: `sum(changes(${series(processMetrics.startTime, ...instances)}[$__range]))`, legend: "restarts" }],
          [
            [0, green],
            [1, orange],
          ],
        ),
      ],
    },
    {
      title: "RED: rate, errors, duration",
      panels: [
        lines(
          { title: "Rate by route", description: "Requests a second.", unit: units.RequestsPerSecond, width: 12 },
          [{ expr: rate(count, place), legend: "{{method}} {{route}}" }],
          { min: 0 },
        ),
        lines(
          {
            title: "Rate by status",
            description: "Requests a second by the status of the answer. 499: the client left first; 599: a connection cut on purpose.",
            unit: units.RequestsPerSecond,
            width: 12,
          },
          [{ expr: `${rate(count, [targetLabels.status])} > 0`, legend: "{{status_code}}" }],
          { min: 0 },
        ),
        lines(
          {
            title: "5xx share by route",
            description: "Share of each route's requests that were answered with 500 or above. The dashed line is 1 %.",
            unit: units.PercentUnit,
            width: 12,
          },
          [{ expr: share(rate(failed, place), rate(count, place)), legend: "{{method}} {{route}}" }],
          {
            min: 0,
            levels: [
              [0, green],
              [0.01, red],
            ],
          },
        ),
        lines(
          {
            title: "Errors by type, and injected faults",
            description: "Failed requests a second by the service's own types, and faults that were switched on by kind.",
            unit: units.RequestsPerSecond,
            width: 12,
          },
          [
            { expr: rate(series(targetMetrics.errors, ...instances), [targetDetailLabels.errorType]), legend: "{{type}}" },
            { expr: rate(series(targetMetrics.faultsInjected, ...routes), [targetDetailLabels.fault]), legend: "fault: {{fault}}" },
          ],
          { min: 0, dashed: "/^fault/" },
        ),
        lines(
          {
            title: "Duration",
            description: "Seconds from request received to response sent, interpolated within the histogram's buckets.",
            unit: units.Seconds,
            width: 12,
          },
          [0.5, 0.95, 0.99].map((quantile) => ({ expr: classicQuantile(quantile, buckets), legend: `p${quantile * 100}` })),
          { min: 0 },
        ),
        lines(
          { title: "p99 by route", description: "The slowest hundredth of each route's requests.", unit: units.Seconds, width: 12 },
          [{ expr: `${classicQuantile(0.99, buckets, place)} >= 0`, legend: "{{method}} {{route}}" }],
          { min: 0 },
        ),
        heat(
          {
            title: "Duration, all of it",
            description: "Requests in each bucket over time: a second band is a second kind of request, a shift is a slowdown of all.",
            unit: units.Seconds,
            width: 24,
          },
          { expr: `sum by (le) (increase(${buckets}[${rateWindow}]))`, legend: "{{le}}" },
        ),
      ],
    },
    {
      title: "USE: utilisation, saturation, errors",
      panels: [
        lines(
          {
            title: "CPU",
            description:
              "CPU seconds a second, so cores. One Node process runs JavaScript on one core: near 1 it is full. The dashed line is 0.9.",
            unit: units.Short,
            width: 8,
          },
          [{ expr: rate(series(processMetrics.cpu, ...instances), each), legend }],
          {
            min: 0,
            levels: [
              [0, green],
              [0.9, red],
            ],
          },
        ),
        lines(
          {
            title: "Memory",
            description: "Resident memory, and how much of the JavaScript heap is in use.",
            unit: units.BytesIEC,
            width: 8,
          },
          [
            { expr: gauge(processMetrics.residentMemory), legend: `${legend} resident` },
            { expr: gauge(processMetrics.heapUsed), legend: `${legend} heap used` },
            { expr: gauge(processMetrics.heapTotal), legend: `${legend} heap` },
          ],
          { min: 0, dashed: "/heap$/" },
        ),
        lines(
          {
            title: "Open files",
            description: "File descriptors in use, as a share of the limit; connections are among them. The dashed line is 80 %.",
            unit: units.PercentUnit,
            width: 8,
          },
          [{ expr: `${gauge(processMetrics.openFiles)} / ${gauge(processMetrics.openFilesLimit)}`, legend }],
          {
            min: 0,
            levels: [
              [0, green],
              [0.8, red],
            ],
          },
        ),
        lines(
          { title: "Requests in flight", description: "Saturation: requests received and not yet answered.", unit: units.Short, width: 8 },
          [{ expr: gauge(targetMetrics.activeRequests), legend }],
          { min: 0 },
        ),
        lines(
          {
            title: "Event loop lag",
            description: "Saturation: how late the event loop runs what is due. The dashed line is 50 ms.",
            unit: units.Seconds,
            width: 8,
          },
          [
            { expr: gauge(processMetrics.eventLoopLagMedian), legend: `${legend} p50` },
            { expr: gauge(processMetrics.eventLoopLagP99), legend: `${legend} p99` },
          ],
          {
            min: 0,
            levels: [
              [0, green],
              [0.05, orange],
            ],
          },
        ),
        lines(
          {
            title: "Garbage collection",
            description: "Share of time spent collecting garbage, by kind.",
            unit: units.PercentUnit,
            width: 8,
          },
          [
            {
              expr: rate(series(`${processMetrics.garbageCollection}_sum`, ...instances), [...each, targetDetailLabels.collection]),
              legend: `${legend} {{kind}}`,
            },
          ],
          { min: 0 },
        ),
        lines(
          {
            title: "Up",
            description: "Errors: 1 while the last scrape of an instance worked, 0 while it did not.",
            unit: units.Short,
            width: 24,
            height: 5,
          },
          [{ expr: `max by (${each.join(", ")}) (${series(scrapeMetrics.up, ...instances)})`, legend }],
          { min: 0 },
        ),
      ],
    },
  ],
};
