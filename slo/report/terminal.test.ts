import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { columnsOf } from "./columns.ts";
import { type LiveState, liveLine } from "./live-line.ts";
import { terminalReport } from "./terminal.ts";
import { everyReport } from "./hostile.fixture.ts";

const reports = everyReport();
const widths = [40, 60, 80, 120, 200];

describe.each(["met", "exceeded", "inconclusive", "empty"] as const)("a run that is %s", (name) => {
  test.each([60, 80, 120])("reads as its golden text at %i columns", async (width) => {
    const text = terminalReport(reports[name], { colour: false, width });
    await expect(text).toMatchFileSnapshot(`golden/terminal-${name}-${width}.txt`);
  });
});

describe.each(Object.entries(reports))("%s", (_, report) => {
  test.each(widths)("no line is wider than %i columns", (width) => {
    for (const line of terminalReport(report, { colour: false, width }).split("\n")) expect(columnsOf(line)).toBeLessThanOrEqual(width);
  });

  test("colour changes nothing but colour", () => {
    const coloured = terminalReport(report, { colour: true, width: 80 });
    expect(coloured).toContain("\u001B[");
    expect(stripVTControlCharacters(coloured)).toBe(terminalReport(report, { colour: false, width: 80 }));
  });

  test("without colour there is no control character but the line break", () => {
    expect(terminalReport(report, { colour: false, width: 80 }).replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  });
});

test("the verdict is the first word", () => {
  expect(terminalReport(reports.hostile, { colour: false, width: 80 })).toMatch(/^EXCEEDED {2}/u);
  expect(terminalReport(reports.inconclusive, { colour: false, width: 80 })).toMatch(/^INCONCLUSIVE {2}/u);
});

const state: LiveState = {
  elapsedSeconds: 42,
  totalSeconds: 120,
  phase: "spike",
  finishing: false,
  offeredRate: 300,
  achievedRate: 299.6,
  p99Seconds: 0.0123,
  errors: 3,
  droppedIterations: 0,
  budgetSpent: 0.123,
  width: 120,
};

test.each([
  ["all is shown where there is room", {}, "0:42/2:00  spike  300/s of 300/s  p99 12.3 ms  3 errors  0 dropped  budget 12.3% spent"],
  ["in few columns its end is cut", { width: 50 }, "0:42/2:00  spike  300/s of 300/s  p99 12.3 ms  3…"],
  [
    "requests that nobody answers have no latency, not one of 0",
    { p99Seconds: 0 },
    "0:42/2:00  spike  300/s of 300/s  p99 none  3 errors  0 dropped  budget 12.3% spent",
  ],
  [
    "past its plan there is no rate",
    { finishing: true, phase: "finishing", elapsedSeconds: 130 },
    "2:10/2:00  finishing  p99 12.3 ms  3 errors  0 dropped  budget 12.3% spent",
  ],
  ["the clock stays to the last", { width: 10 }, "0:42/2:00…"],
  [
    "nothing known is not zero",
    {
      offeredRate: null,
      achievedRate: null,
      p99Seconds: null,
      errors: null,
      droppedIterations: null,
      budgetSpent: null,
      totalSeconds: null,
    },
    "0:42  spike  no rate yet  p99 -  errors -  dropped -  budget -",
  ],
  [
    "a phase cannot steer the terminal",
    { phase: "\u001B[2J\n" },
    "0:42/2:00  �[2J   300/s of 300/s  p99 12.3 ms  3 errors  0 dropped  budget 12.3% spent",
  ],
])("live line: %s", (_, change, expected) => expect(liveLine({ ...state, ...change })).toBe(expected));

test("the live line is never wider than its terminal", () => {
  for (let width = 1; width < 130; width++)
    expect(columnsOf(liveLine({ ...state, phase: "漢".repeat(60), width }))).toBeLessThanOrEqual(width);
});
