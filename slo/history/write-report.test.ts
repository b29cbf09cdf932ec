import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { metReport } from "../report/reports.fixture.ts";
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
    cache: folder,
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
    expect(writeReport(report, folder, hostOf(said), false)).toBe(report.exitCode);
    expect(readFileSync(join(folder, "report.json"), "utf8")).toBe("the one before");
    expect(readdirSync(folder).filter((name) => /part|html/.test(name))).toEqual([]);
    expect(existsSync(join(folder, "junit.xml"))).toBe(true);
    expect(said.filter((line) => /cannot write .*report\.(json|html): ENOSPC: no space left/.test(line))).toHaveLength(2);
  },
);

test.runIf(existsSync("/dev/full"))("a file that cannot be written whole is not pointed at", () => {
  fill("report.html.part");
  const said: string[] = [];
  writeReport(metReport(), folder, hostOf(said), false);
  expect(said.join("\n")).not.toMatch(/^report: /m);
});
