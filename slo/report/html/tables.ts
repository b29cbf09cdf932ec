import { agreement, countSentences, countedRows, errorCell, generatorFacts, isWholeAgreement, lapse, loadFacts } from "../facts.ts";
import { type Fact, objectiveNumbers, periodSentence, timingFacts, windowSentence } from "../facts.ts";
import { type ReportObjective, shortName, verdictSigns, verdictWords } from "../headline.ts";
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
  return table("Objectives", heads, objectives.map(objectiveRow), "objectives");
}

function objectiveRow(objective: ReportObjective): Markup {
  const { verdict, name, description, targetRatio, evidence } = objective;
  const { bad, spent, proved } = objectiveNumbers(objective);
  const bar = evidence === undefined ? nothing : markup`${gauge(evidence.budgetSpent)} `;
  return markup`<tr><td>${badge(verdict)}</td>
    <th scope="row"><bdi class="name">${shortName(name)}</bdi><span class="about">${shortened(description, descriptionLimit)}</span></th>
    <td><span class="spent verdict-${verdict}">${bar}<span>${spent}</span></span></td><td class="number">${bad}</td>
    <td class="number">${targetPercent(targetRatio)}</td><td class="number">${proved}</td></tr>`;
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
    const windows = (evidence?.windows ?? []).map((window) => windowSentence(window, report));
    const lines = [...(reason === undefined ? [] : [reason]), ...caveats, ...windows, ...(period === undefined ? [] : [period])];
    return markup`<details><summary><bdi>${shortName(name)}</bdi></summary>
      <p class="place">Stated at <code>${place.file}:${place.line}:${place.column}</code></p>${bullets(lines)}<p class="query-title">Bad events</p>
      <pre tabindex="0"><code>${queries.bad}</code></pre><p class="query-title">All events</p>
      <pre tabindex="0"><code>${queries.total}</code></pre></details>`;
  })}`;
}

/** Follows the requests from k6 to the server. */
export function countedTable(report: Report): Markup {
  const rows = countedRows(report).map((row) => numberRow(row.label, [count(row.requests), errorCell(row)]));
  const { agrees } = report.reconciliation;
  const verdict = isWholeAgreement(report.reconciliation) || !agrees ? markup`<strong>${agreement(report)}</strong>` : agreement(report);
  const counts = table("Requests on each side", ["Counted by", "#Requests", "#Errors"], rows, "narrow");
  return markup`<p>${verdict} ${countSentences(report).join(" ")}</p>${counts}`;
}

/** Lists the routes, worst first, with their answers by status. */
export function routesTable({ routes, load }: Report): Markup {
  if (routes.length === 0)
    return markup`<p class="empty">${load.requests > 0 ? "The routes could not be read." : "No request was counted on any route."}</p>`;
  const rows = routes.map(({ method, route, requests, errors, statuses, p50Seconds, p99Seconds }) => {
    const answers = Object.entries(statuses).map(([status, times]) =>
      [status === "0" ? "no answer" : shortName(status), count(times)].join(": "),
    );
    return markup`<tr><th scope="row"><bdi><code>${shortName(method)} ${shortName(route)}</code></bdi></th>
      <td class="number">${count(requests)}</td><td class="number">${count(errors)}</td><td>${answers.join(", ")}</td>
      <td class="number">${lapse(p50Seconds)}</td><td class="number">${lapse(p99Seconds)}</td></tr>`;
  });
  return table("Routes", ["Route", "#Requests", "#Errors", "Answers", "#p50", "#p99"], rows);
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
  const lists = { Load: loadFacts(report), Time: timingFacts(report), "Load generator": generatorFacts(report), Run: run };
  const list = ([label, value]: Fact): Markup => markup`<div><dt>${label}</dt><dd>${value}</dd></div>`;
  const all = Object.entries(lists).map(([title, facts]) => markup`<div><h3>${title}</h3><dl>${facts.map(list)}</dl></div>`);
  return markup`<div class="facts">${all}</div>`;
}

/** Makes a list, or nothing of nothing. */
export function bullets(lines: readonly string[]): Markup {
  return lines.length === 0 ? nothing : markup`<ul>${lines.map((line) => markup`<li>${line}</li>`)}</ul>`;
}

/** Puts a table in a box of its own that scrolls, by keyboard too; a head that begins with # stands at the right, as the numbers below it do. */
export function table(label: string, heads: readonly string[], rows: readonly Markup[], style = "plain"): Markup {
  const cells = heads.map((head) => {
    const isNumber = head.startsWith("#");
    return markup`<th scope="col" class="${isNumber ? "number" : "word"}">${isNumber ? head.slice(1) : head}</th>`;
  });
  return markup`<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table class="${style}"><thead>
    <tr>${cells}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** Makes a row of a name and numbers. */
export function numberRow(label: string, numbers: readonly string[]): Markup {
  return markup`<tr><th scope="row">${label}</th>${numbers.map((number) => markup`<td class="number">${number}</td>`)}</tr>`;
}
