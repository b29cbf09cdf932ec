import { describe, expect, test } from "vitest";
import { data, markdownReport } from "./markdown.ts";
import { hostileReport } from "./hostile.fixture.ts";
import { emptyReport, exceededReport, inconclusiveReport, metReport } from "./reports.fixture.ts";

test.each([
  ["met", metReport()],
  ["exceeded", exceededReport()],
  ["inconclusive", inconclusiveReport()],
  ["empty", emptyReport()],
])("a run that is %s reads as its golden text", async (name, report) => {
  await expect(markdownReport(report)).toMatchFileSnapshot(`golden/summary-${name}.md`);
});

test.each([
  ["a pipe ends no cell", "a|b", "a\\|b"],
  ["a backslash does not undo the escape of a pipe", "a\\|b", "a\\\\\\|b"],
  ["a backtick opens no code", "`x`", "\\`x\\`"],
  ["HTML is text", "<img src=x>", "&#60;img src=x&#62;"],
  ["an entity is text", "&lt;", "&#38;lt;"],
  ["a line break starts nothing", "a\n# b", "a # b"],
  ["a heading at the very start is none", "# b", "&#35; b"],
  ["a number of an issue is no link", "see #12", "see &#35;12"],
  ["a link is text", "[a](javascript:b)", "\\[a\\](javascript:b)"],
  ["a place and a clock are written as they are", "spec.yaml:21:5 0:00–0:01", "spec.yaml:21:5 0:00–0:01"],
  ["a word between colons is no emoji, nor are the numbers that are", ":smile: x:100:2", "\\:smile: x\\:100:2"],
  ["an underscore within a word is text, one at its edge is not", "k6_http _x_", "k6_http \\_x\\_"],
  ["an ampersand alone is text", "a & b", "a & b"],
  ["an address is no link", "https://x.example www.x.example", "https\\://x.example www\\.x.example"],
  ["a mention calls nobody", "@user", "&#64;user"],
  ["leading spaces make no code block", "     x", "x"],
])("%s", (_, text, expected) => expect(data(text)).toBe(expected));

describe("hostile data", () => {
  const lines = markdownReport(hostileReport()).split("\n");

  test("adds no cell to a table", () => {
    const cells = (line: string): number => [...line.matchAll(/(?<!\\)(?:\\\\)*\|/gu)].length;
    const rows = lines.filter((line) => line.startsWith("|"));
    const objectives = rows.filter((row) => cells(row) === 7).length;
    const sides = rows.filter((row) => cells(row) === 4).length;
    expect([objectives, sides, rows.length]).toEqual([13, 8, 21]);
  });

  test("adds no HTML, code, link or control character", () => {
    const text = lines.join("\n");
    expect(text.replaceAll("<br>", "")).not.toMatch(/[<>]/u);
    expect(text).not.toMatch(/(?<!\\)(?:\\\\)*`/u);
    expect(text).not.toMatch(/(?<!\\)(?:\\\\)*\]\(/u);
    expect(text).not.toMatch(/https?:\/\/|www\./u);
    expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  });

  test("stays far below the 1 MiB that GitHub takes", () => expect(lines.join("\n").length).toBeLessThan(100_000));
});
