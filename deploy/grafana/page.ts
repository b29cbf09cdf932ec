import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { k6Labels, k6Metrics, plimsollLabels, plimsollMetrics, scrapeLabels, targetLabels, targetMetrics } from "../../slo/spec/names.ts";
import { datasource } from "./panels.ts";
import { among, is, isNot, lastKnown, series, variables, wholeRange } from "./promql.ts";

/** Is one dashboard, before it becomes Grafana's JSON: rows of panels under a heading each. */
export interface Page {
  uid: string;
  title: string;
  description: string;
  variables: Builder<VariableModel>[];
  rows: { title: string; panels: Builder<Panel>[] }[];
}

const tag = "plimsoll";

/** Builds Grafana's form of a page; panels are numbered in the order in which they stand. */
export function dashboardOf(page: Page): Dashboard {
  const builder = new DashboardBuilder(page.title)
    .uid(page.uid)
    .description(page.description)
    .tags([tag])
    .timezone("browser")
    .time({ from: "now-15m", to: "now" })
    .refresh("5s")
    .tooltip(DashboardCursorSync.Crosshair)
    .readonly()
    .link(
      new DashboardLinkBuilder("Plimsoll")
        .type(DashboardLinkType.Dashboards)
        .tags([tag])
        .asDropdown(false)
        .includeVars(true)
        .keepTime(true),
    )
    .variables([new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"), ...page.variables])
    .annotations([verdicts, scenarioStarts]);
  for (const row of page.rows) {
    builder.withRow(new RowBuilder(row.title));
    for (const panel of row.panels) builder.withPanel(panel);
  }
  const built = builder.build();
  for (const [index, panel] of (built.panels ?? []).entries()) panel.id = index + 1;
  return built;
}

const queried = (name: string, label: string, query: string, order = VariableSort.AlphabeticalAsc): QueryVariableBuilder =>
  new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query(query)
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    // oxlint-disable-next-line unicorn/no-array-sort -- a builder's method, not an array's
    .sort(order);

const several = (variable: QueryVariableBuilder): QueryVariableBuilder =>
  variable
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ["All"], value: ["$__all"] });

/** Lists the runs of a series, the newest first. The steps of the subquery see every sample by looking back 5 min; the last seconds are seen by `or`. */
function newestFirst(selector: string): string {
  const times = `timestamp(${selector})`;
  return `query_result(sort_desc(max by (${k6Labels.testid}) (max_over_time(${times}[${wholeRange}:30s]) or ${times})))`;
}

/** Are the variables that the pages choose from. */
export const choices = {
  testid: queried("testid", "Run", newestFirst(series(k6Metrics.vus, isNot(k6Labels.testid, ""))), VariableSort.Disabled).regex(
    '/testid="([^"]+)"/',
  ),
  scenario: several(
    queried(
      "scenario",
      "Scenario",
      `label_values(${series(k6Metrics.requests, is(k6Labels.testid, variables.testid))}, ${k6Labels.scenario})`,
    ),
  ),
  route: several(
    queried("route", "Route", `label_values(${series(k6Metrics.requests, is(k6Labels.testid, variables.testid))}, ${k6Labels.name})`),
  ),
  generator: several(
    queried("instance", "Generator", `label_values(${series(k6Metrics.vus, is(k6Labels.testid, variables.testid))}, ${k6Labels.instance})`),
  ),
  job: queried("job", "Service", `label_values(${targetMetrics.requestDuration}_count, ${scrapeLabels.job})`),
  servedRoute: several(
    queried(
      "route",
      "Route",
      `label_values(${series(`${targetMetrics.requestDuration}_count`, is(scrapeLabels.job, variables.job))}, ${targetLabels.route})`,
    ),
  ),
  instance: several(
    queried(
      "instance",
      "Instance",
      `label_values(${series(`${targetMetrics.requestDuration}_count`, is(scrapeLabels.job, variables.job))}, ${scrapeLabels.instance})`,
    ),
  ),
  service: queried("service", "Service", `label_values(${plimsollMetrics.runVerdict}, ${plimsollLabels.service})`),
  judgedScenario: several(
    queried(
      "scenario",
      "Scenario",
      `label_values(${series(plimsollMetrics.runVerdict, is(plimsollLabels.service, variables.service))}, ${plimsollLabels.scenario})`,
    ),
  ),
  judgedRun: queried(
    "testid",
    "Run",
    newestFirst(
      series(plimsollMetrics.runVerdict, is(plimsollLabels.service, variables.service), among(plimsollLabels.scenario, variables.scenario)),
    ),
    VariableSort.Disabled,
  ).regex('/testid="([^"]+)"/'),
  objective: several(
    queried(
      "objective",
      "Objective",
      `label_values(${series(plimsollMetrics.objectiveVerdict, is(plimsollLabels.service, variables.service))}, ${plimsollLabels.objective})`,
    ),
  ),
};

/** Marks each verdict of the run at the time of its sample, and says what it was. */
const verdicts = annotation(
  "Verdicts",
  "purple",
  `max by (${plimsollLabels.scenario}, ${plimsollLabels.verdict}) (timestamp(${series(plimsollMetrics.runVerdict, is(plimsollLabels.testid, variables.testid))}) * 1000 and ${series(plimsollMetrics.runVerdict, is(plimsollLabels.testid, variables.testid))} == 1)`,
  `{{${plimsollLabels.scenario}}}: {{${plimsollLabels.verdict}}}`,
);

/** Marks where each k6 scenario of the run began: the warm-up, then what is judged. */
const scenarioStarts = annotation(
  "Scenario starts",
  "blue",
  `min by (${k6Labels.scenario}) (${lastKnown(series(k6Metrics.scenarioStart, is(k6Labels.testid, variables.testid)))}) * 1000`,
  `{{${k6Labels.scenario}}} begins`,
);

function annotation(name: string, colour: string, expr: string, title: string): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(datasource)
    .enable(true)
    .iconColor(colour)
    .expr(expr)
    .titleFormat(title)
    .useValueForTime(true)
    .step("10s");
}
