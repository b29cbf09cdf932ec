import * as units from "@grafana/grafana-foundation-sdk/units";
import { k6Labels, k6Metrics } from "../../slo/spec/names.ts";
import { choices, type Page } from "./page.ts";
import { green, lines, numbers, orange, red } from "./panels.ts";
import { among, countedSum, is, isNot, nativeQuantile, orZero, rate, rateWindow, series, variables } from "./promql.ts";

const run = is(k6Labels.testid, variables.testid);
const mine = [run, among(k6Labels.instance, variables.instance)];
const scenario = among(k6Labels.scenario, variables.scenario);

// k6 gives these no scenario: they are about the whole process.
const vus = series(k6Metrics.vus, ...mine);
const vusMax = series(k6Metrics.vusMax, ...mine);
const wrong = series(k6Metrics.wrongContents, ...mine);

const iterations = series(k6Metrics.iterations, ...mine, scenario);
const dropped = series(k6Metrics.droppedIterations, ...mine, scenario);
const requests = series(k6Metrics.requests, ...mine, scenario);
const duration = series(k6Metrics.iterationDuration, ...mine, scenario);
const slow = series(k6Metrics.slowRequests, ...mine, scenario, isNot(k6Labels.method, ""));

const phases = [
  [k6Metrics.requestBlocked, "blocked"],
  [k6Metrics.requestConnecting, "connecting"],
  [k6Metrics.requestTls, "TLS handshake"],
  [k6Metrics.requestSending, "sending"],
  [k6Metrics.requestWaiting, "waiting"],
  [k6Metrics.requestReceiving, "receiving"],
] as const;

const average = (metric: string): string => `histogram_avg(sum (rate(${series(metric, ...mine, scenario)}[${rateWindow}])))`;

/** Shows whether the load generator itself kept up, so that a slow client is not taken for a slow service. */
export const generator: Page = {
  uid: "plimsoll-generator",
  title: "Generator health",
  description:
    "Whether the load generator kept up. A run whose generator was short of virtual users, CPU or connections says little about the service.",
  variables: [choices.testid, choices.scenario, choices.generator],
  rows: [
    {
      title: "Kept up?",
      panels: [
        numbers(
          {
            title: "Generators",
            description: "k6 processes that wrote samples of this run in the last minutes.",
            unit: units.LocaleFormat,
            width: 4,
          },
          [{ expr: `count(max by (${k6Labels.instance}) (${vus}))`, legend: "generators" }],
        ),
        numbers(
          { title: "Iterations", description: "Iterations that came to their end, counted exactly.", unit: units.LocaleFormat, width: 4 },
          [{ expr: countedSum(iterations), legend: "iterations" }],
        ),
        numbers(
          {
            title: "Dropped iterations",
            description:
              "Iterations that were due and never began, because no virtual user was free: load that was offered and not served.",
            unit: units.LocaleFormat,
            width: 4,
          },
          [{ expr: orZero(countedSum(dropped), countedSum(iterations)), legend: "dropped" }],
          [
            [0, green],
            [1, red],
          ],
        ),
        numbers(
          { title: "Dropped share", description: "Dropped iterations of all that were due.", unit: units.PercentUnit, width: 4 },
          [
            {
              expr: `${orZero(countedSum(dropped), countedSum(iterations))} / (${countedSum(iterations)} + ${orZero(countedSum(dropped), countedSum(iterations))} > 0)`,
              legend: "dropped",
            },
          ],
          [
            [0, green],
            [0.001, orange],
            [0.01, red],
          ],
        ),
        numbers(
          {
            title: "Wrong contents",
            description: "Answers with the expected status and other bytes than were written.",
            unit: units.LocaleFormat,
            width: 4,
          },
          [{ expr: orZero(countedSum(wrong), countedSum(requests)), legend: "wrong" }],
          [
            [0, green],
            [1, red],
          ],
        ),
        numbers(
          {
            title: "Age of the newest sample",
            description:
              "How long ago k6 last got a sample into Prometheus, the oldest over its processes. During a run it stays near the push interval; a growing one means that samples wait in the relay.",
            unit: units.Seconds,
            width: 4,
          },
          [{ expr: `max(time() - max by (${k6Labels.instance}) (timestamp(${vus})))`, legend: "age" }],
          [
            [0, green],
            [10, orange],
            [60, red],
          ],
        ),
      ],
    },
    {
      title: "Offered and served",
      panels: [
        lines(
          {
            title: "Iterations a second",
            description: "Iterations a second, by scenario, and those that were dropped. Both together are what the scenario offered.",
            unit: units.OpsPerSecond,
            width: 12,
          },
          [
            { expr: rate(iterations, [k6Labels.scenario]), legend: "{{scenario}} done" },
            { expr: orZero(rate(dropped, [k6Labels.scenario]), rate(iterations, [k6Labels.scenario])), legend: "{{scenario}} dropped" },
          ],
          { min: 0, dashed: "/dropped/" },
        ),
        lines(
          {
            title: "Virtual users",
            description:
              "Virtual users at work, and how many k6 has made. When all are at work, the next iteration that is due is dropped.",
            unit: units.LocaleFormat,
            width: 12,
          },
          [
            { expr: `sum(${vus})`, legend: "at work" },
            { expr: `sum(${vusMax})`, legend: "made" },
          ],
          { min: 0, dashed: "/made/" },
        ),
        lines(
          {
            title: "Iteration duration",
            description: "How long an iteration takes, with the script's own time.",
            unit: units.Seconds,
            width: 12,
          },
          [0.5, 0.95, 0.99].map((quantile) => ({ expr: nativeQuantile(quantile, duration), legend: `p${quantile * 100}` })),
          { min: 0 },
        ),
        lines(
          {
            title: "Requests by generator",
            description: "Requests a second of each k6 process. The lines of an even split lie on each other.",
            unit: units.RequestsPerSecond,
            width: 12,
          },
          [{ expr: rate(requests, [k6Labels.instance]), legend: "{{instance_id}}" }],
          { min: 0 },
        ),
      ],
    },
    {
      title: "Inside a request",
      panels: [
        lines(
          {
            title: "Mean time by phase",
            description:
              "Where a request's time goes. `blocked`, `connecting` and `TLS handshake` come before what k6 calls the request's duration; `waiting` is the service and the network.",
            unit: units.Seconds,
            width: 12,
          },
          phases.map(([metric, legend]) => ({ expr: average(metric), legend })),
          { min: 0 },
        ),
        lines(
          {
            title: "p99 before the request is sent",
            description:
              "The slowest hundredth of waiting for a free connection, and of opening one. When it rises without the service's latency, the generator is the bottleneck. The dashed line is 10 ms.",
            unit: units.Seconds,
            width: 12,
          },
          [
            { expr: nativeQuantile(0.99, series(k6Metrics.requestBlocked, ...mine, scenario)), legend: "blocked" },
            { expr: nativeQuantile(0.99, series(k6Metrics.requestConnecting, ...mine, scenario)), legend: "connecting" },
          ],
          {
            min: 0,
            levels: [
              [0, green],
              [0.01, orange],
            ],
          },
        ),
        lines(
          { title: "Data", description: "Bytes a second on the wire, as k6 counts them.", unit: units.BytesPerSecondIEC, width: 12 },
          [
            { expr: rate(series(k6Metrics.dataSent, ...mine, scenario)), legend: "sent" },
            { expr: rate(series(k6Metrics.dataReceived, ...mine, scenario)), legend: "received" },
          ],
          { min: 0 },
        ),
        lines(
          {
            title: "Slow share, by threshold",
            description:
              "Share of requests that took longer than a threshold of the objectives, as the client counts them itself. Empty for a script that does not count them.",
            unit: units.PercentUnit,
            width: 12,
          },
          [{ expr: `${rate(slow, [k6Labels.threshold])} / on() group_left() (${rate(requests)} > 0)`, legend: "above {{threshold}} s" }],
          { min: 0 },
        ),
      ],
    },
  ],
};
