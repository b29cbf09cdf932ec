import { attributeLines, causeLine, causes, firstSamples, sampleLine } from "./causes.ts";
import { clipped, columnsOf, padded, wrapped } from "./columns.ts";
import { agreement, countedRows, countSentences, errorCell, type Fact, generatorFacts, loadFacts, timingFacts } from "./facts.ts";
import { objectiveNumbers, reasonLines, remarks } from "./facts.ts";
import { headline, ownName, type ReportObjective, sideWords, subject, verdictWord } from "./headline.ts";
import { count, targetPercent } from "./numbers.ts";
import { plainLine, shortened } from "./plain.ts";
import type { Report } from "./schema.ts";

export interface TerminalOptions {
  colour: boolean;
  width: number;
}

type Paint = (colour: keyof typeof codes) => (text: string) => string;
const codes = { good: "32;1", bad: "31;1", uncertain: "33;1", bold: "1", dim: "2" };
const verdictColours = { met: "good", exceeded: "bad", inconclusive: "uncertain", interrupted: "uncertain" } as const;
const dataLimit = 400;
const narrowestName = 16;

/** Renders the report for a terminal, the verdict first; ends with a newline. Nothing in the data can steer the terminal. */
export function terminalReport(report: Report, options: TerminalOptions): string {
  const width = Math.max(40, Math.floor(options.width));
  const paint: Paint = (colour) => (options.colour ? (text) => `\u001B[${codes[colour]}m${text}\u001B[0m` : (text) => text);
  const word = verdictWord(report.verdict);
  const verdictLine = `${paint(verdictColours[report.verdict])(word)}  ${clipped(data(headline(report)), width - word.length - 2)}`;
  const listed = (title: string, entries: readonly string[]): string[] => {
    const lines = entries.flatMap((entry) => wrapped(data(entry), width - 4).map((line, at) => `${at === 0 ? "  " : "    "}${line}`));
    return lines.length === 0 ? [] : [paint("bold")(title), ...lines];
  };
  const rows = (facts: readonly Fact[]): string[] => {
    const longest = Math.max(...facts.map(([label]) => label.length));
    return facts.flatMap(([label, value]) =>
      wrapped(data(value), width - 4 - longest).map((line, at) => `  ${(at === 0 ? label : "").padEnd(longest)}  ${line}`),
    );
  };
  const facts: [string, Fact[]][] = [
    ["Load", loadFacts(report)],
    ["k6", generatorFacts(report)],
    ["Time", timingFacts(report)],
  ];
  const samples = firstSamples(report).map((sample) => sampleLine(sample, report));
  const sections = [
    [verdictLine, paint("dim")(clipped(data(subject(report)), width))],
    listed("Cause", causes(report).map(causeLine)),
    listed("In the traces of bad requests", attributeLines(report).slice(0, 5)),
    objectiveLines(report, width, paint),
    listed("Why", reasonLines(report)),
    countedLines(report, width, paint),
    listed("Samples", samples),
    ...facts.map(([title, some]) => [paint("bold")(title), ...rows(some)]),
    ...remarks(report).map(([title, sentences]) => listed(title, sentences)),
  ].filter(({ length }) => length > 0);
  return sections.map((lines) => `${lines.map((line) => line.trimEnd()).join("\n")}\n`).join("\n");
}

const data = (text: string): string => shortened(plainLine(text), dataLimit);

function objectiveLines(report: Report, width: number, paint: Paint): string[] {
  if (report.objectives.length === 0) return [];
  const rows = report.objectives.map(objectiveCells);
  const heads = ["side", "target", "bad of total", "spent", "proved good"];
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => columnsOf(row.cells[at] ?? ""))));
  const verdictWidth = Math.max(...rows.map(({ word }) => word.length));
  const fixed = verdictWidth + 2 + widths.reduce((sum, cell) => sum + cell + 2, 0);
  const longestName = Math.max("objective".length, ...rows.map(({ name }) => columnsOf(name)));
  if (width - fixed < Math.min(longestName, narrowestName)) return rows.flatMap((row) => stackedRow(row, verdictWidth, width, paint));
  const nameWidth = Math.min(longestName, width - fixed);
  const line = (cells: string[]): string =>
    cells.map((cell, at) => `  ${padded(cell, widths[at] ?? 0, at === 0 ? "left" : "right")}`).join("");
  const head = `${padded("", verdictWidth, "left")}  ${padded("objective", nameWidth, "left")}${line(heads)}`;
  const body = rows.map((row) => `${verdictCell(row, verdictWidth, paint)}  ${padded(row.name, nameWidth, "left")}${line(row.cells)}`);
  return [paint("dim")(head), ...body];
}

function objectiveCells(objective: ReportObjective) {
  const { side, verdict, targetRatio } = objective;
  const { bad, spent, proved } = objectiveNumbers(objective);
  return {
    verdict,
    word: verdictWord(verdict),
    name: data(ownName(objective)),
    cells: [sideWords[side], targetPercent(targetRatio), bad, spent, proved],
  };
}

function verdictCell({ verdict, word }: ReturnType<typeof objectiveCells>, width: number, paint: Paint): string {
  return paint(verdictColours[verdict])(padded(word, width, "left"));
}

function stackedRow(row: ReturnType<typeof objectiveCells>, verdictWidth: number, width: number, paint: Paint): string[] {
  const indent = verdictWidth + 2;
  const [side, target, bad, spent, proved] = row.cells;
  const sentence = `${side}, target ${target}, bad ${bad}, budget spent ${spent}, proved good ${proved}`;
  const head = `${verdictCell(row, verdictWidth, paint)}  ${clipped(row.name, width - indent)}`;
  return [head, ...wrapped(sentence, width - indent).map((line) => " ".repeat(indent) + line)];
}

function countedLines(report: Report, width: number, paint: Paint): string[] {
  const rows = countedRows(report);
  const labelWidth = Math.max(...rows.map(({ label }) => label.length));
  const numberWidth = Math.max(...rows.map(({ requests }) => count(requests).length));
  const lines = rows.map(
    (row) =>
      `${row.label.padEnd(labelWidth)}  ${count(row.requests).padStart(numberWidth)}${errorCell(row).replace(/^(?=.)/u, ", errors: ")}`,
  );
  const sentences = [agreement(report), ...countSentences(report)].flatMap((part) => wrapped(data(part), width - 2));
  const colour = paint(report.reconciliation.agrees ? "bold" : "uncertain");
  return [colour("Requests"), ...[...lines, ...sentences].map((line) => `  ${clipped(line, width - 2)}`)];
}
