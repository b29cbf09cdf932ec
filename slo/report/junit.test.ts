import { describe, expect, test } from "vitest";
import { junitReport, validityCaseName } from "./junit.ts";
import type { Report } from "./schema.ts";
import { hostileReport, hostileTexts } from "./hostile.fixture.ts";
import { emptyReport, exceededReport, inconclusiveReport, metReport } from "./reports.fixture.ts";

const count = (xml: string, pattern: RegExp): number => [...xml.matchAll(pattern)].length;

test.each([
  ["a met run passes throughout", metReport(), { tests: 4, failures: 0, errors: 0 }],
  ["each broken objective is a failure", exceededReport(), { tests: 4, failures: 2, errors: 0 }],
  [
    "each objective without proof is an error, and so is a run that is not valid",
    inconclusiveReport(),
    { tests: 3, failures: 0, errors: 3 },
  ],
  ["an interrupted run is an error", emptyReport(), { tests: 2, failures: 0, errors: 2 }],
])("%s", (_, report, totals) => {
  const xml = junitReport(report);
  expect(xml).toContain(`tests="${totals.tests}" failures="${totals.failures}" errors="${totals.errors}"`);
  expect(count(xml, /<testcase /gu)).toBe(totals.tests);
  expect(count(xml, /<failure /gu)).toBe(totals.failures);
  expect(count(xml, /<error /gu)).toBe(totals.errors);
});

describe("the suite is red exactly when the run is not met", () => {
  const verdicts = ["met", "exceeded", "inconclusive", "interrupted"] as const;
  const exitCodes = { met: 0, exceeded: 1, inconclusive: 3, interrupted: 130 };
  const made = verdicts.flatMap((verdict) =>
    [true, false].flatMap((agrees) =>
      [metReport(), { ...metReport(), objectives: [] }].map((base): [string, Report] => [
        `${verdict}, counts ${agrees ? "agree" : "disagree"}, ${base.objectives.length} objectives, all met`,
        { ...base, verdict, exitCode: exitCodes[verdict], reconciliation: { ...base.reconciliation, agrees } },
      ]),
    ),
  );
  test.each(made)("%s", (_, report) => expect(/<(?:failure|error) /u.test(junitReport(report))).toBe(report.verdict !== "met"));

  test("a met verdict with another exit code is not green", () => {
    expect(junitReport({ ...metReport(), exitCode: 4 })).toContain("<error ");
  });

  test("counts that disagree turn the validity case red beside a broken objective", () => {
    const base = exceededReport();
    const xml = junitReport({ ...base, reconciliation: { ...base.reconciliation, agrees: false } });
    expect(xml).toContain('failures="2" errors="1"');
    expect(xml.slice(xml.indexOf(validityCaseName))).toContain("<error ");
  });
});

test("hostile data stays text: only our own elements, no character that XML forbids", () => {
  const xml = junitReport(hostileReport());
  expect(xml).not.toMatch(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF\p{Cs}\p{Cf}]/u);
  const elements = new Set([...xml.matchAll(/<\/?([a-z!?[-]+)/giu)].map(([, name]) => name));
  expect([...elements].toSorted()).toEqual(
    ["?xml", "failure", "properties", "property", "system-out", "testcase", "testsuite", "testsuites"]
      .filter((name) => name !== "system-out" || xml.includes("<system-out"))
      .toSorted(),
  );
  expect(xml).not.toContain("]]>");
  expect(count(xml, /<testcase /gu)).toBe(hostileTexts.length + 1);
});
