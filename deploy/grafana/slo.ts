import { k6Labels, k6Metrics, plimsollLabels as labels, plimsollMetrics as metrics } from "../../slo/spec/names.ts";
import { choices, type Page, row } from "./page.ts";
import { bars, levels, lines, names, table } from "./panels.ts";
import { among, is, isNot, lastKnown, rate, series, share } from "./promql.ts";

const budgetLevels = levels("green", [0.5, "orange"], [1, "red"]);
const runs = [is(labels.service, "$service"), among(labels.scenario, "$scenario")];
const objectives = [...runs, among(labels.objective, "$objective")];
const run = is(labels.testid, "$testid");
const mine = [run, among(labels.objective, "$objective")];

const by = (...names: string[]): string => `max by (${names.join(", ")})`;
const byObjective = by(labels.objective);
const byWindow = by(labels.objective, labels.window);
const last = (metric: string, ...more: string[]): string => `${byObjective} (${lastKnown(series(metric, ...mine, ...more))})`;

const events = series(metrics.events, ...mine);
const badEvents = series(metrics.badEvents, ...mine);
const allowed = `(1 - ${last(metrics.targetRatio)})`;
const eventsAtEnd = `${byObjective} (last_over_time(${events}[$__range] @ end()))`;

const burnOver = (window: string): string =>
  `sum by (${labels.objective}) (increase(${badEvents}[${window}])) / (sum by (${labels.objective}) (increase(${events}[${window}])) > 0) / ${allowed}`;

const live = [is(k6Labels.testid, "$testid"), isNot(k6Labels.scenario, "")];
const requests = series(k6Metrics.requests, ...live);
const failed = series(k6Metrics.requests, ...live, is(k6Labels.expectedResponse, "false"));
const slow = series(k6Metrics.slowRequests, ...live, isNot(k6Labels.method, ""));

const objective = `{{${labels.objective}}}`;
const ofRun = "{{scenario}}, {{objective}}";

/** Shows what a run did to the error budgets of its objectives, and how the runs before it did. */
export const slo: Page = {
  uid: "plimsoll-slo",
  title: "SLO",
  description: `Verdicts, error budgets and burn rates. A budget is the share of requests that an objective lets fail; 100 % spent is its end.`,
  variables: [choices.service, choices.judgedScenario, choices.judgedRun, choices.objective],
  rows: [
    row("This run", 9, [
      names("Verdict", {
        about: "The worst of the run's objectives; exceeded is worse than inconclusive.",
        ask: { [`{{${labels.verdict}}}`]: `${by(labels.verdict)} (${lastKnown(series(metrics.runVerdict, run))}) == 1` },
        colours: { met: "green", exceeded: "red", inconclusive: "orange" },
        width: 6,
        height: 8,
      }),
      bars("Budget spent", "percentunit", {
        about: "Share of the run's error budget that each objective spent: its error ratio divided by what its target allows.",
        ask: { [objective]: last(metrics.budgetSpent) },
        levels: budgetLevels,
      }),
      bars("Worst burn, of its limit", "percentunit", {
        about: `The fastest burn found in each pair of windows, as a share of the rate that counts as a burst. At 100 % a burst was found that the average of the whole run may hide.`,
        ask: {
          [`${objective}, {{${labels.window}}}`]: `${byWindow} (${lastKnown(series(metrics.worstBurnRate, ...mine))}) / ${byWindow} (${lastKnown(series(metrics.burnRateThreshold, ...mine))})`,
        },
        levels: budgetLevels,
      }),
      table("Objectives", {
        about: `What each objective asks, what was found, and between which bounds the true error ratio is proved to lie. Met means that the upper bound is within the allowed ratio; exceeded, that the lower one is above it.`,
        keys: [labels.objective],
        columns: {
          target: [last(metrics.targetRatio), "percentunit"],
          "allowed error ratio": [allowed, "percentunit"],
          "error ratio": [last(metrics.errorRatio), "percentunit"],
          "proved at least": [last(metrics.provedErrorRatio, is(labels.bound, "least")), "percentunit"],
          "proved at most": [last(metrics.provedErrorRatio, is(labels.bound, "most")), "percentunit"],
          "budget spent": [last(metrics.budgetSpent), "percentunit", budgetLevels],
          "met (1) or not (0)": [last(metrics.objectiveVerdict, is(labels.verdict, "met")), "none"],
        },
        width: 24,
        height: 7,
      }),
    ]),
    row("How the budget went", 12, [
      lines("Budget spent over the run", "percentunit", {
        about: "Bad events so far, of those that the whole run could afford. The dashed line is the end of the budget.",
        ask: { [objective]: `${byObjective} (${badEvents}) / (${allowed} * ${eventsAtEnd} > 0)` },
        levels: levels("green", [1, "red"]),
      }),
      lines("Error ratio against the objective", "percentunit", {
        about: "Bad events of all events over short windows; the dashed lines are what each objective allows.",
        ask: {
          [objective]: `${rate(badEvents, [labels.objective])} / (${rate(events, [labels.objective])} > 0)`,
          [`${objective} allowed`]: allowed,
        },
        dashed: "/allowed$/",
      }),
      lines("Burn rate by window", "short", {
        about: `How many times faster than allowed the budget burns, over the last 30 s, 1 min and 5 min. At 1 the budget lasts just as long as the run. For the eye: the verdict uses exact counts.`,
        ask: Object.fromEntries(["30s", "1m", "5m"].map((window) => [`${objective}, ${window}`, burnOver(window)])),
        levels: levels("green", [1, "orange"], [14.4, "red"]),
        width: 24,
      }),
    ]),
    row("While it runs: k6's own counts", 12, [
      lines("Unexpected answers", "percentunit", {
        about: "Share of the run's requests that failed, before any verdict. Objectives of the server side are not in it.",
        ask: { "{{scenario}}": share(rate(failed, [k6Labels.scenario]), rate(requests, [k6Labels.scenario])) },
      }),
      lines("Slow requests", "percentunit", {
        about: "Share of the run's requests above each latency threshold of the spec, as the client counts them.",
        ask: { "above {{threshold}} s": `${rate(slow, [k6Labels.threshold])} / on() group_left() (${rate(requests)} > 0)` },
      }),
    ]),
    row("Run by run", 12, [
      lines("Budget spent by run", "percentunit", {
        about: "One point for each run and objective. Above the dashed line the budget was exceeded.",
        ask: { [ofRun]: series(metrics.budgetSpent, ...objectives) },
        levels: levels("green", [1, "red"]),
        points: true,
      }),
      lines("Error ratio by run", "percentunit", {
        about: "One point for each run and objective, and what the objective allowed at that time.",
        ask: {
          [ofRun]: series(metrics.errorRatio, ...objectives),
          [`${ofRun} allowed`]: `1 - ${series(metrics.targetRatio, ...objectives)}`,
        },
        points: true,
      }),
      table("Runs", {
        about: "The verdicts of the time shown. A run that was judged again has its latest verdict.",
        keys: [labels.testid, labels.scenario, labels.verdict],
        columns: {
          runs: [`${by(labels.testid, labels.scenario, labels.verdict)} (${lastKnown(series(metrics.runVerdict, ...runs))}) == 1`, "short"],
        },
        width: 24,
      }),
    ]),
  ],
};
