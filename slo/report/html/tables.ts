import { agreement, capitalised, countedRows, countSentences, errorCell, type Fact, generatorFacts } from "../facts.ts";
import { isWholeAgreement, lapse, loadFacts, objectiveNumbers, originFacts } from "../facts.ts";
import { periodSentence, runOrigin, timingFacts, windowSentence } from "../facts.ts";
import { ownName, type ReportObjective, shortName, verdictSigns } from "../headline.ts";
import { count, duration, elapsed, moment, percent, targetPercent } from "../numbers.ts";
import { attributeLines, type ReportSample, sampleOutcome } from "../causes.ts";
import { shortened } from "../plain.ts";
import type { Report } from "../schema.ts";
import { markup, type Markup, nothing } from "./markup.ts";

const descriptionLimit = 200;

export function objectivesTable({ objectives }: Report): Markup {
  if (objectives.length === 0) return markup`<p class="empty">No objective was judged.</p>`;
  const heads = ["Verdict", "Objective", "Budget spent", "#Bad of total", "#Target", "#Proved good"];
  return table("Objectives", heads, objectives.map(objectiveRow), { style: "objectives", rowHead: 1 });
}

function objectiveRow(objective: ReportObjective): Cell[] {
  const { verdict, description, targetRatio, evidence } = objective;
  const { bad, spent, proved } = objectiveNumbers(objective);
  const bar = evidence === undefined ? nothing : markup`${gauge(evidence.budgetSpent)} `;
  const head = markup`<bdi class="name">${ownName(objective)}</bdi><span class="about">${shortened(description, descriptionLimit)}</span>`;
  const spentCell = markup`<span class="spent verdict-${verdict}">${bar}<span>${spent}</span></span>`;
  return [badge(verdict), head, spentCell, bad, targetPercent(targetRatio), proved];
}

function badge(verdict: ReportObjective["verdict"]): Markup {
  return markup`<span class="badge verdict-${verdict}">${verdictText(verdict)}</span>`;
}

/** Shows a verdict's sign and its word, in small letters but the first. */
export function verdictText(verdict: Report["verdict"]): Markup {
  return markup`<span class="sign" aria-hidden="true">${verdictSigns[verdict]}</span> ${capitalised(verdict)}`;
}

/** Tells, for each objective, where it stands in the spec, what was asked of Prometheus, and what the windows found. */
export function objectiveDetails(report: Report): Markup {
  return markup`${report.objectives.map((objective) => {
    const { name, place, queries, caveats, evidence, reason } = objective;
    const period = periodSentence(report, objective);
    const windows = (evidence?.windows ?? []).map((window) => windowSentence(window, report, evidence?.budgetSpent ?? 0));
    const lines = [...(reason === undefined ? [] : [reason]), ...caveats, ...windows, ...(period === undefined ? [] : [period])];
    return markup`<details><summary><bdi>${shortName(name)}</bdi></summary>
      <p class="place">Stated at <code>${place.file}:${place.line}:${place.column}</code></p>${bullets(lines)}<p class="query-title">Bad events</p>
      <pre tabindex="0"><code>${queries.bad}</code></pre><p class="query-title">All events</p>
      <pre tabindex="0"><code>${queries.total}</code></pre></details>`;
  })}`;
}

export function countedTable(report: Report): Markup {
  const rows = countedRows(report).map((row) => [row.label, count(row.requests), errorCell(row)]);
  const { agrees } = report.reconciliation;
  const verdict = isWholeAgreement(report.reconciliation) || !agrees ? markup`<strong>${agreement(report)}</strong>` : agreement(report);
  const counts = table("Requests on each side", ["Counted by", "#Requests", "#Errors"], rows, { style: "narrow" });
  return markup`<p>${verdict} ${countSentences(report).join(" ")}</p><p class="about">But for the first row all load is counted, setup and warm-up included.</p>${counts}`;
}

export function routesTable({ routes, load }: Report): Markup {
  if (routes.length === 0)
    return markup`<p class="empty">${load.requests > 0 ? "The routes could not be read." : "No request was counted on any route."}</p>`;
  const rows = routes.map(({ method, route, requests, errors, statuses, p50Seconds, p99Seconds }) => {
    const answers = Object.entries(statuses).map(([status, times]) =>
      [status === "0" ? "no answer" : shortName(status), count(times)].join(": "),
    );
    const head = markup`<bdi><code>${shortName(method)} ${shortName(route)}</code></bdi>`;
    return [head, count(requests), count(errors), answers.join(", "), lapse(p50Seconds), lapse(p99Seconds)];
  });
  const heads = ["Route", "#Requests", "#Errors", "Answers", "#p50, client", "#p99, client"];
  return markup`<p class="about">The judged requests, as k6 counted them.</p>${table("Routes", heads, rows)}`;
}

export function factLists(report: Report): Markup {
  const run: Fact[] = [
    ["run", report.testid],
    ["began", moment(report.startedAt)],
    ["target", report.target],
    ["Prometheus", `${report.prometheus}${report.embedded ? ", started for this run" : ""}`],
    ["confidence of each proof", percent(report.confidence)],
    ["period of the budget", duration(report.periodSeconds)],
    ["exit code", String(report.exitCode)],
  ];
  const lists = {
    Load: loadFacts(report),
    Time: timingFacts(report),
    "Load generator": generatorFacts(report),
    Run: run,
    Origin: originFacts(report),
  };
  const list = ([label, value]: Fact): Markup => markup`<div><dt>${label}</dt><dd>${value}</dd></div>`;
  const all = Object.entries(lists).map(([title, facts]) => markup`<div><h3>${title}</h3><dl>${facts.map(list)}</dl></div>`);
  return markup`<div class="facts">${all}</div>`;
}

export function bullets(lines: readonly string[]): Markup {
  return lines.length === 0 ? nothing : markup`<ul>${lines.map((line) => markup`<li>${line}</li>`)}</ul>`;
}

export type Cell = Markup | string;

/** Makes a table; a head that begins with # stands at the right, as the numbers below it do. Each cell names its head, for where there is no room for columns. */
export function table(label: string, heads: readonly string[], rows: readonly Cell[][], { style = "plain", rowHead = 0 } = {}): Markup {
  const columns = heads.map((head) => (head.startsWith("#") ? { name: head.slice(1), kind: "number" } : { name: head, kind: "word" }));
  const cells = (row: Cell[]): Markup[] =>
    columns.map(({ name, kind }, at) =>
      at === rowHead
        ? markup`<th scope="row">${row[at] ?? ""}</th>`
        : markup`<td class="${kind}" data-head="${name}">${row[at] ?? ""}</td>`,
    );
  return markup`<table class="${style}" aria-label="${label}"><thead><tr>${columns.map(({ name, kind }) => markup`<th scope="col" class="${kind}">${name}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => markup`<tr>${cells(row)}</tr>`)}</tbody></table>`;
}

/** Draws the budget spent as a bar, with a mark at 100%; beyond it each mark is ten times the one before, up to 10,000%. */
function gauge(budgetSpent: number): Markup {
  const full = 160;
  const beyond = 30;
  const share = Math.max(0, Number.isFinite(budgetSpent) ? budgetSpent : 100);
  const end = share <= 1 ? 100 * share : Math.min(full, 100 + beyond * Math.log10(share));
  return markup`<svg class="gauge" viewBox="0 0 ${full} 12" width="${full}" height="12" aria-hidden="true" focusable="false">
    <rect class="gauge-room" x="0" y="3" width="${full}" height="6"/>
    <rect class="gauge-spent" x="0" y="3" width="${tenth(end)}" height="6"/>
    <rect class="gauge-line" x="99" y="0" width="2" height="12"/><rect class="gauge-line" x="${100 + beyond}" y="2" width="1" height="8"/>
    <rect class="gauge-line" x="${full - 1}" y="2" width="1" height="8"/></svg>`;
}

export const tenth = (value: number): number => Math.round(value * 10) / 10;

const quantiles = [0.5, 0.95, 0.99, 0.999];

/** States the percentiles of both sides over the judged load, each as the bucket that it lies in where that is wide; empty where no side was read. */
export const latencyRows = ({ latencies }: Report): string[][] =>
  (["client", "server"] as const)
    .filter((side) => latencies[side].length > 0)
    .map((side) => [side, ...quantiles.map((q) => quantileText(latencies[side], q))]);

export const latenciesTable = (title: string, report: Report): Markup =>
  table(title, ["Side", ...quantiles.map((q) => `#p${q * 100}`)], latencyRows(report));

/** Up to this much wider than its lower bound a bucket is as good as a number. */
const narrow = 1.2;

function quantileText(buckets: Report["latencies"]["client"], quantile: number): string {
  const wanted = quantile * (buckets.at(-1)?.requests ?? 0) * (1 - 1e-9);
  const at = buckets.findIndex(({ requests }) => requests >= wanted);
  const [lower, upper] = [buckets[at - 1]?.atMostSeconds ?? 0, buckets[at]?.atMostSeconds ?? null];
  if (upper === null) return `over ${duration(lower)} (last bucket)`;
  if (lower > 0 && upper <= narrow * lower) return duration(upper);
  const [from, to] = [lower === 0 ? "0" : duration(lower), duration(upper)];
  const unit = to.replace(/^[\d.,]+/, "");
  return `${from.endsWith(unit) ? from.slice(0, -unit.length) : from}–${to}${at === 0 ? " (first bucket)" : ""}`;
}

/** Lists the samples of failing and slow requests, with filters by route and outcome that need the page's script. */
export function samplesSection(report: Report): Markup {
  const samples = report.samples ?? [];
  if (samples.length === 0) return nothing;
  const routeOf = ({ method, route }: ReportSample): string => shortName(`${method} ${route}`);
  const rows = samples.map((sample) => sampleDetails(sample, report, routeOf(sample)));
  return markup`<section class="samples"><h2>Failing and slow requests</h2>
    <p class="about">At most 20 of each route and outcome, a fair choice over the run; likely secrets are masked.</p>
    ${bullets(attributeLines(report))}<p class="filters">${chooser("route", samples.map(routeOf))} ${chooser("outcome", samples.map(sampleOutcome))}</p>${rows}</section>`;
}

function chooser(name: string, values: readonly string[]): Markup {
  const options = [...new Set(values)].toSorted().map((value) => markup`<option value="${value}">${value}</option>`);
  return markup`<label>${capitalised(name)} <select data-filter="${name}"><option value="">all</option>${options}</select></label>`;
}

/** Only what leads to a page becomes a link. */
const link = (url: string, text: string): Markup =>
  /^https?:\/\//.test(url) ? markup`<a href="${url}" rel="noreferrer" target="_blank">${text}</a>` : nothing;

function spanLine({ service, name, durationSeconds, isError, attributes }: NonNullable<ReportSample["spans"]>[number]): string {
  const told = Object.entries(attributes).map(([key, value]) => `${key}=${value}`);
  return [`${service}: ${name}, ${duration(durationSeconds)}${isError ? ", an error" : ""}`, ...told].join("  ");
}

function sampleDetails(sample: ReportSample, report: Report, route: string): Markup {
  const { method, path, answer, log, spans = [], traceUrl = "", logUrl = "" } = sample;
  const outcome = sampleOutcome(sample);
  const phases = Object.entries(sample.phasesSeconds).flatMap(([phase, seconds]) => (seconds > 0 ? [`${phase} ${duration(seconds)}`] : []));
  const facts: [string, string][] = [
    ["route", route],
    ["took", `${duration(sample.durationSeconds)}${phases.length === 0 ? "" : ` (${phases.join(", ")})`}`],
    ["k6's error", sample.error === "" ? "" : `${sample.error} (${sample.errorCode})`],
    ["request id", sample.requestId],
    ["trace id", sample.traceId],
  ];
  const shown = facts.filter(([, value]) => value !== "").map(([label, value]) => markup`<div><dt>${label}</dt><dd>${value}</dd></div>`);
  const block = (title: string, lines: readonly string[]): Markup =>
    lines.length === 0
      ? nothing
      : markup`<p class="query-title">${title}</p><pre tabindex="0"><code>${lines.map((line) => markup`${line}<br>`)}</code></pre>`;
  return markup`<details class="sample" data-route="${route}" data-outcome="${outcome}">
    <summary>${elapsed(sample.atSeconds - runOrigin(report))} <bdi><code>${method} ${path}</code></bdi> ${outcome}</summary>
    <dl>${shown}</dl>${block("Beginning of the answer", answer === "" ? [] : [answer])}${block("Spans", spans.map(spanLine))}${block("The service's log", log)}
    ${link(traceUrl, "Trace")} ${link(logUrl, "Log lines")}</details>`;
}
