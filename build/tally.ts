import { existsSync, readFileSync } from "node:fs";
import { failedChecks, testCounts } from "./counts.ts";

// tally CHECK_OUTPUT CHECK_EXIT_CODE (REPORT TESTS_EXIT_CODE)… → "passed failed skipped", for .ci/run.
const [checkPath = "", checkCode = "1", ...reports] = process.argv.slice(2);
const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");

const sum = { passed: 0, failed: failedChecks(textOf(checkPath), Number(checkCode)), skipped: 0 };
for (let i = 0; i < reports.length; i += 2) {
  const counts = testCounts(jsonOf(textOf(reports[i] ?? "")), Number(reports[i + 1] ?? 1));
  for (const kind of ["passed", "failed", "skipped"] as const) sum[kind] += counts[kind];
}
if (reports.length === 0) sum.failed += 1;
console.log(`${sum.passed} ${sum.failed} ${sum.skipped}`);

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
