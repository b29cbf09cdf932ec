import { k6Labels, k6Metrics } from "../../slo/spec/names.ts";
import { choices, type Page, row } from "./page.ts";
import { levels, lines, numbers } from "./panels.ts";
import { among, countedSum, is, isNot, nativeQuantile, orZero, percentiles, rate, rateWindow, series } from "./promql.ts";

const mine = [is(k6Labels.testid, "$testid"), among(k6Labels.instance, "$instance")];
const chosen = [...mine, among(k6Labels.scenario, "$scenario")];

// k6 gives these no scenario: they are about the whole process.
const vus = series(k6Metrics.vus, ...mine);
const vusMax = series(k6Metrics.vusMax, ...mine);
const wrong = series(k6Metrics.wrongContents, ...mine);

const iterations = series(k6Metrics.iterations, ...chosen);
const dropped = series(k6Metrics.droppedIterations, ...chosen);
const droppedCount = orZero(countedSum(dropped), countedSum(iterations));
const requests = series(k6Metrics.requests, ...chosen);
const duration = series(k6Metrics.iterationDuration, ...chosen);
const slow = series(k6Metrics.slowRequests, ...chosen, isNot(k6Labels.method, ""));
const byScenario = [k6Labels.scenario];

const average = (metric: string): string => `histogram_avg(sum (rate(${series(metric, ...chosen)}[${rateWindow}])))`;

/** Shows whether the load generator itself kept up, so that a slow client is not taken for a slow service. */
export const generator: Page = {
  uid: "plimsoll-generator",
  title: "Generator health",
  description: `Whether the load generator kept up. A run whose generator was short of virtual users, CPU or connections says little about the service.`,
  variables: [choices.testid, choices.scenario, choices.generator],
  rows: [
    row("Kept up?", 4, [
      numbers("Generators", "locale", {
        about: "k6 processes that wrote samples of this run in the last minutes.",
        ask: { generators: `count(max by (${k6Labels.instance}) (${vus}))` },
      }),
      numbers("Iterations", "locale", {
        about: "Iterations that came to their end, counted exactly.",
        ask: { iterations: countedSum(iterations) },
      }),
      numbers("Dropped iterations", "locale", {
        about: "Iterations that were due and never began, because no virtual user was free: load that was offered and not served.",
        ask: { dropped: droppedCount },
        levels: levels("green", [1, "red"]),
      }),
      numbers("Dropped share", "percentunit", {
        about: "Dropped iterations of all that were due.",
        ask: { dropped: `${droppedCount} / (${countedSum(iterations)} + ${droppedCount} > 0)` },
        levels: levels("green", [0.001, "orange"], [0.01, "red"]),
      }),
      numbers("Wrong contents", "locale", {
        about: "Answers with the expected status and other bytes than were written.",
        ask: { wrong: orZero(countedSum(wrong), countedSum(requests)) },
        levels: levels("green", [1, "red"]),
      }),
      numbers("Age of the newest sample", "s", {
        about: `How long ago k6 last got a sample into Prometheus, the oldest over its processes. During a run it stays near the push interval; a growing one means that samples wait in the relay.`,
        ask: { age: `max(time() - max by (${k6Labels.instance}) (timestamp(${vus})))` },
        levels: levels("green", [10, "orange"], [60, "red"]),
      }),
    ]),
    row("Offered and served", 12, [
      lines("Iterations a second", "ops", {
        about: "Iterations a second, by scenario, and those that were dropped. Both together are what the scenario offered.",
        ask: {
          "{{scenario}} done": rate(iterations, byScenario),
          "{{scenario}} dropped": orZero(rate(dropped, byScenario), rate(iterations, byScenario)),
        },
        dashed: "/dropped/",
      }),
      lines("Virtual users", "locale", {
        about: "Virtual users at work, and how many k6 has made. When all are at work, the next iteration that is due is dropped.",
        ask: { "at work": `sum(${vus})`, made: `sum(${vusMax})` },
        dashed: "/made/",
      }),
      lines("Iteration duration", "s", {
        about: "How long an iteration takes, with the script's own time.",
        ask: percentiles((quantile) => nativeQuantile(quantile, duration)),
      }),
      lines("Requests by generator", "reqps", {
        about: "Requests a second of each k6 process. The lines of an even split lie on each other.",
        ask: { "{{instance_id}}": rate(requests, [k6Labels.instance]) },
      }),
    ]),
    row("Inside a request", 12, [
      lines("Mean time by phase", "s", {
        about: `Where a request's time goes. \`blocked\`, \`connecting\` and \`TLS handshake\` come before what k6 calls the request's duration; \`waiting\` is the service and the network.`,
        ask: {
          blocked: average(k6Metrics.requestBlocked),
          connecting: average(k6Metrics.requestConnecting),
          "TLS handshake": average(k6Metrics.requestTls),
          sending: average(k6Metrics.requestSending),
          waiting: average(k6Metrics.requestWaiting),
          receiving: average(k6Metrics.requestReceiving),
        },
      }),
      lines("p99 before the request is sent", "s", {
        about: `The slowest hundredth of waiting for a free connection, and of opening one. When it rises without the service's latency, the generator is the bottleneck. The dashed line is 10 ms.`,
        ask: {
          blocked: nativeQuantile(0.99, series(k6Metrics.requestBlocked, ...chosen)),
          connecting: nativeQuantile(0.99, series(k6Metrics.requestConnecting, ...chosen)),
        },
        levels: levels("green", [0.01, "orange"]),
      }),
      lines("Data", "binBps", {
        about: "Bytes a second on the wire, as k6 counts them.",
        ask: { sent: rate(series(k6Metrics.dataSent, ...chosen)), received: rate(series(k6Metrics.dataReceived, ...chosen)) },
      }),
      lines("Slow share, by threshold", "percentunit", {
        about: `Share of requests that took longer than a threshold of the objectives, as the client counts them itself. Empty for a script that does not count them.`,
        ask: { "above {{threshold}} s": `${rate(slow, [k6Labels.threshold])} / on() group_left() (${rate(requests)} > 0)` },
      }),
    ]),
  ],
};
