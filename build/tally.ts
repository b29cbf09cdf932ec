import { readFileSync } from "node:fs";
import { failedChecks, testCounts } from "./counts.ts";

// tally REPORT TESTS_EXIT_CODE CHECK_OUTPUT CHECK_EXIT_CODE → "passed failed skipped", for .ci/run.
const [reportPath = "", testsCode = "1", checkPath = "", checkCode = "1"] = process.argv.slice(2);

const counts = testCounts(readReport(reportPath), Number(testsCode));
const checks = failedChecks(readText(checkPath) ?? "", Number(checkCode));
console.log(`${counts.passed} ${counts.failed + checks} ${counts.skipped}`);

function readReport(path: string): unknown {
  const text = readText(path);
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
