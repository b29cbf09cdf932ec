import * as units from "@grafana/grafana-foundation-sdk/units";
import { k6Labels } from "../../slo/spec/names.ts";
import {
  bothSides,
  buckets,
  difference,
  duration,
  failed,
  failedByRoute,
  lost,
  lostByRoute,
  meanDifference,
  meanDifferenceNow,
  places,
  quantiles,
  requests,
  sent,
  sentByRoute,
  served,
  servedByRoute,
  servedFailed,
  unanswered,
  unexpected,
} from "./both-sides.ts";
import { choices, type Page } from "./page.ts";
import { green, type Levels, lines, numbers, orange, plain, red, table } from "./panels.ts";
import { classicQuantile, countedSum, nativeQuantile, orZero, rate, share } from "./promql.ts";

const onlyZero: Levels = [
  [0, orange],
  [0, green],
  [1, red],
];
const none: Levels = [
  [0, green],
  [1, orange],
];
const exact = "Exact for a run that lies wholly within the time shown; no rate, nothing extrapolated.";

/** Shows what k6 saw beside what the server counted of the same requests. */
export const k6AgainstServer: Page = {
  uid: "plimsoll-k6-server",
  title: "k6 against server",
  description: "One run from both sides: what k6 sent and saw, what the server counted and measured, and what was lost between them.",
  variables: [choices.testid, choices.scenario, choices.route, choices.job],
  rows: [
    {
      title: "Counted",
      panels: [
        numbers(
          {
            title: "Requests sent",
            description: `Requests of this run that k6 counted, in all its scenarios. ${exact}`,
            unit: units.LocaleFormat,
            width: 4,
          },
          [{ expr: countedSum(sent), legend: "sent" }],
        ),
        numbers(
          {
            title: "Requests the server counted",
            description: `Requests to the same routes that the server counted, whoever sent them. ${exact}`,
            unit: units.LocaleFormat,
            width: 4,
          },
          [{ expr: countedSum(served), legend: "served" }],
        ),
        numbers(
          {
            title: "Lost between",
            description: `Sent less served. During the run it swings by what was sent since the last scrape; after it anything but 0 is a finding: above, requests that never came or a server that restarted; below, other traffic on the same routes. ${exact}`,
            unit: units.LocaleFormat,
            width: 4,
          },
          [{ expr: lost, legend: "lost" }],
          onlyZero,
        ),
        numbers(
          {
            title: "Unexpected answers, client",
            description: `Answers that the script did not expect, and requests that got none. ${exact}`,
            unit: units.LocaleFormat,
            width: 4,
          },
          [{ expr: orZero(countedSum(failed), countedSum(sent)), legend: "unexpected" }],
          none,
        ),
        numbers(
          {
            title: "5xx, server",
            description: `Requests that the server answered with 500 or above. ${exact}`,
            unit: units.LocaleFormat,
            width: 4,
          },
          [{ expr: orZero(countedSum(servedFailed), countedSum(served)), legend: "5xx" }],
          none,
        ),
        numbers(
          {
            title: "Mean, client minus server",
            description:
              "What network, queues and the client itself add to a request on average: the client's mean less the server's, from sums and counts.",
            unit: units.Seconds,
            width: 4,
          },
          [meanDifference],
          plain,
        ),
      ],
    },
    {
      title: "Rate and errors",
      panels: [
        lines(
          {
            title: "Request rate",
            description: "Requests a second on both sides. The server's line covers all senders and all scenarios.",
            unit: units.RequestsPerSecond,
            width: 12,
          },
          [
            { expr: rate(requests), legend: "sent by k6" },
            { expr: rate(served), legend: "counted by the server" },
          ],
          { min: 0, dashed: "/server/" },
        ),
        lines(
          {
            title: "Error share",
            description:
              "Share of requests that failed: on the client every answer that the script did not expect, on the server the 5xx. Requests without any answer are among the client's. The dashed line is 1 %.",
            unit: units.PercentUnit,
            width: 12,
          },
          [
            { expr: share(rate(unexpected), rate(requests)), legend: "unexpected, client" },
            { expr: share(rate(unanswered), rate(requests)), legend: "no answer, client" },
            { expr: share(rate(servedFailed), rate(served)), legend: "5xx, server" },
          ],
          {
            min: 0,
            dashed: "/server/",
            levels: [
              [0, green],
              [0.01, red],
            ],
          },
        ),
      ],
    },
    {
      title: "Latency",
      panels: [
        lines(
          {
            title: "Latency of both sides",
            description:
              "Percentiles on one axis. The client's come from native histograms (buckets about 9 % wide) and leave out DNS, connect and TLS; the server's are interpolated within its fixed buckets.",
            unit: units.Seconds,
            width: 14,
            height: 10,
          },
          bothSides,
          { min: 0, dashed: "/server/" },
        ),
        lines(
          {
            title: "Latency, client minus server",
            description:
              "What lies between the two clocks: network, connection queues, and a client short of CPU. A rising line while the server's own latency is flat points away from the service. The mean is exact; a percentile may come out below 0 where it lies within one of the server's coarse buckets.",
            unit: units.Seconds,
            width: 10,
            height: 10,
          },
          [meanDifferenceNow, ...quantiles.map(difference)],
        ),
      ],
    },
    {
      title: "Lost between, and by route",
      panels: [
        lines(
          {
            title: "Lost between, over time",
            description: `Sent less served since the beginning of the time shown. It swings by what was sent since the last scrape and must come back to 0. ${exact}`,
            unit: units.LocaleFormat,
            width: 12,
          },
          [{ expr: lost, legend: "lost" }],
          {
            levels: onlyZero,
          },
        ),
        lines(
          {
            title: "Lost between, by route",
            description: `The same for each route. A route that the server does not know is lost whole. ${exact}`,
            unit: units.LocaleFormat,
            width: 12,
          },
          [{ expr: lostByRoute, legend: "{{method}} {{route}}" }],
          {
            levels: onlyZero,
          },
        ),
        lines(
          {
            title: "Request rate by route",
            description: "Requests a second that k6 sent to each route.",
            unit: units.RequestsPerSecond,
            width: 12,
          },
          [{ expr: rate(requests, [k6Labels.method, k6Labels.name]), legend: "{{method}} {{name}}" }],
          { min: 0 },
        ),
        lines(
          {
            title: "p99 by route, both sides",
            description: "The slowest hundredth of each route's requests, as the client and as the server saw them.",
            unit: units.Seconds,
            width: 12,
          },
          [
            { expr: nativeQuantile(0.99, duration, [k6Labels.method, k6Labels.name]), legend: "{{method}} {{name}} client" },
            { expr: classicQuantile(0.99, buckets, places), legend: "{{method}} {{route}} server" },
          ],
          { min: 0, dashed: "/server/" },
        ),
        table(
          {
            title: "Routes",
            description: `What was sent to each route and what the server counted of it. ${exact}`,
            unit: units.LocaleFormat,
            width: 24,
          },
          places,
          [
            { expr: sentByRoute, legend: "sent", unit: units.LocaleFormat },
            { expr: servedByRoute, legend: "served", unit: units.LocaleFormat },
            {
              expr: lostByRoute,
              legend: "lost",
              unit: units.LocaleFormat,
              levels: onlyZero,
            },
            {
              expr: share(failedByRoute, sentByRoute),
              legend: "unexpected",
              unit: units.PercentUnit,
              levels: [
                [0, green],
                [0.001, orange],
                [0.01, red],
              ],
            },
          ],
        ),
      ],
    },
  ],
};
