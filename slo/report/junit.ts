import { causes, firstSamples, sampleLine } from "./causes.ts";
import { agreement, countedRows, countSentences, objectiveNumbers } from "./facts.ts";
import { headline, type ReportObjective, runReasons, verdictWord } from "./headline.ts";
import { counted, isoMoment, targetPercent } from "./numbers.ts";
import { shortened } from "./plain.ts";
import type { Report } from "./schema.ts";

/** The one test case that no objective owns. */
export const validityCaseName = "the run is valid and its counts add up";

/** Characters that XML 1.0 cannot hold even as a reference, and format characters that turn text round. */
const unfit = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\uFFFE\uFFFF\p{Cs}\p{Cf}]/gu;
const references: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };
const dataLimit = 2000;

interface TestCase {
  name: string;
  kind: "pass" | "failure" | "error" | "skipped";
  message: string;
  detail: string;
}

/** Renders JUnit XML, one suite for the run; it is red exactly when the run is not met. */
export function junitReport(report: Report): string {
  const objectives = report.objectives.map((objective) => objectiveCase(objective, report));
  const cases = [...objectives, validityCase(report, objectives)];
  const of = (asked: TestCase["kind"]): number => cases.filter(({ kind }) => kind === asked).length;
  const counts = { tests: cases.length, failures: of("failure"), errors: of("error"), skipped: of("skipped") };
  const totals = { ...counts, time: Number.isFinite(report.timings.loadSeconds) ? report.timings.loadSeconds.toFixed(3) : "0" };
  const timestamp = isoMoment(report.startedAt);
  const suite = { name: `${report.service}.${report.scenario}`, ...totals, ...(timestamp === undefined ? {} : { timestamp }) };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: "plimsoll", ...totals })}>`,
    `  <testsuite${attributes(suite)}>`,
    "    <properties>",
    `      <property${attributes({ name: "testid", value: report.testid })}/>`,
    "    </properties>",
    ...cases.map((testCase) => caseXml(testCase, `${report.service}.${report.scenario}`)),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function objectiveCase(objective: ReportObjective, report: Report): TestCase {
  const { name, verdict, reason, targetRatio, evidence, description, place, queries, advisory } = objective;
  const { bad, spent, proved } = objectiveNumbers(objective);
  const numbers = `bad: ${bad}, ${spent} of the error budget spent, proved good ${proved}`;
  const counts = evidence === undefined ? "nothing was counted" : numbers;
  const kinds = { met: "pass", exceeded: "failure", inconclusive: "error" } as const satisfies Record<typeof verdict, TestCase["kind"]>;
  const found = verdict === "met" ? [] : causes(report, [objective]).map(({ sentence }) => sentence);
  const detail = [
    ...found,
    `${description}, target ${targetPercent(targetRatio)}: ${counts}`,
    `spec: ${place.file}:${place.line}:${place.column}`,
    `bad: ${queries.bad}`,
    `total: ${queries.total}`,
    ...(verdict === "met" ? [] : firstSamples(report, [objective]).map((sample) => `sample: ${sampleLine(sample, report)}`)),
    ...objective.caveats.map((caveat) => `caveat: ${caveat}`),
  ].join("\n");
  // An advisory objective turns nothing red, whatever it says.
  if (advisory && verdict !== "met") return { name, kind: "skipped", message: `advisory, ${verdict}: ${reason ?? counts}`, detail };
  return { name, kind: kinds[verdict], message: [...found.slice(0, 1), reason ?? counts].join("; "), detail };
}

function validityCase(report: Report, objectives: TestCase[]): TestCase {
  const { agrees, explanation } = report.reconciliation;
  const counts = countedRows(report).map(
    ({ label, requests }) => `${label}: ${requests === null ? "not read" : counted(requests, "request")}`,
  );
  const found = [`${verdictWord(report.verdict)}: ${headline(report)}`, agreement(report), ...countSentences(report)];
  const detail = [...found, ...counts, ...report.reasons, ...report.notes].filter((part) => part !== "").join("\n");
  const told = objectives.some(({ kind }) => kind === "failure" || kind === "error");
  const message = runReasons(report)[0] ?? (agrees ? headline(report) : `${agreement(report)} ${explanation}`);
  return { name: validityCaseName, kind: validityKind(report, told), message, detail };
}

function validityKind(report: Report, told: boolean): TestCase["kind"] {
  switch (report.verdict) {
    case "met":
      return report.exitCode === 0 ? "pass" : "error";
    case "interrupted":
      return "error";
    case "exceeded":
      if (!told) return "failure";
      return report.reconciliation.agrees ? "pass" : "error";
    case "inconclusive":
      return told && report.reconciliation.agrees && runReasons(report).length === 0 ? "pass" : "error";
  }
}

function caseXml({ name, kind, message, detail }: TestCase, classname: string): string {
  const outcomes = {
    pass: `<system-out>${text(detail)}</system-out>`,
    skipped: `<skipped${attributes({ message })}/>\n      <system-out>${text(detail)}</system-out>`,
    failure: `<failure${attributes({ type: "exceeded", message })}>${text(detail)}</failure>`,
    error: `<error${attributes({ type: "inconclusive", message })}>${text(detail)}</error>`,
  } as const satisfies Record<TestCase["kind"], string>;
  return `    <testcase${attributes({ classname, name, time: "0" })}>\n      ${outcomes[kind]}\n    </testcase>`;
}

function attributes(values: Record<string, string | number>): string {
  const written = Object.entries(values).map(([name, value]) => ` ${name}="${escaped(String(value), /[&<>"'\t\n\r]/gu)}"`);
  return written.join("");
}

const text = (value: string): string => escaped(value, /[&<>"\r]/gu);

function escaped(value: string, special: RegExp): string {
  const fit = shortened(value.replace(unfit, "\uFFFD"), dataLimit);
  return fit.replace(special, (character) => references[character] ?? `&#${character.charCodeAt(0)};`);
}
