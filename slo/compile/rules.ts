import { isRequired } from "../spec/schema.ts";
import type { Objective, Spec } from "../spec/spec.ts";
import { percentText } from "../spec/units.ts";
import { burnWindows, windowText, type BurnWindow, type WindowSet } from "./burn-windows.ts";
import { errorRatio, unaskedRoutes, type ErrorRatio } from "./error-ratio.ts";
import { promql, selector, withLabels, type PromQL } from "./promql.ts";
import type { Scope } from "./scope.ts";
import { refusal, type SelectorProblem } from "./selector.ts";
import { ratioQueries, serverQueries } from "./service-objectives.ts";

export interface Rule {
  record?: string;
  alert?: string;
  expr: string;
  for?: string;
  labels: Record<string, string>;
  annotations?: Record<string, string>;
}

/** Rules that are evaluated one after the other; at Prometheus's own interval where none is said. */
export interface RuleGroup {
  name: string;
  interval?: string | undefined;
  rules: Rule[];
}

interface Slo extends ErrorRatio {
  objective: Objective;
  spec: Spec;
  isShort: boolean;
  /** The burn rates that it can reach; a ticket's only where it is advisory. */
  rows: BurnWindow[];
  budget: number;
  /** By these all of its series are known, named as Sloth names them. */
  own: { sloth_id: string; sloth_service: string; sloth_slo: string };
}

/** Compiles the objectives that a Prometheus in production can see into rules named as Sloth's; says what has none and why, or what is wrong with it. */
export function compileRules(spec: Spec, server: Scope["server"], set: WindowSet) {
  const problems: (SelectorProblem & { objective: Objective })[] = [];
  const leftOut: string[] = [];
  const taken = new Set<string>();
  const rows = burnWindows(spec.periodSeconds, set);
  if (typeof rows === "string") {
    const first = spec.objectives.slice(0, 1);
    return { kind: "problems" as const, problems: first.map((objective) => ({ ...refusal("period", rows), objective })) };
  }
  const groups = spec.objectives.flatMap((objective): RuleGroup[] => {
    const { name, targetRatio } = objective;
    const queries = queriesOf(objective, spec, server);
    if (typeof queries === "string") leftOut.push(`${name}: ${queries}`);
    else if (Array.isArray(queries)) problems.push(...queries.map((one) => ({ ...one, objective })));
    if (typeof queries === "string" || Array.isArray(queries)) return [];
    const slug = slugIn(taken, name);
    const own = { sloth_id: `${slugOf(spec.service)}-${slug}`, sloth_service: spec.service, sloth_slo: slug };
    // Without the noise of 1 − 0.999: percentages have at most 9 digits after the point.
    const budget = Number((1 - targetRatio).toFixed(11));
    const [within, never] = [rows.filter(({ factor }) => factor * budget < 1), rows.filter(({ factor }) => factor * budget >= 1)];
    const why = `with a target of ${percentText(targetRatio)} not even failing all of the time is as fast`;
    if (never.length > 0) leftOut.push(`${name}: no alert at a burn rate of ${never.map(({ factor }) => factor).join(" or ")}: ${why}`);
    return groupsOf({ objective, spec, isShort: set === "short", rows: within, budget, own, ...errorRatio(queries) });
  });
  return problems.length > 0 ? { kind: "problems" as const, problems } : { kind: "rules" as const, groups, leftOut };
}

/** Compiles what an objective asks of the service's own counters; a sentence where a Prometheus in production has none of it. */
function queriesOf({ name, indicator, only }: Objective, spec: Spec, server: Scope["server"]) {
  const scope = { testid: "", server, unasked: unaskedRoutes(spec.metrics), metrics: spec.metrics };
  if (only !== undefined) return `is about the load of ${only.join(", ")} only, which production does not have`;
  if (indicator.kind === "ratio") return ratioQueries(name, indicator, scope);
  if ("side" in indicator && indicator.side === "server") return serverQueries(name, indicator, scope);
  return "is counted by k6, on the client's side, which production does not have";
}

export function slugOf(text: string): string {
  const slug = text.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return slug.replace(/^-|-$/g, "") || "objective";
}

function slugIn(taken: Set<string>, name: string): string {
  const slug = slugOf(name);
  const free = [slug, ...Array.from(taken, (_, i) => `${slug}-${i + 2}`)].find((one) => !taken.has(one)) ?? slug;
  taken.add(free);
  return free;
}

const ratioName = (seconds: number): string => `slo:sli_error:ratio_rate${windowText(seconds)}`;
const recorded = (name: string, { own }: Slo): PromQL => selector(name, withLabels(own));

/** Makes the groups that Sloth makes; but what is left of the budget is counted over all of the period, where Sloth takes the mean of its minutes. */
function groupsOf(slo: Slo): RuleGroup[] {
  const { own, objective, spec, isShort, rows, budget } = slo;
  const windows = [...new Set(rows.flatMap(({ shortSeconds, longSeconds }) => [shortSeconds, longSeconds]))].toSorted((a, b) => a - b);
  const record = (name: string, { promql: expr }: PromQL, more?: Record<string, string>): Rule => ({
    record: name,
    expr,
    labels: { ...own, ...more },
  });
  const ratio = (seconds: number): Rule => record(ratioName(seconds), slo.ratioOver(seconds), { sloth_window: windowText(seconds) });
  const on = { promql: "on (sloth_id, sloth_slo, sloth_service) group_left ()" };
  const burn = (seconds: number): PromQL => promql`${recorded(ratioName(seconds), slo)} / ${on} ${recorded("slo:error_budget:ratio", slo)}`;
  const target = percentText(objective.targetRatio).slice(0, -1);
  const info = { sloth_mode: "cli-gen-prom", sloth_version: "plimsoll", sloth_spec: "plimsoll/v1", sloth_objective: target };
  const meta: Rule[] = [
    ratio(spec.periodSeconds),
    record("slo:objective:ratio", promql`vector(${objective.targetRatio})`),
    record("slo:error_budget:ratio", promql`vector(${budget})`),
    record("slo:time_period:days", promql`vector(${spec.periodSeconds / 86_400})`),
    record("slo:current_burn_rate:ratio", burn(Math.min(...windows, spec.periodSeconds))),
    record("slo:period_burn_rate:ratio", burn(spec.periodSeconds)),
    record("slo:period_error_budget_remaining:ratio", promql`1 - ${recorded("slo:period_burn_rate:ratio", slo)}`),
    record("sloth_slo_info", promql`vector(1)`, info),
  ];
  const severities = isRequired(objective) ? (["page", "ticket"] as const) : (["ticket"] as const);
  const alerts = [...severities.flatMap((severity) => burnAlert(slo, severity)), withoutData(slo)];
  const group = (name: string, rules: Rule[], interval?: string): RuleGroup => ({
    name: `sloth-slo-${name}-${own.sloth_id}`,
    interval: isShort ? "5s" : interval,
    rules,
  });
  return [group("sli-recordings", windows.map(ratio)), group("meta-recordings", meta, "1m"), group("alerts", alerts)];
}

/** Shows text as it is where Prometheus would take it for a template. */
const plain = (text: string): string => text.replaceAll("{{", '{{"{{"}}');

function labelsOf({ own, objective, spec, isShort }: Slo, severity: BurnWindow["severity"]): Record<string, string> {
  const service = plain(spec.service);
  const labels = { ...own, sloth_service: service, service, objective: plain(objective.name), severity, sloth_severity: severity };
  return isShort ? { ...labels, windows: "short" } : labels;
}

function burnAlert(slo: Slo, severity: BurnWindow["severity"]): Rule[] {
  const { objective, spec, isShort, budget, counted } = slo;
  const rows = slo.rows.filter((row) => row.severity === severity);
  if (rows.length === 0) return [];
  const burns = (seconds: number, factor: number): string =>
    `max(${recorded(ratioName(seconds), slo).promql} > (${factor} * ${budget})) without (sloth_window)`;
  const expr = rows.map((row) => `(\n    ${burns(row.shortSeconds, row.factor)}\n    and\n    ${burns(row.longSeconds, row.factor)}\n)`);
  const told = rows.map(({ factor, shortSeconds, longSeconds }) => {
    const share = Number(((factor * longSeconds * 100) / spec.periodSeconds).toPrecision(2));
    return `${factor} times as fast as allowed over ${windowText(longSeconds)} and ${windowText(shortSeconds)} (${share}% of it in ${windowText(longSeconds)})`;
  });
  const demonstration = isShort ? " The windows are those of a demonstration." : "";
  const budgetText = `The budget of ${percentText(budget)} for ${windowText(spec.periodSeconds)}`;
  const annotations = {
    summary: plain(`${spec.service} spends the error budget of "${objective.name}" too fast`),
    description: plain(`${budgetText} burns more than ${told.join(", or ")}.${demonstration}`),
    runbook: plain(
      `Look which of these are bad, by what, and since when: ${counted.promql} . Then what was released, scaled or broken at that time.`,
    ),
  };
  return [{ alert: "ErrorBudgetBurn", expr: expr.join("\nor\n"), labels: labelsOf(slo, severity), annotations }];
}

/** Tells that nobody knows, which a burn alert alone would keep silent about. */
function withoutData(slo: Slo): Rule {
  const needed = slo.needed.map(({ promql }) => promql);
  const annotations = {
    summary: plain(`nobody knows whether ${slo.spec.service} keeps "${slo.objective.name}"`),
    description: "Prometheus has no series of what this objective counts, so that no burn of its budget would be seen.",
    runbook: plain(
      `Is the service up and scraped, and does the spec name its metrics as they are? One of these is missing: ${needed.join(" ; ")}`,
    ),
  };
  const expr = `group(${needed.map((series) => `absent(${series})`).join(" or ")})`;
  return { alert: "ObjectiveWithoutData", expr, for: slo.isShort ? "1m" : "10m", labels: labelsOf(slo, "ticket"), annotations };
}
