import { readdirSync, readFileSync } from "node:fs";
import { parser } from "@prometheus-io/lezer-promql";

/** What names its data source. */
interface Sourced {
  datasource?: { type: string; uid: string };
}

/** One field override of a panel: which fields, and what is set on them. */
interface FieldOverride {
  matcher: { id: string; options: string };
  properties: { id: string; value: unknown }[];
}

/** One query of a panel. */
export interface Target extends Sourced {
  refId: string;
  expr: string;
  legendFormat: string;
  instant?: boolean;
  range?: boolean;
}

/** A panel of the JSON, as far as the tests look at it. */
export interface Panel extends Sourced {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: Target[];
  fieldConfig?: { defaults: { unit?: string; thresholds?: { steps: unknown[] } }; overrides: FieldOverride[] };
}

/** A dashboard of the JSON, as far as the tests look at it. */
export interface Dashboard {
  uid: string;
  title: string;
  tags: string[];
  panels: Panel[];
  templating: { list: (Sourced & { name: string; type: string; query: string; definition?: string; regex?: string })[] };
  annotations: { list: (Sourced & { name: string; builtIn?: number; expr?: string; titleFormat?: string })[] };
}

const folder = new URL("dashboards/", import.meta.url);

const every = readdirSync(folder)
  .toSorted()
  .map((file): [file: string, dashboard: Dashboard] => [file, read(new URL(file, folder))]);
const isOfLab = ([, { tags }]: [string, Dashboard]): boolean => tags.includes("lab");

/** Every dashboard that the storage API, k6 and Prometheus fill, by its file's name. */
export const dashboards = every.filter((one) => !isOfLab(one));
/** Those that need parts of the lab: their metrics are others', and some of their panels ask Loki and Jaeger. */
export const labDashboards = every.filter(isOfLab);

/** Reads a dashboard; a variable that Grafana has exported has its query one level deeper. */
function read(file: URL): Dashboard {
  const dashboard = JSON.parse(readFileSync(file, "utf8")) as Dashboard;
  for (const variable of dashboard.templating.list) {
    const written = variable.query as string | { query: string };
    variable.query = typeof written === "string" ? written : written.query;
  }
  return dashboard;
}

/** Puts values in the place of Grafana's variables, `$name` and `${name:format}`; throws on one that has none. A `$1` is label_replace's own. */
export function filled(query: string, values: Readonly<Record<string, string>>): string {
  return query.replace(/\$(?:\{(\w+)(?::[\w:]+)?\}|([A-Za-z_]\w*))/g, (text, braced: string | undefined, plain: string | undefined) => {
    const value = values[braced ?? plain ?? ""];
    if (value === undefined) throw new Error(`${text} is no variable that the dashboard has, in: ${query}`);
    return value;
  });
}

/** A value for each variable that Grafana itself provides. */
export const grafanaValues = { __range: "900s", __rate_interval: "10s", __from: "1700000000" } as const;

/** Gives the names of the metrics and of the labels in an expression, or throws where the PromQL grammar finds an error. */
export function namesIn(expression: string): { metrics: string[]; labels: string[] } {
  const metrics: string[] = [];
  const labels: string[] = [];
  parser.parse(expression).iterate({
    enter: ({ type, from, to }) => {
      const text = expression.slice(from, to);
      if (type.isError) throw new Error(`not PromQL at ${from}, before "${expression.slice(from, from + 20)}": ${expression}`);
      if (type.name === "VectorSelector") metrics.push(/^[^{]*/.exec(text)?.[0]?.trim() ?? "");
      if (type.name === "LabelName") labels.push(text);
    },
  });
  return { metrics, labels };
}

/** Gives the labels that a legend or a title names as `{{label}}`. */
export function labelsInText(text: string): string[] {
  return [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label);
}

/** Takes a variable's query apart: the PromQL in it, and what is asked about it. */
export function variableQuery(query: string): { kind: "labels"; selector: string; label: string } | { kind: "result"; expr: string } {
  const labels = /^label_values\((.+), (\w+)\)$/.exec(query);
  if (labels?.[1] !== undefined && labels[2] !== undefined) return { kind: "labels", selector: labels[1], label: labels[2] };
  const result = /^query_result\((.+)\)$/.exec(query);
  if (result?.[1] !== undefined) return { kind: "result", expr: result[1] };
  throw new Error(`neither label_values nor query_result: ${query}`);
}
