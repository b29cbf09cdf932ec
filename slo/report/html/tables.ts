import { agreement, countSentences, countedRows, errorCell, generatorFacts, isWholeAgreement, lapse, loadFacts } from "../facts.ts";
import { type Fact, objectiveNumbers, originFacts, periodSentence, timingFacts, windowSentence } from "../facts.ts";
import { ownName, type ReportObjective, shortName, verdictSigns, verdictWords } from "../headline.ts";
import { count, duration, percent, targetPercent } from "../numbers.ts";
import { shortened } from "../plain.ts";
import type { Report } from "../schema.ts";
import { gauge } from "./mark.ts";
import { markup, type Markup, nothing } from "./markup.ts";

const descriptionLimit = 200;

/** Lists the objectives, one row each. */
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
  const word = verdictWords[verdict];
  return markup`<span class="sign" aria-hidden="true">${verdictSigns[verdict]}</span> ${word.charAt(0)}${word.slice(1).toLowerCase()}`;
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

/** Follows the requests from k6 to the server. */
export function countedTable(report: Report): Markup {
  const rows = countedRows(report).map((row) => [row.label, count(row.requests), errorCell(row)]);
  const { agrees } = report.reconciliation;
  const verdict = isWholeAgreement(report.reconciliation) || !agrees ? markup`<strong>${agreement(report)}</strong>` : agreement(report);
  const counts = table("Requests on each side", ["Counted by", "#Requests", "#Errors"], rows, { style: "narrow" });
  return markup`<p>${verdict} ${countSentences(report).join(" ")}</p><p class="about">But for the first row all load is counted, setup and warm-up included.</p>${counts}`;
}

/** Lists the routes, worst first, with their answers by status. */
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

/** Lists the facts of the load, its times, the generator and the run, in four short lists. */
export function factLists(report: Report): Markup {
  const run: Fact[] = [
    ["run", report.testid],
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

/** Makes a list, or nothing of nothing. */
export function bullets(lines: readonly string[]): Markup {
  return lines.length === 0 ? nothing : markup`<ul>${lines.map((line) => markup`<li>${line}</li>`)}</ul>`;
}

/** What stands in a cell. */
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
