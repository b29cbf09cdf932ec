import { PanelBuilder as BarGauge } from "@grafana/grafana-foundation-sdk/bargauge";
import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import * as common from "@grafana/grafana-foundation-sdk/common";
import { type Panel, type Threshold, ThresholdsConfigBuilder, ThresholdsMode } from "@grafana/grafana-foundation-sdk/dashboard";
import { CellValuesBuilder, PanelBuilder as Heatmap, YAxisConfigBuilder } from "@grafana/grafana-foundation-sdk/heatmap";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as Stat } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as Table } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as TimeSeries } from "@grafana/grafana-foundation-sdk/timeseries";
import { variables } from "./promql.ts";

/** Is one line, number or column of a panel; `legend` may name labels as `{{label}}`. */
export interface Query {
  expr: string;
  legend: string;
}

/** Is what every panel has to say; width is in 24ths of the page, a unit is Grafana's id of it. */
export interface PanelText {
  title: string;
  /** Says what is shown, and what to make of it. */
  description: string;
  unit: string;
  width: number;
  height?: number;
}

/** Begins each level at a value, in rising order; the first one's value is not looked at. */
export type Levels = readonly (readonly [from: number, colour: string])[];

export const green = "green";
export const orange = "orange";
export const red = "red";
export const blue = "blue";

/** Is a scale that says nothing: one colour. */
export const plain: Levels = [[0, blue]];

/** Refers to the data source that the dashboard's variable holds. */
export const datasource = { type: "prometheus", uid: variables.datasource };

const refIds = "ABCDEFGHIJ";

function targets(queries: readonly Query[], kind: "range" | "instant" | "table" | "heatmap"): Builder<Dataquery>[] {
  return queries.map(({ expr, legend }, index) => {
    const query = new DataqueryBuilder().refId(refIds.charAt(index)).datasource(datasource).expr(expr).legendFormat(legend);
    switch (kind) {
      case "range":
        return query.range();
      case "instant":
        return query.instant();
      case "table":
        return query.instant().format(PromQueryFormat.Table);
      case "heatmap":
        return query.range().format(PromQueryFormat.Heatmap);
    }
  });
}

function levels(from: Levels): ThresholdsConfigBuilder {
  const steps: Threshold[] = from.map(([value, color], index) => ({ value: index === 0 ? null : value, color }));
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}

/** Draws lines over time; the levels are drawn as dashed lines where there are any. Series named by `dashed` are dashed. */
export function lines(
  text: PanelText,
  queries: readonly Query[],
  more: { levels?: Levels; dashed?: string; min?: number; points?: boolean } = {},
): Builder<Panel> {
  const panel = new TimeSeries()
    .title(text.title)
    .description(text.description)
    .unit(text.unit)
    .span(text.width)
    .height(text.height ?? 8)
    .datasource(datasource)
    .targets(targets(queries, "range"))
    .thresholds(levels(more.levels ?? [[0, green]]))
    .thresholdsStyle(
      new common.GraphThresholdsStyleConfigBuilder().mode(
        more.levels ? common.GraphThresholdsStyleMode.Dashed : common.GraphThresholdsStyleMode.Off,
      ),
    )
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.Table)
        .placement(common.LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(["lastNotNull", "max"]),
    )
    .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi))
    .lineWidth(1)
    .fillOpacity(0)
    .showPoints(more.points ? common.VisibilityMode.Always : common.VisibilityMode.Never);
  if (more.points) panel.drawStyle(common.GraphDrawStyle.Points).pointSize(8);
  if (more.min !== undefined) panel.min(more.min);
  if (more.dashed !== undefined) {
    panel.overrideByRegexp(more.dashed, [{ id: "custom.lineStyle", value: { fill: "dash", dash: [8, 6] } }]);
  }
  return panel;
}

/** Shows the last value of each query in large; a range query, because a pinned instant says nothing of what went before. */
export function numbers(text: PanelText, queries: readonly Query[], from: Levels = plain): Builder<Panel> {
  return new Stat()
    .title(text.title)
    .description(text.description)
    .unit(text.unit)
    .span(text.width)
    .height(text.height ?? 4)
    .datasource(datasource)
    .targets(targets(queries, "range"))
    .thresholds(levels(from))
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]).values(false))
    .colorMode(common.BigValueColorMode.Value)
    .graphMode(common.BigValueGraphMode.None)
    .textMode(common.BigValueTextMode.Auto)
    .noValue("no data");
}

/** Shows the names of the series that there are, each in its colour. */
export function names(text: PanelText, queries: readonly Query[], colours: Record<string, string>): Builder<Panel> {
  const panel = new Stat()
    .title(text.title)
    .description(text.description)
    .unit(text.unit)
    .span(text.width)
    .height(text.height ?? 4)
    .datasource(datasource)
    .targets(targets(queries, "instant"))
    .thresholds(levels(plain))
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]).values(false))
    .colorMode(common.BigValueColorMode.Background)
    .graphMode(common.BigValueGraphMode.None)
    .textMode(common.BigValueTextMode.Name)
    .noValue("no verdict yet");
  for (const [name, colour] of Object.entries(colours)) {
    panel.overrideByName(name, [{ id: "color", value: { mode: "fixed", fixedColor: colour } }]);
  }
  return panel;
}

/** Shows one bar for each series, as it is now. */
export function bars(text: PanelText, queries: readonly Query[], from: Levels, max?: number): Builder<Panel> {
  const panel = new BarGauge()
    .title(text.title)
    .description(text.description)
    .unit(text.unit)
    .span(text.width)
    .height(text.height ?? 8)
    .datasource(datasource)
    .targets(targets(queries, "instant"))
    .thresholds(levels(from))
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]).values(false))
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .min(0)
    .noValue("no data");
  return max === undefined ? panel : panel.max(max);
}

/** Is a column of a table: the query's legend is its heading, its unit its own. */
export interface Column extends Query {
  unit: string;
  levels?: Levels;
}

/** Joins the queries' results by the labels `keys` into one table; each query is a column. */
export function table(text: PanelText, keys: readonly string[], columns: readonly Column[]): Builder<Panel> {
  const valueOf = (index: number): string => (columns.length === 1 ? "Value" : `Value #${refIds.charAt(index)}`);
  const panel = new Table()
    .title(text.title)
    .description(text.description)
    .unit(text.unit)
    .span(text.width)
    .height(text.height ?? 8)
    .datasource(datasource)
    .targets(targets(columns, "table"))
    .thresholds(levels(plain))
    .withTransformation({ id: "merge", options: {} })
    .withTransformation({
      id: "organize",
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries([...keys, ...columns.map((_, index) => valueOf(index))].map((name, index) => [name, index])),
        renameByName: Object.fromEntries(columns.map(({ legend }, index) => [valueOf(index), legend])),
      },
    });
  for (const { legend, unit, levels: from } of columns) {
    const properties: { id: string; value: unknown }[] = [{ id: "unit", value: unit }];
    if (from) {
      properties.push({ id: "thresholds", value: levels(from).build() }, { id: "custom.cellOptions", value: { type: "color-text" } });
    }
    panel.overrideByName(legend, properties);
  }
  return panel;
}

/** Shows how many requests fell into each bucket of a classic histogram, over time; the unit is that of the buckets. */
export function heat(text: PanelText, query: Query): Builder<Panel> {
  return new Heatmap()
    .title(text.title)
    .description(text.description)
    .unit(text.unit)
    .span(text.width)
    .height(text.height ?? 8)
    .datasource(datasource)
    .targets(targets([query], "heatmap"))
    .thresholds(levels(plain))
    .calculate(false)
    .yAxis(new YAxisConfigBuilder().unit(text.unit))
    .cellValues(new CellValuesBuilder().unit("short"))
    .showLegend();
}
