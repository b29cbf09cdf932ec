import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exceededReport, inconclusiveReport, metReport } from "../report/reports.fixture.ts";
import { writeReport } from "./write-report.ts";
import type { Host } from "../host/host.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "plimsoll-finish-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function hostOf(said: string[]): Host {
  return {
    say: (line) => void said.push(line),
    live: () => undefined,
    out: () => undefined,
    now: () => 0,
    commandAtSeconds: 0,
    command: "",
    folder,
    project: folder,
    environment: {},
    settings: {
      credentials: { headers: {} },
      stepSummaryFile: undefined,
      verdictFile: undefined,
      reportInLog: false,
      upload: undefined,
      bundles: undefined,
      colour: false,
    },
    width: 80,
    onInterrupt: () => undefined,
  };
}

// Whatever is written through the link meets a full disk.
const fill = (name: string): void => symlinkSync("/dev/full", join(folder, name));

test.runIf(existsSync("/dev/full"))(
  "a full disk costs a report file and never the verdict: no cut file, the old one stays, the cause is named",
  () => {
    for (const name of ["report.json.part", "report.html.part"]) fill(name);
    writeFileSync(join(folder, "report.json"), "the one before");
    const said: string[] = [];
    const report = metReport();
    expect(writeReport(report, folder, hostOf(said), { json: false, sameSpec: true })).toBe(report.exitCode);
    expect(readFileSync(join(folder, "report.json"), "utf8")).toBe("the one before");
    expect(readdirSync(folder).filter((name) => /part|html/.test(name))).toEqual([]);
    expect(existsSync(join(folder, "junit.xml"))).toBe(true);
    expect(said.filter((line) => /cannot write .*report\.(json|html): ENOSPC: no space left/.test(line))).toHaveLength(2);
  },
);

test.runIf(existsSync("/dev/full"))("a file that cannot be written whole is not pointed at", () => {
  fill("report.html.part");
  const said: string[] = [];
  writeReport(metReport(), folder, hostOf(said), { json: false, sameSpec: true });
  expect(said.join("\n")).not.toMatch(/^report: /m);
});

test.each([
  ["and a failure is one still, by the same spec", exceededReport, {}, true, 1],
  ["and a verdict by another spec is its own", exceededReport, {}, false, 3],
  ["and a failure by a spec that another gate gave is none by the run's own", exceededReport, { targetRatio: 0.5 }, true, 3],
  ["and what was met then is not proved now", metReport, {}, true, 3],
])("a report that was decided stays where the run's data are gone since, %s", (_, decided, asked, sameSpec, exitCode) => {
  const said: string[] = [];
  const write = (report = decided()): number => writeReport(report, folder, hostOf(said), { json: false, sameSpec });
  const files = (): string[] =>
    readdirSync(folder)
      .filter((name) => name !== ".plimsoll")
      .map((name) => readFileSync(join(folder, name), "utf8"));
  expect(write()).toBe(decided().exitCode);
  const before = files();
  expect(write({ ...inconclusiveReport(), objectives: decided().objectives.map((one) => ({ ...one, ...asked })) })).toBe(exitCode);
  expect(files()).toEqual(before);
  const told = new RegExp(
    `^judged again, this run is inconclusive \\(.+\\): the report that found it ${decided().verdict} stays; exit ${exitCode}$`,
  );
  expect(said.filter((line) => told.test(line))).toHaveLength(1);
});

test("a report that was not decided gives way to any later one", () => {
  for (const report of [inconclusiveReport(), inconclusiveReport(), metReport(), exceededReport()]) {
    expect(writeReport(report, folder, hostOf([]), { json: false, sameSpec: true })).toBe(report.exitCode);
    expect(readFileSync(join(folder, "report.json"), "utf8")).toContain(`"verdict": "${report.verdict}"`);
  }
});
