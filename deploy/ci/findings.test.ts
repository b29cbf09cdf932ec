import { describe, expect, test } from "vitest";
import { contradiction, findingsOf, refusals, type Finding } from "./findings.ts";
import type { JudgedObjective, JudgedRun } from "./judged-run.ts";

const evidence = { best: { total: 1000, bad: 50 }, worst: { total: 1000, bad: 50 }, budgetSpent: 50, requestsNeeded: 80_000 };

function objective(more: Partial<JudgedObjective> = {}): JudgedObjective {
  return {
    ...{ name: "availability", description: "errors, client side", targetRatio: 0.999, place: { file: "slo.yaml", line: 4, column: 5 } },
    ...{ verdict: "exceeded", reason: "at least 4% were bad", evidence, ...more },
  };
}

function run(more: Partial<JudgedRun> = {}): JudgedRun {
  return {
    ...{ testid: "t", service: "shop", scenario: "load", verdict: "exceeded", exitCode: 1, reasons: [] },
    ...{ objectives: [objective()], ...more },
  };
}

const unproved = objective({
  ...{ name: "latency", verdict: "inconclusive", reason: "too few requests", targetRatio: 0.99 },
  evidence: { best: { total: 30, bad: 0 }, worst: { total: 30, bad: 1 }, budgetSpent: 0, requestsNeeded: 473 },
});
const met = objective({ verdict: "met", reason: undefined, evidence: { ...evidence, budgetSpent: 0.25 } });
const shown = (findings: Finding[]): string[] => findings.map(({ level, title }) => `${level} ${title}`);

describe("findings of a judged run", () => {
  test("an exceeded objective names its place, what was spent and what was needed", () => {
    const [found] = findingsOf(run(), 1, "fail");
    expect(found?.place).toEqual({ file: "slo.yaml", line: 4, column: 5 });
    expect(found?.message.split("\n")).toEqual([
      "availability is exceeded: target 99.9% (errors, client side)",
      "spent: 5,000% of the error budget, 50 bad of 1,000; needed: at most 1 bad of 1,000",
      "at least 4% were bad",
      "stated at slo.yaml:4:5",
    ]);
  });

  test("an objective without proof says how many requests are needed, and doubt as a range", () => {
    const [found] = findingsOf(run({ verdict: "inconclusive", exitCode: 3, objectives: [unproved] }), 3, "fail");
    expect(found?.message).toContain("spent: 0% of the error budget, 0 to 1 bad of 30; needed: 473 requests with no more bad ones");
  });

  test("an objective that nothing was counted of says so, and gives no number", () => {
    const nothing = objective({ verdict: "inconclusive", evidence: undefined });
    expect(findingsOf(run({ exitCode: 3, objectives: [nothing] }), 3, "fail")[0]?.message).toContain("spent: unknown, nothing was counted");
  });

  test.each<[string, Partial<JudgedRun>, number, "fail" | "warn", string[]]>([
    [
      "the exceeded objective comes first, whatever the order in the spec",
      { objectives: [unproved, met, objective()] },
      1,
      "fail",
      ["error Plimsoll: availability is exceeded", "error Plimsoll: latency is inconclusive"],
    ],
    [
      "warn makes only the inconclusive one a warning",
      { objectives: [objective(), unproved] },
      1,
      "warn",
      ["error Plimsoll: availability is exceeded", "warning Plimsoll: latency is inconclusive"],
    ],
    [
      "warn leaves no error where the run is inconclusive",
      { objectives: [unproved, met] },
      3,
      "warn",
      ["warning Plimsoll: latency is inconclusive"],
    ],
    [
      "a run that was not carried out is an error, warn or not",
      { objectives: [unproved], reasons: ["k6 crashed"] },
      4,
      "warn",
      ["error Plimsoll: latency is inconclusive", "error Plimsoll: exit code 4"],
    ],
    [
      "a reason that no objective owns is told once",
      { objectives: [unproved], reasons: ["latency: too few requests", "the relay lost its spool"] },
      3,
      "fail",
      ["error Plimsoll: latency is inconclusive", "error Plimsoll: inconclusive"],
    ],
    ["no finding at all is still an error", { objectives: [] }, 3, "fail", ["error Plimsoll: inconclusive"]],
    ["an interrupted run whose objectives were met is an error", { objectives: [met] }, 130, "warn", ["error Plimsoll: exit code 130"]],
    ["a met run is one notice", { objectives: [met] }, 0, "fail", ["notice Plimsoll: met"]],
  ])("%s", (_sentence, more, exitCode, inconclusive, expected) => {
    expect(shown(findingsOf(run(more), exitCode, inconclusive))).toEqual(expected);
  });
});

describe("a report stands behind an exit code", () => {
  test.each<[string, Partial<JudgedRun>, number, RegExp | undefined]>([
    ["when both say met and every objective is", { verdict: "met", exitCode: 0, objectives: [met] }, 0, undefined],
    ["when both say exceeded", {}, 1, undefined],
    ["not when the codes differ", { exitCode: 1 }, 0, /report says exit code 1, the command ended with 0/],
    ["not when 0 comes with another verdict", { verdict: "interrupted", exitCode: 0, objectives: [met] }, 0, /interrupted/],
    ["not when 0 comes without an objective", { verdict: "met", exitCode: 0, objectives: [] }, 0, /no objective/],
    [
      "not when 0 comes with an objective that is not met",
      { verdict: "met", exitCode: 0, objectives: [met, unproved] },
      0,
      /latency is inconclusive/,
    ],
  ])("%s", (_sentence, more, exitCode, expected) => {
    const said = contradiction(run(more), exitCode);
    if (expected === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(expected);
  });
});

describe("a run that left no report", () => {
  test("a bad spec is shown at its places", () => {
    const found = refusals(2, "slo.yaml:5:13 target: must be below 100%\nslo.yaml:9:1 unknown key\n");
    expect(found.map(({ place, message }) => [place?.file, place?.line, place?.column, message])).toEqual([
      ["slo.yaml", 5, 13, "target: must be below 100%"],
      ["slo.yaml", 9, 1, "unknown key"],
    ]);
  });

  test.each([
    [
      "bad usage without a place tells the last words",
      2,
      "error: unknown scenario smok\n",
      "bad usage or a bad spec; nothing was started\nerror: unknown scenario smok",
    ],
    ["nothing said tells what the code means", 4, "", "the run could not be carried out"],
    ["a code without a meaning is told as it is", 137, "", "the command ended with 137, which has no meaning"],
    [
      "a place is not looked for in a run that could not be carried out",
      4,
      "at main.ts:3:4 x",
      "the run could not be carried out\nat main.ts:3:4 x",
    ],
  ])("%s", (_sentence, exitCode, stderr, message) => {
    expect(refusals(exitCode, stderr)).toEqual([{ level: "error", title: `Plimsoll: exit code ${exitCode}`, message, place: undefined }]);
  });
});
