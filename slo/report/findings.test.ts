import { describe, expect, test } from "vitest";
import { codeQualityReport, type Finding, findingLines, findingsOf, githubAnnotations, shownByGitHub } from "./findings.ts";
import { everyReport } from "./hostile.fixture.ts";
import { emptyReport, metReport } from "./reports.fixture.ts";
import type { Report } from "./schema.ts";

type Objective = Report["objectives"][number];

const evidence = {
  best: { total: 1000, bad: 50 },
  worst: { total: 1000, bad: 50 },
  errorRatio: 0.05,
  provedAtLeast: 0.04,
  provedAtMost: 0.06,
  budgetSpent: 50,
  requestsNeeded: 80_000,
  windows: [],
};

const exceeded: Objective = {
  name: "availability",
  description: "errors, client side",
  side: "client",
  targetRatio: 0.999,
  place: { file: "slo.yaml", line: 4, column: 5 },
  verdict: "exceeded",
  reason: "at least 4% were bad",
  evidence,
  caveats: [],
  queries: { total: "t", bad: "b" },
  cumulative: [],
};
const unproved: Objective = {
  ...exceeded,
  name: "latency",
  verdict: "inconclusive",
  reason: "too few requests",
  targetRatio: 0.99,
  evidence: { ...evidence, best: { total: 30, bad: 0 }, worst: { total: 30, bad: 1 }, budgetSpent: 0, requestsNeeded: 473 },
};
const { reason: _, ...withoutReason } = exceeded;
const met: Objective = { ...withoutReason, verdict: "met", evidence: { ...evidence, budgetSpent: 0.25 } };

function run(exitCode: number, objectives: Objective[], reasons: string[] = []): Report {
  const verdicts: Record<number, Report["verdict"]> = { 0: "met", 1: "exceeded", 3: "inconclusive", 130: "interrupted" };
  return {
    ...metReport(),
    service: "shop",
    scenario: "load",
    exitCode,
    verdict: verdicts[exitCode] ?? "inconclusive",
    objectives,
    reasons,
  };
}

describe("findings", () => {
  test("an exceeded objective names its place, what was spent and what was needed", () => {
    const [found] = findingsOf(run(1, [exceeded]), "error");
    expect(found?.place).toEqual({ file: "slo.yaml", line: 4, column: 5 });
    expect(found?.message.split("\n")).toEqual([
      "availability is exceeded: target 99.9% (errors, client side)",
      "spent: 5,000% of the error budget, bad: 50 of 1,000; needed: at most 1 bad of 1,000",
      "at least 4% were bad",
      "stated at slo.yaml:4:5",
    ]);
  });

  test("an objective without proof says how many requests are needed, and caveat as a range", () => {
    const [found] = findingsOf(run(3, [unproved]), "error");
    expect(found?.message).toContain(
      "spent: 0% to 333% of the error budget, bad: 0 to 1 of 30; needed: 473 requests with no more bad ones",
    );
  });

  test("an objective that nothing was counted of says so, and gives no number", () => {
    const { evidence: _none, ...nothing } = unproved;
    expect(findingsOf(run(3, [nothing]), "error")[0]?.message).toContain("spent: unknown, nothing was counted");
  });

  test("a met run says what was met and the most that was spent of a budget", () => {
    expect(findingsOf(run(0, [met, met]), "error").map(({ message }) => message)).toEqual([
      "shop under load: all 2 objectives are met; most spent of an error budget: 25%",
    ]);
  });

  test.each<[string, Report, "error" | "warning", string[]]>([
    [
      "the exceeded objective comes first, whatever the order in the spec",
      run(1, [unproved, met, exceeded]),
      "error",
      ["error Plimsoll: availability is exceeded", "error Plimsoll: latency is inconclusive"],
    ],
    [
      "only the inconclusive one can be a warning",
      run(1, [exceeded, unproved]),
      "warning",
      ["error Plimsoll: availability is exceeded", "warning Plimsoll: latency is inconclusive"],
    ],
    ["no error is left where the run is inconclusive", run(3, [unproved, met]), "warning", ["warning Plimsoll: latency is inconclusive"]],
    [
      "a run that was not carried out is an error in any case",
      run(4, [unproved], ["k6 crashed"]),
      "warning",
      ["error Plimsoll: latency is inconclusive", "error Plimsoll: exit code 4"],
    ],
    [
      "a reason that no objective owns is told once",
      run(3, [unproved], ["latency: too few requests", "the relay lost its spool"]),
      "error",
      ["error Plimsoll: latency is inconclusive", "error Plimsoll: inconclusive"],
    ],
    [
      "no finding at all is still an error",
      { ...emptyReport(), exitCode: 3, objectives: [], reasons: [] },
      "error",
      ["error Plimsoll: inconclusive"],
    ],
    ["an interrupted run whose objectives were met is an error", run(130, [met]), "warning", ["error Plimsoll: exit code 130"]],
    ["a met run is one notice", run(0, [met]), "error", ["notice Plimsoll: met"]],
  ])("%s", (_sentence, report, level, expected) => {
    expect(findingsOf(report, level).map(({ level, title }) => `${level} ${title}`)).toEqual(expected);
  });
});

const place = { file: "slo.yaml", line: 4, column: 5 };
const finding = (more: Partial<Finding> = {}): Finding => ({ level: "error", title: "t", message: "m", place, ...more });
const placeless = (message: string, level: Finding["level"] = "error", title = "t"): Finding => ({ level, title, message });

describe("workflow commands", () => {
  test.each<[string, Finding, string]>([
    ["a finding with a place names file, line and column", finding(), "::error file=slo.yaml,line=4,col=5,title=t::m\n"],
    ["a finding without a place has a title only", placeless("m", "notice"), "::notice title=t::m\n"],
    ["percent and line ends are escaped in the text", placeless("9%0A\r\n::error::x"), "::error title=t::9%250A%0A::error::x\n"],
    ["colon and comma are escaped in properties as well", placeless("m", "error", "a:b,c%\n"), "::error title=a%3Ab%2Cc%25%0A::m\n"],
    [
      "a file name cannot add a property",
      finding({ place: { file: "a,line=9::x", line: 1, column: 2 } }),
      "::error file=a%2Cline=9%3A%3Ax,line=1,col=2,title=t::m\n",
    ],
    [
      "what could steer a terminal or turn text round is replaced",
      placeless("a\u001b[31mb\u202ec"),
      "::error title=t::a\uFFFD[31mb\uFFFDc\n",
    ],
  ])("%s", (_sentence, one, expected) => {
    expect(githubAnnotations([one])).toBe(expected);
  });

  test("more than GitHub shows end with how many are left, level by level", () => {
    const errors = Array.from({ length: shownByGitHub + 3 }, (_, at) => finding({ message: `e${at}` }));
    const lines = githubAnnotations([...errors, finding({ level: "warning" })])
      .trim()
      .split("\n");
    expect(lines).toHaveLength(shownByGitHub + 1);
    expect(lines[shownByGitHub - 1]).toBe("::error title=Plimsoll%3A more::4 more are in the report");
    expect(lines.at(-1)).toMatch(/^::warning /);
    expect(githubAnnotations(errors.slice(0, shownByGitHub))).not.toContain("more are");
  });
});

test("log lines hold one finding each and cannot begin a command", () => {
  expect(findingLines([finding({ message: "a\r\n::error::b" }), placeless("m")])).toBe("error: slo.yaml:4:5: a; ::error::b\nerror: m\n");
});

describe("GitLab's Code Quality report", () => {
  const print = (text: string): string => `hash of ${text}`;

  test("holds what has a place, each under its own fingerprint", () => {
    const text = codeQualityReport([finding(), finding({ title: "u", level: "warning" }), placeless("m")], print);
    const location = { path: "slo.yaml", lines: { begin: 4 } };
    expect(JSON.parse(text)).toEqual([
      { description: "m", check_name: "plimsoll", fingerprint: "hash of slo.yaml\nt", severity: "major", location },
      { description: "m", check_name: "plimsoll", fingerprint: "hash of slo.yaml\nu", severity: "minor", location },
    ]);
  });

  test("is an empty list when there is nothing to show", () => expect(codeQualityReport([], print)).toBe("[]\n"));
});

test.each(Object.entries(everyReport()))("%s: no text of a report begins a command or a line of its own", (_name, report) => {
  const findings = findingsOf(report, "warning");
  const commands = githubAnnotations(findings).trimEnd().split("\n");
  const lines = findingLines(findings).trimEnd().split("\n");
  expect(lines).toHaveLength(findings.length);
  expect(commands.length).toBeLessThanOrEqual(findings.length);
  for (const command of commands) expect(command).toMatch(/^::(error|warning|notice) [^\p{Cc}\p{Cf}]+$/u);
  for (const line of lines) expect(line).toMatch(/^(error|warning|notice): [^\p{Cc}\p{Cf}]+$/u);
});
