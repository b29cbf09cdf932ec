import { existsSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { jsonOf } from "../slo/host/json-of.ts";

/** Counts of tests that ran, and of those that did not. */
export type Counts = Record<"passed" | "failed" | "skipped", number>;

const runSchema = z.object({
  success: z.boolean(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) })),
});

/**
 * Counts vitest's JSON report. A file that failed without a failed test counts as one failure, and so does a run that
 * failed, by its word or its exit code, without any failure that can be counted; no report is such a run.
 */
export function testCounts(report: string, exitCode: number): Counts {
  const run = jsonOf(runSchema, () => report);
  if (run === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of run.testResults) {
    const before = counts.failed;
    for (const { status } of file.assertionResults) counts[status === "passed" || status === "failed" ? status : "skipped"] += 1;
    if (file.status === "failed" && counts.failed === before) counts.failed += 1;
  }
  const hidden = counts.failed === 0 && (exitCode !== 0 || !run.success);
  const nothingRan = counts.passed + counts.failed === 0;
  return hidden || nothingRan ? { ...counts, failed: 1 } : counts;
}

// tally (REPORT EXIT_CODE)… → "passed failed skipped", for .ci/run.
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const reports = process.argv.slice(2);
  const sum: Counts = { passed: 0, failed: reports.length === 0 ? 1 : 0, skipped: 0 };
  for (let i = 0; i < reports.length; i += 2) {
    const path = reports[i] ?? "";
    const counts = testCounts(existsSync(path) ? readFileSync(path, "utf8") : "", Number(reports[i + 1] ?? 1));
    for (const kind of ["passed", "failed", "skipped"] as const) sum[kind] += counts[kind];
  }
  console.log(`${sum.passed} ${sum.failed} ${sum.skipped}`);
}
