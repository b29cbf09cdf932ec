import * as units from "@grafana/grafana-foundation-sdk/units";
import { k6Labels, k6Metrics, plimsollLabels as labels, plimsollMetrics as metrics } from "../../slo/spec/names.ts";
import { choices, type Page } from "./page.ts";
import { bars, green, type Levels, lines, names, orange, red, table } from "./panels.ts";
import { among, is, isNot, lastKnown, rate, series, share, variables } from "./promql.ts";

const verdictColours = { met: green, exceeded: red, inconclusive: orange };
const budgetLevels: Levels = [
  [0, green],
  [0.5, orange],
  [1, red],
];

const runs = [is(labels.service, variables.service), among(labels.scenario, variables.scenario)];
const objectives = [...runs, among(labels.objective, variables.objective)];
const run = is(labels.testid, variables.testid);
const mine = [run, among(labels.objective, variables.objective)];

const by = (...names: string[]): string => `max by (${names.join(", ")})`;
const byObjective = by(labels.objective);
const last = (metric: string, ...more: string[]): string => `${byObjective} (${lastKnown(series(metric, ...mine, ...more))})`;

const events = series(metrics.events, ...mine);
const badEvents = series(metrics.badEvents, ...mine);
const allowed = `(1 - ${last(metrics.targetRatio)})`;
const eventsAtEnd = `${byObjective} (last_over_time(${events}[$__range] @ end()))`;

const burnOver = (window: string): string =>
  `sum by (${labels.objective}) (increase(${badEvents}[${window}])) / (sum by (${labels.objective}) (increase(${events}[${window}])) > 0) / ${allowed}`;

const live = [is(k6Labels.testid, variables.testid), isNot(k6Labels.scenario, "")];
const requests = series(k6Metrics.requests, ...live);
const slow = series(k6Metrics.slowRequests, ...live, isNot(k6Labels.method, ""));

/** Shows what a run did to the error budgets of its objectives, and how the runs before it did. */
export const slo: Page = {
  uid: "plimsoll-slo",
  title: "SLO",
  description:
    "Verdicts, error budgets and burn rates. A budget is the share of requests that an objective lets fail; 100 % spent is its end.",
  variables: [choices.service, choices.judgedScenario, choices.judgedRun, choices.objective],
  rows: [
    {
      title: "This run",
      panels: [
        names(
          {
            title: "Verdict",
            description: "The worst of the run's objectives; exceeded is worse than inconclusive.",
            unit: units.NoUnit,
            width: 6,
            height: 8,
          },
          [{ expr: `${by(labels.verdict)} (${lastKnown(series(metrics.runVerdict, run))}) == 1`, legend: `{{${labels.verdict}}}` }],
          verdictColours,
        ),
        bars(
          {
            title: "Budget spent",
            description: "Share of the run's error budget that each objective spent: its error ratio divided by what its target allows.",
            unit: units.PercentUnit,
            width: 9,
          },
          [{ expr: last(metrics.budgetSpent), legend: `{{${labels.objective}}}` }],
          budgetLevels,
        ),
        bars(
          {
            title: "Worst burn, of its limit",
            description:
              "The fastest burn found in each pair of windows, as a share of the rate that counts as a burst. At 100 % a burst was found that the average of the whole run may hide.",
            unit: units.PercentUnit,
            width: 9,
          },
          [
            {
              expr: `${by(labels.objective, labels.window)} (${lastKnown(series(metrics.worstBurn, ...mine))}) / ${by(labels.objective, labels.window)} (${lastKnown(series(metrics.burnLimit, ...mine))})`,
              legend: `{{${labels.objective}}}, {{${labels.window}}}`,
            },
          ],
          budgetLevels,
        ),
        table(
          {
            title: "Objectives",
            description:
              "What each objective asks, what was found, and between which bounds the true error ratio is proved to lie. Met means that the upper bound is within the allowed ratio; exceeded, that the lower one is above it.",
            unit: units.PercentUnit,
            width: 24,
            height: 7,
          },
          [labels.objective],
          [
            { expr: last(metrics.targetRatio), legend: "target", unit: units.PercentUnit },
            { expr: allowed, legend: "allowed error ratio", unit: units.PercentUnit },
            { expr: last(metrics.errorRatio), legend: "error ratio", unit: units.PercentUnit },
            { expr: last(metrics.provedErrorRatio, is(labels.bound, "least")), legend: "proved at least", unit: units.PercentUnit },
            { expr: last(metrics.provedErrorRatio, is(labels.bound, "most")), legend: "proved at most", unit: units.PercentUnit },
            { expr: last(metrics.budgetSpent), legend: "budget spent", unit: units.PercentUnit, levels: budgetLevels },
            { expr: last(metrics.objectiveVerdict, is(labels.verdict, "met")), legend: "met (1) or not (0)", unit: units.NoUnit },
          ],
        ),
      ],
    },
    {
      title: "How the budget went",
      panels: [
        lines(
          {
            title: "Budget spent over the run",
            description: "Bad events so far, of those that the whole run could afford. The dashed line is the end of the budget.",
            unit: units.PercentUnit,
            width: 12,
          },
          [{ expr: `${byObjective} (${badEvents}) / (${allowed} * ${eventsAtEnd} > 0)`, legend: `{{${labels.objective}}}` }],
          {
            min: 0,
            levels: [
              [0, green],
              [1, red],
            ],
          },
        ),
        lines(
          {
            title: "Error ratio against the objective",
            description: "Bad events of all events over short windows; the dashed lines are what each objective allows.",
            unit: units.PercentUnit,
            width: 12,
          },
          [
            {
              expr: `${rate(badEvents, [labels.objective])} / (${rate(events, [labels.objective])} > 0)`,
              legend: `{{${labels.objective}}}`,
            },
            { expr: allowed, legend: `{{${labels.objective}}} allowed` },
          ],
          { min: 0, dashed: "/allowed$/" },
        ),
        lines(
          {
            title: "Burn rate by window",
            description:
              "How many times faster than allowed the budget burns, over the last 30 s, 1 min and 5 min. At 1 the budget lasts just as long as the run. For the eye: the verdict uses exact counts.",
            unit: units.Short,
            width: 24,
          },
          ["30s", "1m", "5m"].map((window) => ({ expr: burnOver(window), legend: `{{${labels.objective}}}, ${window}` })),
          {
            min: 0,
            levels: [
              [0, green],
              [1, orange],
              [14.4, red],
            ],
          },
        ),
      ],
    },
    {
      title: "While it runs: k6's own counts",
      panels: [
        lines(
          {
            title: "Unexpected answers",
            description: "Share of the run's requests that failed, before any verdict. Objectives of the server side are not in it.",
            unit: units.PercentUnit,
            width: 12,
          },
          [
            {
              expr: share(
                rate(series(k6Metrics.requests, ...live, is(k6Labels.expectedResponse, "false")), [k6Labels.scenario]),
                rate(requests, [k6Labels.scenario]),
              ),
              legend: "{{scenario}}",
            },
          ],
          { min: 0 },
        ),
        lines(
          {
            title: "Slow requests",
            description: "Share of the run's requests above each latency threshold of the spec, as the client counts them.",
            unit: units.PercentUnit,
            width: 12,
          },
          [{ expr: `${rate(slow, [k6Labels.threshold])} / on() group_left() (${rate(requests)} > 0)`, legend: "above {{threshold}} s" }],
          { min: 0 },
        ),
      ],
    },
    {
      title: "Run by run",
      panels: [
        lines(
          {
            title: "Budget spent by run",
            description: "One point for each run and objective. Above the dashed line the budget was exceeded.",
            unit: units.PercentUnit,
            width: 12,
          },
          [{ expr: series(metrics.budgetSpent, ...objectives), legend: "{{scenario}}, {{objective}}" }],
          {
            min: 0,
            points: true,
            levels: [
              [0, green],
              [1, red],
            ],
          },
        ),
        lines(
          {
            title: "Error ratio by run",
            description: "One point for each run and objective, and what the objective allowed at that time.",
            unit: units.PercentUnit,
            width: 12,
          },
          [
            { expr: series(metrics.errorRatio, ...objectives), legend: "{{scenario}}, {{objective}}" },
            { expr: `1 - ${series(metrics.targetRatio, ...objectives)}`, legend: "{{scenario}}, {{objective}} allowed" },
          ],
          { min: 0, points: true },
        ),
        table(
          {
            title: "Runs",
            description: "The verdicts of the time shown. A run that was judged again has its latest verdict.",
            unit: units.Short,
            width: 24,
          },
          [labels.testid, labels.scenario, labels.verdict],
          [
            {
              expr: `${by(labels.testid, labels.scenario, labels.verdict)} (${lastKnown(series(metrics.runVerdict, ...runs))}) == 1`,
              legend: "runs",
              unit: units.Short,
            },
          ],
        ),
      ],
    },
  ],
};
