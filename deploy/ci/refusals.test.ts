import { describe, expect, test } from "vitest";
import { metReport } from "../../slo/report/reports.fixture.ts";
import type { Report } from "../../slo/report/schema.ts";
import { contradiction, refusals } from "./refusals.ts";

const whole = metReport();
const [first] = whole.objectives as [Report["objectives"][number]];

describe("a report stands behind an exit code", () => {
  test.each<[string, Partial<Report>, number, RegExp | undefined]>([
    ["when both say met and every objective is", {}, 0, undefined],
    ["when both say exceeded", { verdict: "exceeded", exitCode: 1 }, 1, undefined],
    ["not when the codes differ", { exitCode: 1 }, 0, /report says exit code 1, the command ended with 0/],
    ["not when 0 comes with another verdict", { verdict: "interrupted" }, 0, /interrupted/],
    ["not when 0 comes without an objective", { objectives: [] }, 0, /no objective/],
    [
      "not when 0 comes with an objective that is not met",
      { objectives: [first, { ...first, name: "latency", verdict: "inconclusive" }] },
      0,
      /latency is inconclusive/,
    ],
  ])("%s", (_sentence, more, exitCode, expected) => {
    const said = contradiction({ ...whole, ...more }, exitCode);
    if (expected === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(expected);
  });
});

describe("a run that left no report", () => {
  test.each([
    [
      "bad usage without a place tells the last words",
      2,
      "error: unknown scenario smok\n",
      "bad usage or bad spec; nothing was loaded\nerror: unknown scenario smok",
    ],
    ["nothing said tells what the code means", 4, "", /^the run could not be carried out/],
    ["a code without a meaning is told as it is", 137, "", "the command ended with 137, which has no meaning"],
    [
      "places stand in the words",
      2,
      "slo.yaml:5:13 target: must be below 100%\nslo.yaml:9:1 unknown key\n",
      /\nslo.yaml:5:13 target: .*\nslo.yaml:9:1 unknown key$/,
    ],
  ])("%s", (_sentence, exitCode, stderr, message) => {
    const [found, ...more] = refusals(exitCode, stderr);
    expect(more).toEqual([]);
    expect(found).toEqual({ level: "error", title: `Plimsoll: exit code ${exitCode}`, message: expect.stringMatching(message) });
  });
});
