import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { jsonOf } from "../slo/host/json-of.ts";

const statusSchema = z.object({ status: z.string() });
const runSchema = z.object({
  success: z.boolean(),
  testResults: z.array(statusSchema.extend({ assertionResults: z.array(statusSchema) })),
});

/** Counts tests in vitest's JSON report: also a file that failed without a failed test, and a run that failed, or passed nothing, without any failure that can be counted. */
export function testCounts(report: () => string, exitCode: number): Record<"passed" | "failed" | "skipped", number> {
  const { success, testResults } = jsonOf(runSchema, report) ?? { success: false, testResults: [] };
  const states = testResults.flatMap((file) => {
    const own = file.assertionResults.map(({ status }) => status);
    return file.status === "failed" && !own.includes("failed") ? [...own, "failed"] : own;
  });
  const count = (state: string): number => states.filter((one) => one === state).length;
  const [passed, failed] = [count("passed"), count("failed")];
  const isFailed = exitCode !== 0 || !success || passed === 0;
  return { passed, failed: failed || Number(isFailed), skipped: states.length - passed - failed };
}

// tally (REPORT EXIT_CODE)… → "passed failed skipped", for .ci/run.
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [, , ...reports] = process.argv;
  const all = reports.flatMap((path, i) =>
    i % 2 === 0 ? [testCounts(() => readFileSync(path, "utf8"), Number(reports[i + 1] ?? 1))] : [],
  );
  const sum = (kind: keyof (typeof all)[number]): number => all.reduce((so, counts) => so + counts[kind], 0);
  console.log(`${sum("passed")} ${all.length === 0 ? 1 : sum("failed")} ${sum("skipped")}`);
}
