import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parser } from "@prometheus-io/lezer-promql";
import { dashboardFiles } from "./dashboards.ts";

/** A panel of the committed JSON, as far as the tests look at it. */
export interface ReadPanel {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { refId: string; expr: string; legendFormat: string; instant?: boolean; range?: boolean; datasource: { uid: string } }[];
  fieldConfig?: { defaults: { unit?: string; thresholds?: { steps: unknown[] } } };
}

/** A dashboard of the committed JSON, as far as the tests look at it. */
export interface ReadDashboard {
  uid: string;
  title: string;
  panels: ReadPanel[];
  templating: { list: { name: string; type: string; query: string }[] };
  annotations: { list: { name: string; expr?: string }[] };
}

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Reads the dashboards as they are committed, not as they would be generated. */
export function committedDashboards(): [path: string, dashboard: ReadDashboard][] {
  return dashboardFiles.map(({ path }) => [path, JSON.parse(readFileSync(`${root}${path}`, "utf8")) as ReadDashboard]);
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

/** Gives the metric names in an expression, or throws where the PromQL grammar finds an error. */
export function metricsIn(expression: string): string[] {
  const found: string[] = [];
  parser.parse(expression).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) throw new Error(`not PromQL at ${from}, before "${expression.slice(from, from + 20)}": ${expression}`);
      if (type.name === "VectorSelector") found.push(/^[^{]*/.exec(expression.slice(from, to))?.[0]?.trim() ?? "");
    },
  });
  return found;
}

/** Takes a variable's query apart: the PromQL in it, and what is asked about it. */
export function variableQuery(query: string): { kind: "labels"; selector: string; label: string } | { kind: "result"; expr: string } {
  const labels = /^label_values\((.+), (\w+)\)$/.exec(query);
  if (labels?.[1] !== undefined && labels[2] !== undefined) return { kind: "labels", selector: labels[1], label: labels[2] };
  const result = /^query_result\((.+)\)$/.exec(query);
  if (result?.[1] !== undefined) return { kind: "result", expr: result[1] };
  throw new Error(`neither label_values nor query_result: ${query}`);
}
