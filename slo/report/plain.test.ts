import * as fc from "fast-check";
import { expect, test } from "vitest";
import { clipped, columnsOf, wrapped } from "./columns.ts";
import { plainLine, shortened } from "./plain.ts";

test.each([
  ["an escape sequence loses its escape", "\u001B[31mred", "�[31mred"],
  ["the one-byte sequence start goes too", "\u009B2J", "�2J"],
  ["line breaks become one space", "a\r\n\u2028b", "a b"],
  ["a bidi override is shown, not obeyed", "safe\u202Egnp.exe", "safe�gnp.exe"],
  ["zero-width text is shown", "a\u200Bb\uFEFF", "a�b�"],
  ["NUL and lone surrogates are shown", "\u0000\uD800", "��"],
  ["letters of any script stay", "漢字 עברית é 👍", "漢字 עברית é 👍"],
  ["marks in the number that scripts need stay", "e\u0301\u0323", "e\u0301\u0323"],
  ["stacked marks are cut", `Z${"\u0301".repeat(500)}`, `Z${"\u0301".repeat(4)}`],
  ["nothing stays nothing", "", ""],
])("%s", (_, data, expected) => expect(plainLine(data)).toBe(expected));

test("a cut says how much is missing, and never cuts a character in two", () => {
  expect(shortened("👍".repeat(99), 2)).toBe("👍👍… (97 more characters)");
  expect(shortened("👍👍", 2)).toBe("👍👍");
});

test("what is cut is never shorter than the note that says so", () => {
  const note = "… (22 more characters)".length;
  expect(shortened("a".repeat(2 + note), 2)).toBe("a".repeat(2 + note));
  expect(shortened("a".repeat(3 + note), 2)).toBe(`aa… (${note + 1} more characters)`);
});

const anyText = fc.string({ unit: "binary", maxLength: 200 });

test("no text keeps a character that steers", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(plainLine(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
    }),
  );
});

test("no text is clipped or wrapped wider than its room", () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 2, max: 40 }), (text, width) => {
      const plain = plainLine(text);
      expect(columnsOf(clipped(plain, width))).toBeLessThanOrEqual(width);
      for (const line of wrapped(plain, width)) expect(columnsOf(line)).toBeLessThanOrEqual(width);
      expect(wrapped(plain, width).join("").replaceAll(" ", "")).toBe(plain.normalize().replaceAll(" ", "")); // wrap-ansi composes characters
    }),
  );
});

test("wide characters take two columns", () => {
  expect(columnsOf("漢字a")).toBe(5);
  expect(clipped("漢字かな", 5)).toBe("漢字…");
});
