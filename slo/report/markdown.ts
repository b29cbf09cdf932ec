import { attributeLines, causeLine, causes } from "./causes.ts";
import { agreement, countedRows, countSentences, errorCell, loadFacts, objectiveNumbers } from "./facts.ts";
import { reasonLines, remarks, timingFacts } from "./facts.ts";
import { headline, ownName, type ReportObjective, subject, verdictSigns, verdictWord } from "./headline.ts";
import { count, percent, targetPercent } from "./numbers.ts";
import { plainLine, shortened } from "./plain.ts";
import type { Report } from "./schema.ts";

/** GitHub cuts a step's summary at 1 MiB: data is kept far below that. */
const dataLimit = 300;
const entryLimit = 50;

/** Renders `summary.md` in GitHub's Markdown; every piece of data in it is inert text. */
export function markdownReport(report: Report): string {
  const sections = [
    `## ${verdictSigns[report.verdict]} ${verdictWord(report.verdict)}: ${data(headline(report))}`,
    subjectLine(report),
    list("Cause", causes(report).map(causeLine)),
    list("In the traces of bad requests", attributeLines(report)),
    objectivesTable(report),
    list("Why", reasonLines(report)),
    countedTable(report),
    factLine("Load", loadFacts(report)),
    factLine("Time", timingFacts(report)),
    ...remarks(report).map(([title, sentences]) => list(title, sentences)),
    `Run ${data(report.testid)}, proof at ${percent(report.confidence)} confidence.`,
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

/**
 * Escapes data for any place within a line of GitHub's Markdown, table cells included, and no more than would be taken for Markdown there:
 * an underscore within a word, a clock's colon or a place's is text as it is; `://` makes a link, `:word:` an emoji, `#1` an issue.
 */
export function data(text: string): string {
  return shortened(plainLine(text).trim(), dataLimit)
    .replace(/[<>@]|&(?=#?\w)|^#|#(?=\w)/gu, (character) => `&#${character.codePointAt(0)};`)
    .replace(/[\\`*[\]|~$]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\$&")
    .replace(/:(?=\/\/|[\w+-]*[a-z+-][\w+-]*:|100:|1234:)/giu, "\\$&")
    .replace(/(www)\./giu, "$1\\.");
}

/** Shows the target as code, which needs no escapes, where it is the plain address that it should be. */
function subjectLine(report: Report): string {
  const text = subject(report);
  const plain = /^https?:\/\/[\w.:/[\]-]+$/u.test(report.target) && text.endsWith(report.target);
  return plain ? `${data(text.slice(0, -report.target.length))} \`${report.target}\`` : data(text);
}

function objectivesTable(report: Report): string {
  if (report.objectives.length === 0) return "No objective was judged.";
  const rows = report.objectives.map((objective) => `| ${cells(objective).join(" | ")} |`);
  return ["| Verdict | Objective | Target | Bad of total | Budget spent | Proved good |", "|:--|:--|--:|--:|--:|--:|", ...rows].join("\n");
}

function cells(objective: ReportObjective): string[] {
  const { verdict, description, targetRatio } = objective;
  const { bad, spent, proved } = objectiveNumbers(objective);
  const head = [`${verdictSigns[verdict]} ${verdictWord(verdict)}`, `**${data(ownName(objective))}**<br>${data(description)}`];
  return [...head, targetPercent(targetRatio), bad, spent, proved];
}

function countedTable(report: Report): string {
  const rows = countedRows(report).map((row) => `| ${row.label} | ${count(row.requests)} | ${errorCell(row)} |`);
  const verdict = report.reconciliation.agrees ? agreement(report) : `**${agreement(report)}**`;
  const says = [verdict, ...countSentences(report).map(data)].join(" ");
  return ["| Counted by | Requests | Errors |", "|:--|--:|--:|", ...rows, "", says].join("\n");
}

function factLine(title: string, facts: readonly (readonly [string, string])[]): string {
  return `**${title}**: ${facts.map(([label, value]) => `${label} ${data(value)}`).join(", ")}.`;
}

function list(title: string, entries: readonly string[]): string {
  if (entries.length === 0) return "";
  const shown = entries.slice(0, entryLimit).map((entry) => `- ${data(entry)}`);
  const left = entries.length - shown.length;
  return [`**${title}**`, "", ...shown, ...(left > 0 ? [`- and ${left} more`] : [])].join("\n");
}
