import { causes } from "./causes.ts";
import { capitalised, otherReasons, runOrigin, scenarioOverrides } from "./facts.ts";
import { headline, shortName, subject, verdictWord, whys } from "./headline.ts";
import { type ChartModel, chartModels, lineSummaries } from "./html/charts.ts";
import { jsonMarkup, markup, type Markup, nothing, rawElementText } from "./html/markup.ts";
import { bullets, countedTable, factLists, latenciesTable, objectiveDetails, objectivesTable, routesTable } from "./html/tables.ts";
import { samplesSection, table, tenth, verdictText } from "./html/tables.ts";
import { elapsed, percent } from "./numbers.ts";
import type { Report } from "./schema.ts";

/** What the page needs of the outside: texts of scripts and styles (uPlot's, then the page's own), and SHA-256 of UTF-8 in base64. */
export interface HtmlAssets {
  scripts: readonly string[];
  styles: readonly string[];
  sha256Base64: (text: string) => string;
}

/** Renders the report as one HTML file that fetches nothing; its policy lets only the scripts and styles run whose hashes it names. */
export function htmlReport(report: Report, assets: HtmlAssets): string {
  const { scripts, styles } = assets;
  const models = chartModels(report);
  const drawn = models.filter(({ lines }) => lines.length > 0);
  const title = `${verdictWord(report.verdict)}: ${shortName(report.service)} under ${shortName(report.scenario)}`;
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(assets)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
${styles.map((style) => markup`<style>${rawElementText(style, "style")}</style>`)}
</head>
<body>
${verdictHeader(report)}
<main>
${causeSection(report)}
${whySection(report)}
<section><h2>Objectives</h2>${objectivesTable(report)}${proofNote(report)}${bullets(scenarioOverrides(report))}</section>
<section><h2>Over time</h2><noscript><p class="empty">The charts need JavaScript; their numbers stand below each title.</p></noscript>${unjudged(report)}<div class="charts">${models.map((model) => chartFigure(report, model))}</div></section>
<section><h2>Requests on each side</h2>${countedTable(report)}</section>
<section><h2>Routes</h2>${routesTable(report)}</section>
${samplesSection(report)}
<section><h2>How each objective was counted</h2>${objectiveDetails(report)}</section>
<section><h2>Facts of the run</h2>${factLists(report)}</section>
${report.notes.length === 0 ? nothing : markup`<section><h2>Notes</h2>${bullets(report.notes)}</section>`}
</main>
<footer><p>Written by Plimsoll. The same numbers are in report.json beside this file.</p></footer>
<script type="application/json" id="chart-data">${jsonMarkup(drawn)}</script>
${scripts.map((script) => markup`<script>${rawElementText(script, "script")}</script>`)}
</body>
</html>
`;
  return page.markup;
}

function policy({ scripts, styles, sha256Base64 }: HtmlAssets): string {
  const hashes = (texts: readonly string[]): string => texts.map((text) => `'sha256-${sha256Base64(text)}'`).join(" ");
  return `default-src 'none'; script-src ${hashes(scripts)}; style-src ${hashes(styles)}; img-src data:; base-uri 'none'; form-action 'none'`;
}

function verdictHeader(report: Report): Markup {
  const spent = report.objectives.flatMap(({ evidence, advisory }) => (evidence === undefined || advisory ? [] : [evidence.budgetSpent]));
  const mark = loadMark(spent.length === 0 ? undefined : Math.max(...spent));
  return markup`<header class="verdict verdict-${report.verdict}">${mark}<div><p class="subject"><bdi>${subject(report)}</bdi></p>
    <h1>${verdictText(report.verdict)}</h1>
    <p class="finding">${capitalised(headline(report))}</p></div></header>`;
}

/** Draws the load line of a ship with the water at the budget that was spent: above the line, it is too much. `undefined` draws no water. */
function loadMark(budgetSpent: number | undefined): Markup {
  const level = budgetSpent === undefined ? undefined : 48 + (1 - Math.min(2, Math.max(0, budgetSpent))) * 34;
  const water =
    level === undefined ? markup`` : markup`<rect class="water" x="0" y="${tenth(level)}" width="96" height="${tenth(96 - level)}"/>`;
  return markup`<svg class="mark" viewBox="0 0 96 96" width="96" height="96" aria-hidden="true" focusable="false">
    <rect class="hull" x="0" y="0" width="96" height="96"/>${water}<circle class="ring" cx="48" cy="48" r="25"/>
    <rect class="load-line" x="6" y="45.5" width="84" height="5"/></svg>`;
}

function causeSection(report: Report): Markup {
  const found = causes(report).map(
    ({ sentence, objectives }) =>
      markup`<li><strong><bdi>${sentence}</bdi></strong> <span class="about">${objectives.map(shortName).join(", ")}</span></li>`,
  );
  return found.length === 0 ? nothing : markup`<section class="causes"><h2>Cause</h2><ul>${found}</ul></section>`;
}

function whySection(report: Report): Markup {
  const own = whys(report).map(({ who, reason }) => markup`<li><strong><bdi>${who}</bdi></strong>: ${reason}</li>`);
  const all = [...own, ...otherReasons(report).map((reason) => markup`<li>${reason}</li>`)];
  return all.length === 0 ? nothing : markup`<section><h2>Why</h2><ul>${all}</ul></section>`;
}

function proofNote({ objectives, confidence }: Report): Markup {
  if (objectives.length === 0) return nothing;
  return markup`<p class="about">Proved good is the share of good events that the counts prove at ${percent(confidence)} confidence. The mark on a bar is 100% of the budget; the smaller ones are 1,000% and 10,000%.</p>`;
}

function unjudged(report: Report): Markup {
  const origin = runOrigin(report);
  const spans = report.phases
    .filter(({ judged }) => !judged)
    .map(({ name, fromSeconds, toSeconds }) => `${shortName(name)} (${elapsed(fromSeconds - origin)}–${elapsed(toSeconds - origin)})`);
  return spans.length === 0 ? nothing : markup`<p class="about">Hatched in the charts, and not judged: ${spans.join(", ")}.</p>`;
}

/** Shows a chart; one that has nothing to say but a zero is folded. */
function chartFigure(report: Report, model: ChartModel): Markup {
  const { lines, unread, flat, silent } = model;
  const title = model.title;
  const caption = markup`<figcaption><h3>${title}</h3><p>${model.note}</p></figcaption>`;
  const why = unread === undefined ? nothing : markup`<p class="about">Prometheus could not answer for all of it: ${unread}</p>`;
  if (lines.length === 0) {
    const empty = unread === undefined ? "No samples." : `Could not be read: ${unread}`;
    return markup`<figure>${caption}<p class="plain-empty">${empty}</p></figure>`;
  }
  const without = silent.length === 0 ? nothing : markup`<p class="about">No samples: ${silent.join(", ")}.</p>`;
  const figure = markup`<div class="plot" id="plot-${model.id}"></div>${without}${why}${chartNumbers(report, model)}`;
  if (flat === undefined) return markup`<figure>${caption}${figure}</figure>`;
  return markup`<figure><details class="flat"><summary>${title}: ${flat} throughout</summary>${caption}${figure}</details></figure>`;
}

/** Tells a chart in numbers: of latencies the percentiles, of all else each line's lowest, middle and highest value. */
function chartNumbers(report: Report, model: ChartModel): Markup {
  const title = `${model.title} in numbers`;
  if (model.x === "latency") return latenciesTable(title, report);
  const rows = lineSummaries(model).map(({ label, lowest, median, highest, highestAt }) => [label, lowest, median, highest, highestAt]);
  const numbers = table(title, ["Line", "#Lowest", "#Median", "#Highest", "#Highest at"], rows);
  return markup`<details class="numbers"><summary>${title}</summary>${numbers}</details>`;
}
