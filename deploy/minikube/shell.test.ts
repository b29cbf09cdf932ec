import { expect, test } from "vitest";
import { lastLines, run } from "./shell.ts";

const node = (script: string, limitSeconds = 60) => run({ command: process.execPath, args: ["-e", script], limitSeconds });

test("a command that ends gives its code, its stdout and its last words", async () => {
  const result = await node("console.log('out'); console.error('err'); process.exitCode = 3");
  expect(result).toMatchObject({ kind: "ended", code: 3, stdout: "out\n" });
  expect(result.tail.toSorted()).toEqual(["err", "out"]);
});

test("a command that is not there is missing", async () => {
  expect((await run({ command: "no-such-program-here", args: [], limitSeconds: 5 })).kind).toBe("missing");
});

test("a command that takes too long is ended, and so is what it started", async () => {
  // The inner process holds the same stdout: the result comes only once both are gone.
  const inner = "['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' }";
  const script = `require('node:child_process').spawn(process.execPath, ${inner}); setInterval(() => {}, 1000)`;
  expect((await node(script, 1.5)).kind).toBe("tooLong");
});

test.each<[string, string, string[]]>([
  ["colours are taken out", "\x1b[31mred\x1b[0m\n", ["red"]],
  ["a redrawn line is each of its states", "1%\r2%\n", ["1%", "2%"]],
  [
    "an early error is kept before a long end",
    `ERROR no such export\n${"x\n".repeat(30)}`,
    ["ERROR no such export", ...Array.from({ length: 12 }, () => "x")],
  ],
  ["empty lines are left out", "a\n\n \nb\n", ["a", "b"]],
])("%s", (_sentence, text, lines) => {
  expect(lastLines(text)).toEqual(lines);
});
