import { parser } from "@prometheus-io/lezer-promql";
import fc from "fast-check";
import { expect, test } from "vitest";
import { durationText, is, isOneOf, promql, quote, selector } from "./promql.ts";

const parses = (text: string): boolean => {
  let ok = true;
  parser.parse(text).iterate({ enter: (node) => void (ok &&= !node.type.isError) });
  return ok;
};

test.each([
  ["a plain value is quoted", "smoke", '"smoke"'],
  ["a quote cannot end the string", '"} or vector(1) #', '"\\"} or vector(1) #"'],
  ["a backslash is doubled, so it cannot eat the quote", "a\\", '"a\\\\"'],
  ["a line break is escaped", "a\nb", '"a\\nb"'],
  ["a control character is escaped", "a\u0007b", '"a\\x07b"'],
])("%s", (_, value, expected) => {
  expect(quote(value)).toBe(expected);
});

test("any label value gives one selector and nothing else", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (value) => {
      const text = selector("up", [is("job", value)]).promql;
      const root = parser.parse(text).topNode.firstChild;
      expect(parses(text)).toBe(true);
      expect(root?.name).toBe("VectorSelector");
      expect(root?.nextSibling).toBeNull();
    }),
  );
});

test("a metric or label that is not a plain name is quoted inside the braces", () => {
  expect(selector("my.metric", [is("a-b", "c")]).promql).toBe('{"my.metric","a-b"="c"}');
});

test("the values of `isOneOf` are taken literally, not as a pattern", () => {
  expect(selector("x", [isOneOf("le", ["1.0", "a|b"])]).promql).toBe('x{le=~"1\\\\.0|a\\\\|b"}');
});

test.each([
  ["whole seconds stay seconds", 90, "90s"],
  ["parts of a second become milliseconds", 0.25, "250ms"],
  ["a range is rounded up, so that no sample falls out", 1.0001, "1001ms"],
  ["zero is the shortest range there is", 0, "1ms"],
])("%s", (_, seconds, expected) => {
  expect(durationText(seconds)).toBe(expected);
});

test("a duration or number that is none is a bug, not a query", () => {
  expect(() => durationText(Number.NaN)).toThrow();
  expect(() => promql`x > ${Number.POSITIVE_INFINITY}`).toThrow();
});

test("the template prints selectors, ranges and numbers", () => {
  expect(promql`sum(rate(${selector("x", [])}[${{ rangeSeconds: 5 }}])) > ${-1}`.promql).toBe("sum(rate(x[5s])) > (-1)");
});
