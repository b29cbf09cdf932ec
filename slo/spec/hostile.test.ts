import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadSpec } from "./load.ts";
import { good, problemsOf } from "./shop.fixture.ts";

const bomb = [
  "a: &a [x, x, x, x, x, x, x, x, x, x]",
  ..."bcdefghi".split("").map((name, i) => `${name}: &${name} [${`*${"abcdefgh"[i]}, `.repeat(9)}*${"abcdefgh"[i]}]`),
].join("\n");

test.each<[string, () => string, string]>([
  ["aliases that multiply to a billion", () => bomb, "has too many aliases (*name) inside one another"],
  ["brackets without end", () => "[".repeat(60_000), "is nested too deeply"],
  ["mappings without end", () => "{a: ".repeat(15_000), "is nested too deeply"],
  ["lists in lists without end", () => `${"- ".repeat(30_000)}x`, "is nested too deeply"],
  ["a file without end", () => `# ${"x".repeat(64 * 1024)}`, "is larger than 64 KiB"],
])("%s is one problem, soon told", (_, text, message) => {
  const problems = problemsOf(text());
  expect(problems.length).toBe(1);
  expect(problems[0]).toContain(message);
});

test("two thousand unknown keys, and an alias to itself, are told like any other problem", () => {
  const keys = Array.from({ length: 2000 }, (_, i) => `key${i}: 1`).join("\n");
  expect(problemsOf(`${good}${keys}\n`).length).toBe(2000);
  expect(problemsOf("version: &v\n  x: *v\n")[0]).toBe("s.yaml:1:1 service: is missing");
});

describe("any text", () => {
  const words = fc.constantFrom(
    "version",
    "objectives",
    ": ",
    "- ",
    "\n",
    "  ",
    "{",
    "}",
    "[",
    "]",
    "&a",
    "*a",
    "99%",
    "|",
    ">",
    '"',
    "'",
    "#",
    "? ",
    "!!",
    "---",
    "%YAML 1.1",
    "\t",
    "<<",
    "null",
    "1e999",
    "0x",
    "~",
    "\u0000",
    "\uFEFF",
  );

  test("never throws, and every problem has a place in the text", () => {
    const cut = fc
      .tuple(fc.nat(good.length), fc.nat(40), fc.string({ unit: "binary", maxLength: 8 }))
      .map(([at, gone, more]) => good.slice(0, at) + more + good.slice(at + gone));
    const texts = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.array(words, { maxLength: 60 }).map((parts) => parts.join("")),
      cut,
    );
    fc.assert(
      fc.property(texts, fc.option(fc.string(), { nil: undefined }), (text, scenario) => {
        const loaded = loadSpec(text, "s.yaml", scenario);
        if (loaded.kind === "spec") return;
        const lines = text.split("\n").length;
        expect(loaded.problems.length).toBeGreaterThan(0);
        for (const { place } of loaded.problems) {
          expect(place.line).toBeGreaterThanOrEqual(1);
          expect(place.line).toBeLessThanOrEqual(lines + 1);
          expect(place.column).toBeGreaterThanOrEqual(1);
        }
      }),
      { numRuns: 1500 },
    );
  });
});
