import { expect, test } from "vitest";
import { lastLines } from "./step.ts";

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
