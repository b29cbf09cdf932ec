import { k6Labels, k6Metrics, scrapeLabels, targetLabels, targetMetrics } from "../../slo/spec/names.ts";
import { choices, type Page, row } from "./page.ts";
import { levels, lines, numbers, table } from "./panels.ts";
import {
  among,
  classicQuantile,
  counted,
  countedSum,
  is,
  lastKnown,
  nativeQuantile,
  orZero,
  percentiles,
  rate,
  series,
  share,
} from "./promql.ts";

const run = is(k6Labels.testid, "$testid");
const clientRoute = among(k6Labels.name, "$route");
const unexpectedOnly = is(k6Labels.expectedResponse, "false");

// What k6 sent to the chosen routes in every scenario of the run, the warm-up too: the server cannot tell them apart.
const sent = series(k6Metrics.requests, run, clientRoute);
const failed = series(k6Metrics.requests, run, clientRoute, unexpectedOnly);
const sentDuration = series(k6Metrics.requestDuration, run, clientRoute);

// The same in the chosen scenarios.
const mine = [run, clientRoute, among(k6Labels.scenario, "$scenario")];
const requests = series(k6Metrics.requests, ...mine);
const unexpected = series(k6Metrics.requests, ...mine, unexpectedOnly);
const unanswered = series(k6Metrics.requests, ...mine, is(k6Labels.status, "0"));
const duration = series(k6Metrics.requestDuration, ...mine);

// What the server counted on the chosen routes, whoever sent it.
const server = [is(scrapeLabels.job, "$job"), among(targetLabels.route, "$route")];
const served = series(`${targetMetrics.requestDuration}_count`, ...server);
const servedFailed = series(`${targetMetrics.requestDuration}_count`, ...server, among(targetLabels.status, "5.*"));
const servedSeconds = series(`${targetMetrics.requestDuration}_sum`, ...server);
const buckets = series(`${targetMetrics.requestDuration}_bucket`, ...server);

const lost = `${countedSum(sent)} - ${countedSum(served)}`;
// The labels by which a route is known on both sides; a route that the server does not know is lost whole.
const places = [targetLabels.method, targetLabels.route];
const byPlace = (expression: string): string => `sum by (${places.join(", ")}) (${expression})`;
const ofClient = (selector: string): string =>
  byPlace(`label_replace((${counted(selector)}), "${targetLabels.route}", "$1", "${k6Labels.name}", "(.*)")`);
const servedByRoute = byPlace(counted(served));
const lostByRoute = `${ofClient(sent)} - (${servedByRoute} or 0 * ${ofClient(sent)})`;
const perRoute = [k6Labels.method, k6Labels.name];

// How much longer the client waited than the server worked on average: of sums and counts, so free of buckets.
const meanOfRun = `histogram_avg(sum (${lastKnown(sentDuration)})) - ${countedSum(servedSeconds)} / ${countedSum(served)}`;
const meanNow = `histogram_avg(${rate(sentDuration)}) - ${rate(servedSeconds)} / (${rate(served)} > 0)`;

const client = percentiles((quantile) => nativeQuantile(quantile, duration));
const ofServer = percentiles((quantile) => classicQuantile(quantile, buckets));
const bothSides = Object.keys(client).flatMap((name) => [
  [`${name} client`, client[name]],
  [`${name} server`, ofServer[name]],
]);
const differences = Object.keys(client).map((name) => [`${name} client minus server`, `${client[name]} - ${ofServer[name]}`]);

const onlyZero = levels("orange", [0, "green"], [1, "red"]);
const exact = "Exact for a run that lies wholly within the time shown; no rate, nothing extrapolated.";

/** Shows what k6 saw beside what the server counted of the same requests. */
export const k6AgainstServer: Page = {
  uid: "plimsoll-k6-server",
  title: "k6 against server",
  description: "One run from both sides: what k6 sent and saw, what the server counted and measured, and what was lost between them.",
  variables: [choices.testid, choices.scenario, choices.route, choices.job],
  rows: [
    row("Counted", 4, [
      numbers("Requests sent", "locale", {
        about: `Requests of this run that k6 counted, in all its scenarios. ${exact}`,
        ask: { sent: countedSum(sent) },
      }),
      numbers("Requests the server counted", "locale", {
        about: `Requests to the same routes that the server counted, whoever sent them. ${exact}`,
        ask: { served: countedSum(served) },
      }),
      numbers("Lost between", "locale", {
        about: `Sent less served. During the run it swings by what was sent since the last scrape; after it anything but 0 is a finding: above, requests that never came or a server that restarted; below, other traffic on the same routes. ${exact}`,
        ask: { lost },
        levels: onlyZero,
      }),
      numbers("Unexpected answers, client", "locale", {
        about: `Answers that the script did not expect, and requests that got none. ${exact}`,
        ask: { unexpected: orZero(countedSum(failed), countedSum(sent)) },
        levels: levels("green", [1, "orange"]),
      }),
      numbers("5xx, server", "locale", {
        about: `Requests that the server answered with 500 or above. ${exact}`,
        ask: { "5xx": orZero(countedSum(servedFailed), countedSum(served)) },
        levels: levels("green", [1, "orange"]),
      }),
      numbers("Mean, client minus server", "s", {
        about: `What network, queues and the client itself add to a request on average: the client's mean less the server's, from sums and counts.`,
        ask: { "mean, client minus server": meanOfRun },
      }),
    ]),
    row("Rate and errors", 12, [
      lines("Request rate", "reqps", {
        about: "Requests a second on both sides. The server's line covers all senders and all scenarios.",
        ask: { "sent by k6": rate(requests), "counted by the server": rate(served) },
        dashed: "/server/",
      }),
      lines("Error share", "percentunit", {
        about: `Share of requests that failed: on the client every answer that the script did not expect, on the server the 5xx. Requests without any answer are among the client's. The dashed line is 1 %.`,
        ask: {
          "unexpected, client": share(rate(unexpected), rate(requests)),
          "no answer, client": share(rate(unanswered), rate(requests)),
          "5xx, server": share(rate(servedFailed), rate(served)),
        },
        levels: levels("green", [0.01, "red"]),
        dashed: "/server/",
      }),
    ]),
    row("Latency", 14, [
      lines("Latency of both sides", "s", {
        about: `Percentiles on one axis. The client's come from native histograms (buckets about 9 % wide) and leave out DNS, connect and TLS; the server's are interpolated within its fixed buckets.`,
        ask: Object.fromEntries(bothSides) as Record<string, string>,
        dashed: "/server/",
        height: 10,
      }),
      lines("Latency, client minus server", "s", {
        about: `What lies between the two clocks: network, connection queues, and a client short of CPU. A rising line while the server's own latency is flat points away from the service. The mean is exact; a percentile may come out below 0 where it lies within one of the server's coarse buckets.`,
        ask: { "mean, client minus server": meanNow, ...(Object.fromEntries(differences) as Record<string, string>) },
        signed: true,
        width: 10,
        height: 10,
      }),
    ]),
    row("Lost between, and by route", 12, [
      lines("Lost between, over time", "locale", {
        about: `Sent less served since the beginning of the time shown. It swings by what was sent since the last scrape and must come back to 0. ${exact}`,
        ask: { lost },
        levels: onlyZero,
        signed: true,
      }),
      lines("Lost between, by route", "locale", {
        about: `The same for each route. A route that the server does not know is lost whole. ${exact}`,
        ask: { "{{method}} {{route}}": lostByRoute },
        levels: onlyZero,
        signed: true,
      }),
      lines("Request rate by route", "reqps", {
        about: "Requests a second that k6 sent to each route.",
        ask: { "{{method}} {{name}}": rate(requests, perRoute) },
      }),
      lines("p99 by route, both sides", "s", {
        about: "The slowest hundredth of each route's requests, as the client and as the server saw them.",
        ask: {
          "{{method}} {{name}} client": nativeQuantile(0.99, duration, perRoute),
          "{{method}} {{route}} server": classicQuantile(0.99, buckets, places),
        },
        dashed: "/server/",
      }),
      table("Routes", {
        about: `What was sent to each route and what the server counted of it. ${exact}`,
        keys: places,
        columns: {
          sent: [ofClient(sent), "locale"],
          served: [servedByRoute, "locale"],
          lost: [lostByRoute, "locale", onlyZero],
          unexpected: [share(ofClient(failed), ofClient(sent)), "percentunit", levels("green", [0.001, "orange"], [0.01, "red"])],
        },
        width: 24,
      }),
    ]),
  ],
};
