import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { jsonOf } from "../slo/host/json-of.ts";

const testSchema = z.object({ status: z.string(), fullName: z.string(), failureMessages: z.array(z.string()).default([]) });
const runSchema = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({ status: z.string(), name: z.string(), message: z.string().default(""), assertionResults: z.array(testSchema) }),
  ),
});
const longestMessage = 2000;

/** Counts tests in vitest's JSON report: also a file that failed without a failed test, and a run that failed, or passed nothing, without any failure that can be counted. */
export function testCounts(report: () => string, exitCode: number) {
  const { success, testResults } = jsonOf(runSchema, report) ?? { success: false, testResults: [] };
  const tests = testResults.flatMap(({ status, name, message, assertionResults }) => {
    const own = assertionResults.map((one) => ({ ...one, name }));
    const isWhole = status === "failed" && !own.some((one) => one.status === "failed");
    return isWhole ? [...own, { status, name, fullName: "the file", failureMessages: [message] }] : own;
  });
  const passed = tests.filter(({ status }) => status === "passed").length;
  const failed = tests.filter(({ status }) => status === "failed");
  const isFailed = exitCode !== 0 || !success || passed === 0;
  return {
    passed,
    failed: failed.length || Number(isFailed),
    skipped: tests.length - passed - failed.length,
    failures: failed.map(
      ({ name, fullName, failureMessages }) => `failed: ${name}: ${fullName}\n${failureMessages.join("\n").slice(0, longestMessage)}`,
    ),
  };
}

// tally (REPORT EXIT_CODE)… → "passed failed skipped", for .ci/run; each failure once more on stderr, so that the end of a long log names it.
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [, , ...reports] = process.argv;
  const all = reports.flatMap((path, i) =>
    i % 2 === 0 ? [testCounts(() => readFileSync(path, "utf8"), Number(reports[i + 1] ?? 1))] : [],
  );
  for (const { failures } of all) for (const failure of failures) console.error(failure);
  const sum = (kind: "passed" | "failed" | "skipped"): number => all.reduce((so, counts) => so + counts[kind], 0);
  console.log(`${sum("passed")} ${all.length === 0 ? 1 : sum("failed")} ${sum("skipped")}`);
}
