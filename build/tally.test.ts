import { expect, test } from "vitest";
import { testCounts } from "./tally.ts";

const file = (status: string, ...tests: string[]) => ({
  status,
  name: "a.test.ts",
  message: "",
  assertionResults: tests.map((state) => ({ status: state, fullName: "adds", failureMessages: state === "failed" ? ["1 is not 2"] : [] })),
});
const report = (success: boolean, ...testResults: unknown[]) => ({ success, testResults });

const reports: [string, unknown, number, Omit<ReturnType<typeof testCounts>, "failures">][] = [
  [
    "tests are counted over files",
    report(true, file("passed", "passed", "passed"), file("passed", "passed")),
    0,
    { passed: 3, failed: 0, skipped: 0 },
  ],
  [
    "skipped, pending and todo tests did not run",
    report(true, file("passed", "passed", "skipped", "pending", "todo")),
    0,
    { passed: 1, failed: 0, skipped: 3 },
  ],
  ["failures are counted once each", report(false, file("failed", "failed", "failed", "passed")), 1, { passed: 1, failed: 2, skipped: 0 }],
  [
    "a file that does not load is a failure",
    report(false, file("failed"), file("passed", "passed")),
    1,
    { passed: 1, failed: 1, skipped: 0 },
  ],
  ["a file whose hook failed is a failure", report(false, file("failed", "skipped")), 1, { passed: 0, failed: 1, skipped: 1 }],
  ["an exit code without a failed test is a failure", report(true, file("passed", "passed")), 1, { passed: 1, failed: 1, skipped: 0 }],
  ["an unhandled error is a failure", report(false, file("passed", "passed")), 0, { passed: 1, failed: 1, skipped: 0 }],
  ["a run without tests is a failure", report(true), 0, { passed: 0, failed: 1, skipped: 0 }],
  ["a run that skipped everything is a failure", report(true, file("passed", "skipped")), 0, { passed: 0, failed: 1, skipped: 1 }],
  ["no report is a failure", undefined, 0, { passed: 0, failed: 1, skipped: 0 }],
];
test.each(reports)("%s", (_sentence, json, code, counts) => {
  expect(testCounts(() => JSON.stringify(json) ?? "", code)).toMatchObject(counts);
});

test("each failure is named, with what it said", () => {
  const json = report(false, file("failed", "failed", "passed"), { ...file("failed"), message: "no such module" });
  expect(testCounts(() => JSON.stringify(json), 1).failures).toEqual([
    "failed: a.test.ts: adds\n1 is not 2",
    "failed: a.test.ts: the file\nno such module",
  ]);
});
