import { describe, expect, test } from "vitest";
import { codeQuality, logLines, shownByGitHub, workflowCommands } from "./annotations.ts";
import type { Finding } from "./findings.ts";
import { readJudgedRun } from "./judged-run.ts";

const place = { file: "slo.yaml", line: 4, column: 5 };
const finding = (more: Partial<Finding> = {}): Finding => ({ level: "error", title: "t", message: "m", place, ...more });

describe("workflow commands", () => {
  test.each<[string, Partial<Finding>, string]>([
    ["a finding with a place names file, line and column", {}, "::error file=slo.yaml,line=4,col=5,title=t::m"],
    ["a finding without a place has a title only", { level: "notice", place: undefined }, "::notice title=t::m"],
    [
      "percent, CR and LF are escaped in the text",
      { place: undefined, message: "9%0A\r\n::error::x" },
      "::error title=t::9%250A%0D%0A::error::x",
    ],
    ["colon and comma are escaped in properties as well", { place: undefined, title: "a:b,c%\n" }, "::error title=a%3Ab%2Cc%25%0A::m"],
    [
      "a file name cannot add a property",
      { place: { file: "a,line=9::x", line: 1, column: 2 } },
      "::error file=a%2Cline=9%3A%3Ax,line=1,col=2,title=t::m",
    ],
    ["control and direction characters become spaces", { place: undefined, message: "a\u001b[31mb\u202ec" }, "::error title=t::a [31mb c"],
  ])("%s", (_sentence, more, expected) => {
    expect(workflowCommands([finding(more)])).toEqual([expected]);
  });

  test("more than GitHub shows end with how many are left, level by level", () => {
    const errors = Array.from({ length: shownByGitHub + 3 }, (_, at) => finding({ message: `e${at}` }));
    const lines = workflowCommands([...errors, finding({ level: "warning" })]);
    expect(lines).toHaveLength(shownByGitHub + 1);
    expect(lines[shownByGitHub - 1]).toBe("::error title=Plimsoll%3A more::4 more are in the report");
    expect(lines.at(-1)).toMatch(/^::warning /);
    expect(workflowCommands(errors.slice(0, shownByGitHub)).join()).not.toContain("more are");
  });
});

test("log lines hold one finding each and cannot begin a command", () => {
  const lines = logLines([finding({ message: "a\r\n::error::b" }), finding({ place: undefined })]);
  expect(lines).toEqual(["error: slo.yaml:4:5: a; ::error::b", "error: m"]);
});

describe("GitLab's Code Quality report", () => {
  test("holds what has a place, each under its own fingerprint", () => {
    const issues: unknown = JSON.parse(codeQuality([finding(), finding({ title: "u", level: "warning" }), finding({ place: undefined })]));
    expect(issues).toMatchObject([
      { description: "m", severity: "major", location: { path: "slo.yaml", lines: { begin: 4 } } },
      { severity: "minor" },
    ]);
    const prints = (issues as { fingerprint: string }[]).map(({ fingerprint }) => fingerprint);
    expect(new Set(prints).size).toBe(2);
  });

  test("is an empty list when there is nothing to show", () => expect(codeQuality([])).toBe("[]\n"));
});

describe("a report that is not whole is a problem", () => {
  const whole = { version: 1, testid: "t", service: "s", scenario: "c", verdict: "met", exitCode: 0, reasons: [], objectives: [] };
  test.each<[string, string, RegExp]>([
    ["when it is no JSON", "", /cannot be read/],
    ["when it is null", "null", /report is not an object/],
    ["when its version is another", JSON.stringify({ ...whole, version: 2 }), /version/],
    ["when its exit code is absent", JSON.stringify({ ...whole, exitCode: undefined }), /exitCode is not a number/],
    ["when its exit code is a text", JSON.stringify({ ...whole, exitCode: "0" }), /exitCode is not a number/],
    ["when its objectives are absent", JSON.stringify({ ...whole, objectives: undefined }), /objectives is not a list/],
    ["when a verdict is unknown", JSON.stringify({ ...whole, objectives: [{ verdict: "fine" }] }), /fine/],
    [
      "when evidence is null",
      JSON.stringify({ ...whole, objectives: [{ verdict: "met", place, evidence: null }] }),
      /evidence is not an object/,
    ],
  ])("%s", (_sentence, text, expected) => {
    const read = readJudgedRun(text);
    expect(read.kind === "problem" ? read.message : "read").toMatch(expected);
  });

  test("and one that is whole is read", () => expect(readJudgedRun(JSON.stringify(whole)).kind).toBe("run"));
});
