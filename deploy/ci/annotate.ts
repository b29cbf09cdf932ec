import { hash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { codeQualityReport, findingLines, findingsOf, githubAnnotations, type Finding } from "../../slo/report/findings.ts";
import { readReport } from "../../slo/report/json.ts";
import { contradiction, noVerdict, refusals } from "./refusals.ts";

// node annotate.ts EXIT_CODE fail|warn REPORT_JSON STDERR_LOG CODE_QUALITY_JSON
// Prints the annotations; ends with 1 when no report stands behind an exit code that may pass.

const read = (file: string): string | undefined => (existsSync(file) ? readFileSync(file, "utf8") : undefined);

function examine(exitCode: number, unproved: "error" | "warning", reportFile: string, stderrFile: string): [Finding[], stands: boolean] {
  const text = read(reportFile);
  const mayPass = exitCode === 0 || exitCode === 3;
  if (text === undefined && !mayPass) return [refusals(exitCode, read(stderrFile) ?? ""), true];
  if (text === undefined) return [[noVerdict(`the exit code is ${exitCode}, but there is no report of this run`)], false];
  const found = readReport(text);
  if (found.kind === "problem") return [[noVerdict(`the report cannot be read: ${found.message}`)], !mayPass];
  const wrong = contradiction(found.report, exitCode);
  return wrong === undefined ? [findingsOf(found.report, unproved), true] : [[noVerdict(wrong)], !mayPass];
}

const [code = "", inconclusive = "", reportFile = "", stderrFile = "", codeQualityFile = ""] = process.argv.slice(2);
const [findings, stands] = examine(Number(code), inconclusive === "warn" ? "warning" : "error", reportFile, stderrFile);
process.stdout.write(process.env["GITHUB_ACTIONS"] === "true" ? githubAnnotations(findings) : findingLines(findings));
const fingerprint = (text: string): string => hash("sha256", text);
writeFileSync(codeQualityFile, codeQualityReport(findings, fingerprint));
process.exitCode = stands ? 0 : 1;
