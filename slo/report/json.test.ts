import { describe, expect, test } from "vitest";
import { jsonReport, readReport } from "./json.ts";
import type { Report } from "./schema.ts";
import { hostileReport } from "./hostile.fixture.ts";
import { emptyReport, exceededReport, inconclusiveReport, metReport } from "./reports.fixture.ts";

describe.each([
  ["a met run", metReport()],
  ["an exceeded run", exceededReport()],
  ["an inconclusive run", inconclusiveReport()],
  ["an empty run", emptyReport()],
])("%s", (_, report) => {
  test("reads back as it was", () => expect(readReport(jsonReport(report))).toEqual({ kind: "report", report }));

  test("is the same text whatever the order of its keys", () => {
    const turned = Object.fromEntries(Object.entries(report).toReversed()) as unknown as Report;
    expect(jsonReport(turned)).toBe(jsonReport(report));
  });
});

test("hostile data reads back as it was, and no character of the text steers a terminal", () => {
  const report = hostileReport();
  const text = jsonReport(report);
  expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(report)));
  expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
});

test("a report that its own schema refuses is not written", () => {
  const wrong = { ...metReport(), confidence: Number.NaN };
  expect(() => jsonReport(wrong)).toThrow(/confidence/u);
  expect(() => jsonReport({ ...metReport(), extra: 1 } as Report)).toThrow(/extra/u);
});

test.each([
  ["text that is not JSON", "{", "not JSON"],
  ["another version", jsonReport(metReport()).replace('"version": 1', '"version": 2'), "version: "],
  ["a list", "[]", "the report: "],
  ["a verdict that is none", jsonReport(metReport()).replace('"verdict": "met"', '"verdict": "fine"'), "verdict: "],
])("%s is a problem with its place", (_, text, message) => {
  expect(readReport(text)).toEqual({ kind: "problem", message: expect.stringContaining(message) });
});
