import { exitMeaning } from "../../slo/host/exit-codes.ts";
import type { Finding } from "../../slo/report/findings.ts";
import type { Report } from "../../slo/report/schema.ts";

/** Says that something is wrong with the gate itself. */
export function noVerdict(message: string): Finding {
  return { level: "error", title: "Plimsoll: no verdict", message };
}

/** Says why a report does not stand behind the exit code, or nothing when it does. A pass needs a report in which every objective is met. */
export function contradiction(report: Report, exitCode: number): string | undefined {
  if (report.exitCode !== exitCode) return `the report says exit code ${report.exitCode}, the command ended with ${exitCode}`;
  if (exitCode !== 0) return undefined;
  if (report.verdict !== "met") return `the exit code is 0, but the report's verdict is ${report.verdict}`;
  if (report.objectives.length === 0) return "the exit code is 0, but no objective was judged";
  const other = report.objectives.find(({ verdict }) => verdict !== "met");
  return other && `the exit code is 0, but ${other.name} is ${other.verdict}`;
}

/** Makes findings of a run that left no report: the places that the command named (`file:line:column text`), else its last words. */
export function refusals(exitCode: number, stderr: string): Finding[] {
  const title = `Plimsoll: exit code ${exitCode}`;
  const lines = stderr.split(/\r?\n/u).filter((line) => line.trim() !== "");
  const placed = exitCode === 2 ? lines.flatMap((line) => placedLine(line, title)) : [];
  if (placed.length > 0) return placed;
  const meaning = exitMeaning(exitCode) ?? `the command ended with ${exitCode}, which has no meaning`;
  return [{ level: "error", title, message: [meaning, ...lines.slice(-5)].join("\n") }];
}

function placedLine(line: string, title: string): Finding[] {
  const [, file, lineNumber, column, message] = /^([^\s:][^:]*):(\d+):(\d+) (.+)$/u.exec(line) ?? [];
  if (file === undefined || message === undefined) return [];
  return [{ level: "error", title, message, place: { file, line: Number(lineNumber), column: Number(column) } }];
}
