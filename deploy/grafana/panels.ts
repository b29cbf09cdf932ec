/** What a panel shows, and how. */
interface Panel {
  /** Says what is shown, and what to make of it. */
  about: string;
  /** PromQL by the legend of its series, in which `{{label}}` is a label's value. */
  ask: Readonly<Record<string, string>>;
  levels?: Levels;
  /** In 24ths of the page; the row's own where it is left out. */
  width?: number;
  height?: number;
}

type Levels = ReturnType<typeof levels>;

/** Colours values: the first colour, and others from a value on, in rising order. */
export function levels(first: string, ...others: [from: number, colour: string][]) {
  return { mode: "absolute", steps: [{ value: null, color: first }, ...others.map(([value, color]) => ({ value, color }))] };
}

/** Grafana's names of the units: `locale` is a whole count, `percentunit` a ratio from 0 to 1. */
type Unit = "locale" | "short" | "none" | "percentunit" | "s" | "bytes" | "binBps" | "reqps" | "ops";

/** The data source that the dashboard's variable holds. */
export const datasource = { type: "prometheus", uid: "$datasource" };

const range = { range: true, instant: false };
const instant = { instant: true, range: false };
const refId = (index: number): string => "ABCDEFGHIJ".charAt(index);
const last = { calcs: ["lastNotNull"], values: false };

/** Overrides the properties of the fields that a matcher finds. */
function override(id: "byName" | "byRegexp", options: string, properties: Record<string, unknown>): object {
  return { matcher: { id, options }, properties: Object.entries(properties).map(([id, value]) => ({ id, value })) };
}

/** The part of Grafana's form that every kind of panel has; the page gives it its place and number. */
function panel(
  type: string,
  title: string,
  unit: Unit,
  { about, ask, levels: colours = levels("blue"), width, height }: Panel,
  query: object,
  defaults: object = {},
) {
  return {
    type,
    title,
    description: about,
    datasource,
    size: { width, height: height ?? (type === "stat" ? 4 : 8) },
    fieldConfig: { defaults: { unit, thresholds: colours, ...defaults }, overrides: [] as object[] },
    targets: Object.entries(ask).map(([legendFormat, expr], index) => ({ refId: refId(index), datasource, expr, legendFormat, ...query })),
  };
}

/** A panel in Grafana's form, but for its place and number. */
export type AnyPanel = ReturnType<typeof panel>;

/** Draws lines over time; levels are drawn as dashed lines, and series named by `dashed` are dashed. */
export function lines(title: string, unit: Unit, text: Panel & { dashed?: string; signed?: true; points?: true }): AnyPanel {
  const { levels: colours = levels("green"), dashed, signed, points } = text;
  const custom = {
    thresholdsStyle: { mode: text.levels ? "dashed" : "off" },
    lineWidth: 1,
    fillOpacity: 0,
    showPoints: points ? "always" : "never",
    ...(points && { drawStyle: "points", pointSize: 8 }),
  };
  const made = panel("timeseries", title, unit, { ...text, levels: colours }, range, signed ? { custom } : { custom, min: 0 });
  if (dashed !== undefined)
    made.fieldConfig.overrides.push(override("byRegexp", dashed, { "custom.lineStyle": { fill: "dash", dash: [8, 6] } }));
  const legend = { displayMode: "table", placement: "bottom", showLegend: true, calcs: ["lastNotNull", "max"] };
  return Object.assign(made, { options: { legend, tooltip: { mode: "multi", sort: "asc" } } });
}

/** Shows the last value of each query in large; a range query, because a pinned instant says nothing of what went before. */
export function numbers(title: string, unit: Unit, text: Panel): AnyPanel {
  const options = { graphMode: "none", colorMode: "value", textMode: "auto", reduceOptions: last };
  return Object.assign(panel("stat", title, unit, text, range, { noValue: "no data" }), { options });
}

/** Shows the names of the series that there are, each in its colour. */
export function names(title: string, text: Panel & { colours: Record<string, string> }): AnyPanel {
  const options = { graphMode: "none", colorMode: "background", textMode: "name", reduceOptions: last };
  const made = Object.assign(panel("stat", title, "none", text, instant, { noValue: "no verdict yet" }), { options });
  for (const [name, fixedColor] of Object.entries(text.colours))
    made.fieldConfig.overrides.push(override("byName", name, { color: { mode: "fixed", fixedColor } }));
  return made;
}

/** Shows one bar for each series, as it is now. */
export function bars(title: string, unit: Unit, text: Panel): AnyPanel {
  const options = { displayMode: "basic", orientation: "horizontal", reduceOptions: last };
  return Object.assign(panel("bargauge", title, unit, text, instant, { min: 0, noValue: "no data" }), { options });
}

/** A column of a table: what is asked, and how it is shown. */
type Column = readonly [expr: string, unit: Unit, levels?: Levels];

/** Joins queries by the labels `keys` into one table; each is a column under its name. */
export function table(title: string, text: Omit<Panel, "ask"> & { keys: readonly string[]; columns: Record<string, Column> }): AnyPanel {
  const columns = Object.entries(text.columns);
  const ask = Object.fromEntries(columns.map(([name, [expr]]) => [name, expr]));
  const made = panel("table", title, columns[0]?.[1][1] ?? "none", { ...text, ask }, { ...instant, format: "table" });
  const valueOf = (index: number): string => (columns.length === 1 ? "Value" : `Value #${refId(index)}`);
  const order = [...text.keys, ...columns.map((_, index) => valueOf(index))].map((name, index) => [name, index]);
  const renameByName = Object.fromEntries(columns.map(([name], index) => [valueOf(index), name]));
  for (const [name, [, unit, colours]] of columns) {
    const coloured = colours && { thresholds: colours, "custom.cellOptions": { type: "color-text" } };
    made.fieldConfig.overrides.push(override("byName", name, { unit, ...coloured }));
  }
  const organize = { excludeByName: { Time: true }, indexByName: Object.fromEntries(order), renameByName };
  const transformations = [
    { id: "merge", options: {} },
    { id: "organize", options: organize },
  ];
  return Object.assign(made, { options: { showHeader: true }, transformations });
}

/** Shows how many requests fell into each bucket of a classic histogram, over time; the unit is that of the buckets. */
export function heat(title: string, unit: Unit, text: Panel): AnyPanel {
  const color = { mode: "scheme", scheme: "Oranges", fill: "dark-orange", exponent: 0.5, steps: 64, reverse: false };
  const options = { calculate: false, color, filterValues: { le: 1e-9 }, cellGap: 1, yAxis: { unit }, cellValues: { unit: "short" } };
  const shown = { showValue: "auto", legend: { show: true }, tooltip: { mode: "single" } };
  return Object.assign(panel("heatmap", title, unit, text, { ...range, format: "heatmap" }), { options: { ...options, ...shown } });
}
