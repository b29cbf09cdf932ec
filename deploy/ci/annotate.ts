import { readFileSync, writeFileSync } from "node:fs";
import { codeQuality, logLines, workflowCommands } from "./annotations.ts";
import { contradiction, findingsOf, gateProblem, refusals, type Finding } from "./findings.ts";
import { readJudgedRun } from "./judged-run.ts";

// node annotate.ts EXIT_CODE fail|warn REPORT_JSON STDERR_LOG CODE_QUALITY_JSON
// Prints the annotations; ends with 1 when no report stands behind an exit code that may pass.

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function examine(exitCode: number, inconclusive: "fail" | "warn", reportFile: string, stderrFile: string): [Finding[], boolean] {
  const text = reportFile === "" ? undefined : read(reportFile);
  const mayPass = exitCode === 0 || exitCode === 3;
  if (text === undefined) {
    if (mayPass) return [[gateProblem(`the exit code is ${exitCode}, but there is no report of this run`)], false];
    return [refusals(exitCode, read(stderrFile) ?? ""), true];
  }
  const judged = readJudgedRun(text);
  if (judged.kind === "problem") return [[gateProblem(judged.message)], !mayPass];
  const wrong = contradiction(judged.run, exitCode);
  if (wrong !== undefined) return [[gateProblem(wrong)], !mayPass];
  return [findingsOf(judged.run, exitCode, inconclusive), true];
}

const [code = "", inconclusive = "", reportFile = "", stderrFile = "", codeQualityFile = ""] = process.argv.slice(2);
const [findings, stands] = examine(Number(code), inconclusive === "warn" ? "warn" : "fail", reportFile, stderrFile);
const lines = process.env["GITHUB_ACTIONS"] === "true" ? workflowCommands(findings) : logLines(findings);
process.stdout.write(`${lines.join("\n")}\n`);
writeFileSync(codeQualityFile, codeQuality(findings));
process.exitCode = stands ? 0 : 1;
