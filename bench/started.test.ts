import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { cpuSecondsOf, statCpuSeconds } from "./started.fixture.ts";

test("a program's name with brackets and spaces does not shift the fields of /proc/PID/stat", () => {
  const stat = "42 (a) b (c)) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 7 8 20 0 1 0 1 1 1";
  expect(statCpuSeconds(stat)).toEqual({ own: 3, children: 0.15 });
});

test.runIf(process.platform === "linux")("a child that has ended is counted with its whole life", () => {
  const before = cpuSecondsOf(process.pid).children;
  execFileSync(process.execPath, ["-e", "const end = process.cpuUsage(); while (process.cpuUsage(end).user < 300_000);"]);
  expect(cpuSecondsOf(process.pid).children - before).toBeGreaterThan(0.29);
});
