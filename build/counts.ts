import { z } from "zod";

/** Counts tests that ran, and those that did not. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const runSchema = z.object({
  success: z.boolean(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) })),
});

/**
 * Counts vitest's JSON report. A file that failed without a failed test counts as one failure, and so does a run that
 * failed, by its word or its exit code, without any failure that can be counted; no report is such a run.
 */
export function testCounts(report: unknown, exitCode: number): Counts {
  const run = runSchema.safeParse(report);
  if (!run.success) return { passed: 0, failed: 1, skipped: 0 };
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of run.data.testResults) {
    const before = counts.failed;
    for (const { status } of file.assertionResults) counts[status === "passed" || status === "failed" ? status : "skipped"] += 1;
    if (file.status === "failed" && counts.failed === before) counts.failed += 1;
  }
  const hidden = counts.failed === 0 && (exitCode !== 0 || !run.data.success);
  const nothingRan = counts.passed + counts.failed === 0;
  return hidden || nothingRan ? { ...counts, failed: 1 } : counts;
}

/** Counts the checks that failed, from what `build/check.ts` printed and its exit code. */
export function failedChecks(output: string, exitCode: number): number {
  const said = Number(/^checks: \d+ passed, (\d+) failed$/m.exec(output)?.[1] ?? 0);
  return said === 0 && exitCode !== 0 ? 1 : said;
}
