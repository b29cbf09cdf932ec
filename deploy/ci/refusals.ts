import { exitMeaning } from "../../slo/host/exit-codes.ts";
import type { Finding } from "../../slo/report/findings.ts";
import type { Report } from "../../slo/report/schema.ts";

/** Says that something is wrong with the gate itself. */
export const noVerdict = (message: string): Finding => ({ level: "error", title: "Plimsoll: no verdict", message });

/** Says why a report does not stand behind the exit code, or nothing when it does. A pass needs a report in which every objective is met. */
export function contradiction(report: Report, exitCode: number): string | undefined {
  if (report.exitCode !== exitCode) return `the report says exit code ${report.exitCode}, the command ended with ${exitCode}`;
  if (exitCode !== 0) return undefined;
  if (report.verdict !== "met") return `the exit code is 0, but the report's verdict is ${report.verdict}`;
  if (report.objectives.length === 0) return "the exit code is 0, but no objective was judged";
  const other = report.objectives.find(({ verdict }) => verdict !== "met");
  return other && `the exit code is 0, but ${other.name} is ${other.verdict}`;
}

/** Makes a finding of a run that left no report, by the command's last words. */
export function refusals(exitCode: number, stderr: string): Finding[] {
  const lines = stderr.split(/\r?\n/u).filter((line) => line.trim() !== "");
  const meaning = exitMeaning(exitCode) ?? `the command ended with ${exitCode}, which has no meaning`;
  return [{ level: "error", title: `Plimsoll: exit code ${exitCode}`, message: [meaning, ...lines.slice(-10)].join("\n") }];
}
