import { k6Labels, k6Metrics, plimsollLabels, plimsollMetrics, scrapeLabels, targetLabels, targetMetrics } from "../../slo/spec/names.ts";
import { type AnyPanel, datasource } from "./panels.ts";
import { among, is, isNot, lastKnown, series, wholeRange } from "./promql.ts";

/** One dashboard, before it becomes Grafana's JSON: rows of panels under a heading each. */
export interface Page {
  uid: string;
  title: string;
  description: string;
  variables: object[];
  rows: Row[];
}

interface Row {
  title: string;
  panels: { width: number; panel: AnyPanel }[];
}

/** Puts panels under a heading, side by side and each `width` 24ths of the page wide where it does not say otherwise. */
export function row(title: string, width: number, panels: AnyPanel[]): Row {
  return { title, panels: panels.map((panel) => ({ width: panel.size.width ?? width, panel })) };
}

/** Writes a page in Grafana's form; panels are numbered in the order in which they stand. */
export function dashboardOf({ uid, title, description, variables, rows }: Page): object {
  const tags = ["plimsoll"];
  return {
    uid,
    title,
    description,
    tags,
    schemaVersion: 42,
    timezone: "browser",
    editable: false,
    graphTooltip: 1,
    time: { from: "now-15m", to: "now" },
    refresh: "5s",
    links: [{ title: "Plimsoll", type: "dashboards", tags, asDropdown: false, includeVars: true, keepTime: true }],
    templating: { list: [{ type: "datasource", name: "datasource", label: "Data source", query: "prometheus" }, ...variables] },
    annotations: { list: [verdicts, scenarioStarts] },
    panels: placed(rows),
  };
}

function placed(rows: readonly Row[]): object[] {
  const panels: object[] = [];
  let [x, y, lineHeight] = [0, 0, 0];
  const place = (panel: object, w: number, h: number): void => {
    if (x + w > 24) [x, y, lineHeight] = [0, y + lineHeight, 0];
    panels.push({ id: panels.length + 1, ...panel, gridPos: { x, y, w, h } });
    [x, lineHeight] = [x + w, Math.max(lineHeight, h)];
  };
  for (const { title, panels } of rows) {
    [x, y, lineHeight] = [0, y + lineHeight, 0];
    place({ type: "row", title, collapsed: false, panels: [] }, 24, 1);
    for (const { width, panel } of panels) {
      const { size, ...rest } = panel;
      place(rest, width, size.height);
    }
  }
  return panels;
}

/** A variable that is asked of Prometheus whenever the time shown changes; sorted by name unless `sort` is 0. */
const queried = (name: string, label: string, query: string, sort = 1) => ({
  type: "query",
  name,
  label,
  datasource,
  query,
  definition: query,
  refresh: 2,
  sort,
});
const several = (name: string, label: string, query: string): object => ({
  ...queried(name, label, query),
  multi: true,
  includeAll: true,
  current: { selected: true, text: ["All"], value: ["$__all"] },
});
const values = (selector: string, label: string): string => `label_values(${selector}, ${label})`;

/** The runs of a series, the newest first. The steps of the subquery see every sample by looking back 5 min; the last seconds are seen by `or`. */
function runs(selector: string): object {
  const times = `timestamp(${selector})`;
  const query = `query_result(sort_desc(max by (${k6Labels.testid}) (max_over_time(${times}[${wholeRange}:30s]) or ${times})))`;
  return { ...queried("testid", "Run", query, 0), regex: '/testid="([^"]+)"/' };
}

const run = is(k6Labels.testid, "$testid");
const sent = series(k6Metrics.requests, run);
const count = `${targetMetrics.requestDuration}_count`;
const served = series(count, is(scrapeLabels.job, "$job"));
const service = is(plimsollLabels.service, "$service");
const verdict = series(plimsollMetrics.runVerdict, is(plimsollLabels.testid, "$testid"));

/** The variables that the pages choose from. */
export const choices = {
  testid: runs(series(k6Metrics.vus, isNot(k6Labels.testid, ""))),
  scenario: several("scenario", "Scenario", values(sent, k6Labels.scenario)),
  route: several("route", "Route", values(sent, k6Labels.name)),
  generator: several("instance", "Generator", values(series(k6Metrics.vus, run), k6Labels.instance)),
  job: queried("job", "Service", values(count, scrapeLabels.job)),
  servedRoute: several("route", "Route", values(served, targetLabels.route)),
  instance: several("instance", "Instance", values(served, scrapeLabels.instance)),
  service: queried("service", "Service", values(plimsollMetrics.runVerdict, plimsollLabels.service)),
  judgedScenario: several("scenario", "Scenario", values(series(plimsollMetrics.runVerdict, service), plimsollLabels.scenario)),
  judgedRun: runs(series(plimsollMetrics.runVerdict, service, among(plimsollLabels.scenario, "$scenario"))),
  objective: several("objective", "Objective", values(series(plimsollMetrics.objectiveVerdict, service), plimsollLabels.objective)),
};

const annotation = (name: string, iconColor: string, expr: string, titleFormat: string): object => ({
  name,
  iconColor,
  expr,
  titleFormat,
  datasource,
  enable: true,
  useValueForTime: true,
  step: "10s",
});

/** Marks each verdict of the run at the time of its sample, and says what it was. */
const verdicts = annotation(
  "Verdicts",
  "purple",
  `max by (${plimsollLabels.scenario}, ${plimsollLabels.verdict}) (timestamp(${verdict}) * 1000 and ${verdict} == 1)`,
  `{{${plimsollLabels.scenario}}}: {{${plimsollLabels.verdict}}}`,
);

/** Marks where each k6 scenario of the run began: the warm-up, then what is judged. */
const began = `min by (${k6Labels.scenario}) (${lastKnown(series(k6Metrics.scenarioStart, run))}) * 1000`;
const scenarioStarts = annotation("Scenario starts", "blue", began, `{{${k6Labels.scenario}}} begins`);
