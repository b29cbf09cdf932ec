import { expect, test } from "vitest";
import { causes } from "./causes.ts";
import { remarks } from "./facts.ts";
import { findingsOf } from "./findings.ts";
import { headline } from "./headline.ts";
import { htmlReport } from "./html.ts";
import { junitReport } from "./junit.ts";
import { markdownReport } from "./markdown.ts";
import { frame, madeUpObjective } from "./parts.fixture.ts";
import type { Report } from "./schema.ts";
import { terminalReport } from "./terminal.ts";

/** A met run with one objective that is only watched, and exceeded. */
const report: Report = {
  ...frame(),
  objectives: [
    madeUpObjective({ name: "availability", description: "errors", side: "client", targetRatio: 0.999 }),
    madeUpObjective({
      name: "watched",
      description: "failed checks",
      side: "client",
      targetRatio: 0.99,
      advisory: true,
      verdict: "exceeded",
      reason: "400 bad of 22,000",
    }),
  ],
};

test("an advisory objective is shown as what it is in every form, and turns none of them red", () => {
  expect(headline(report)).toBe("the one objective is met; 1 advisory one is not");
  expect(terminalReport(report, { colour: false, width: 100 })).toMatch(/EXCEEDED\s+watched \(advisory\)/);
  expect(markdownReport(report)).toContain("watched (advisory)");
  expect(htmlReport(report, { scripts: [], styles: [], sha256Base64: () => "x" })).toContain("watched (advisory)");
  const junit = junitReport(report);
  expect(junit).toContain('failures="0" errors="0" skipped="1"');
  expect(junit).toContain('<skipped message="advisory, exceeded: 400 bad of 22,000"/>');
  expect(findingsOf(report, "error").map(({ level, title }) => [level, title])).toEqual([
    ["notice", "Plimsoll: met"],
    ["notice", "Plimsoll: watched (advisory) is exceeded"],
  ]);
});

test("only required objectives are counted among those that were missed", () => {
  const [required, watched] = report.objectives;
  const missed = {
    ...report,
    verdict: "exceeded" as const,
    exitCode: 1,
    objectives: [required, watched].flatMap((one) => (one ? [{ ...one, verdict: "exceeded" as const }] : [])),
  };
  expect(headline(missed)).toBe("1 of 1 objective missed: availability");
});

test.each<[string, number | null, string]>([
  ["that never missed its target", 0, "r: no second missed 99%"],
  ["that did for a while", 4.2, "r: the last second that missed 99% ended 4.2 s after the phase began"],
  ["that did to the end", null, "r: it missed 99% to the end of the phase, or its seconds are not known"],
])("a recovery %s is told so", (_, recoverySeconds, sentence) => {
  const objective = madeUpObjective({ name: "r", description: "errors", side: "client", targetRatio: 0.99, recoverySeconds });
  const recovery = remarks({ ...frame(), objectives: [objective] }).find(([title]) => title === "Recovery");
  expect(recovery?.[1]).toEqual([sentence]);
});

test("bad checks, seconds, and what failed in a part of the load, are not told as dropped iterations", () => {
  const exceeded = { description: "d", side: "client", targetRatio: 0.99, verdict: "exceeded", reason: "r" } as const;
  const evidence = madeUpObjective({ name: "x", ...exceeded }).evidence;
  if (evidence === undefined) throw new Error("no evidence");
  const bad = { ...evidence, best: { total: 1000, bad: 40 }, worst: { total: 1000, bad: 40 } };
  const named = (name: string, more: object) => madeUpObjective({ name, ...exceeded, evidence: bad, ...more });
  const objectives = [named("checks", { noun: "checks" }), named("late", { phase: "late" }), named("achieved", { noun: "iterations" })];
  const dropped = { ...report, load: { ...report.load, droppedIterations: 7 }, objectives };
  expect(causes(dropped)).toEqual([
    {
      sentence: expect.stringMatching(/^7 iterations dropped: offered, and not served in time to begin;.*too few VUs/) as string,
      objectives: ["achieved"],
    },
  ]);
});
