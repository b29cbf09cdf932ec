import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inspectScript, k6Environment, readK6Line } from "./k6.ts";

const progress = "running (0m05.0s), 00/07 VUs, 140 complete and 2 interrupted iterations";

test.each([
  ["k6's own progress is on stdout", progress, "stdout", { kind: "progress", iterations: 140, interrupted: 2 }],
  ["a script that prints the same on stderr is not believed", progress, "stderr", { kind: "other", text: progress }],
  [
    "a log line keeps its cause",
    '{"level":"error","msg":"it failed","error":"no disk"}',
    "stderr",
    { kind: "log", level: "error", message: "it failed: no disk", thrown: false },
  ],
  [
    "a console line that holds progress is a log line",
    JSON.stringify({ level: "info", msg: progress, source: "console" }),
    "stderr",
    { kind: "log", level: "info", message: progress, thrown: false },
  ],
  [
    "an error that the script threw is told from one that it printed",
    '{"level":"error","msg":"Error: no token","hint":"script exception","source":"stacktrace"}',
    "stderr",
    { kind: "log", level: "error", message: "Error: no token", thrown: true },
  ],
  ["broken JSON is just text", '{"level":', "stderr", { kind: "other", text: '{"level":' }],
] as const)("%s", (_, line, from, expected) => {
  expect(readK6Line(line, from)).toEqual(expected);
});

test("a user's K6_ variables cannot change what is measured or where it is written", () => {
  expect(
    k6Environment({ PLIMSOLL_PROMETHEUS_PASSWORD: "hush", K6_NO_SUMMARY: "true", K6_OUT: "csv", K6_BROWSER_HEADLESS: "true", HOME: "/h" }),
  ).toEqual({
    K6_BROWSER_HEADLESS: "true",
    HOME: "/h",
  });
});

test("a script that never finishes loading is told so, not that a command failed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-k6-"));
  const binary = join(folder, "k6");
  writeFileSync(binary, "#!/bin/sh\nexec sleep 20\n", { mode: 0o755 });
  const inspected = await inspectScript({ binary, script: "/u/a.js", environment: process.env, limitSeconds: 0.2 });
  rmSync(folder, { recursive: true });
  expect(inspected).toEqual({
    kind: "problem",
    message: "the script did not finish loading within 0.2 s: likely an endless loop, or a slow open()",
  });
});
