import { expect, test } from "vitest";
import { parseSelector } from "./selector.ts";

test.each([
  ["a bare metric is a selector", "orders_total", "selector"],
  ["labels may be compared", 'orders_total{result="failed",shop!~"test.*"}', "selector"],
  ["a selector without a metric name is one", '{__name__="orders_total"}', "selector"],
  ["a quoted UTF-8 name is one", '{"orders.total",result="failed"}', "selector"],
  ["a function would change the counts", "rate(orders_total[5m])", "problem"],
  ["a sum would hide resets", "sum(orders_total)", "problem"],
  ["a range is ours to choose", "orders_total[5m]", "problem"],
  ["an offset is ours to choose", "orders_total offset 5m", "problem"],
  ["a pinned time is ours to choose", "orders_total @ 5", "problem"],
  ["two expressions are not one selector", "a or b", "problem"],
  ["an injected closing brace is not a selector", 'a{b="c"}) or vector(1', "problem"],
  ["a comment could swallow what follows", "orders_total # x", "problem"],
  ["broken text is a problem", "orders_total{", "problem"],
  ["nothing is a problem", "", "problem"],
  ["a number is a problem", "1", "problem"],
])("%s", (_, text, kind) => {
  expect(parseSelector(text).kind).toBe(kind);
});

test("the place of a syntax error is named", () => {
  const parsed = parseSelector("orders_total{a=");
  expect(parsed.kind === "problem" && parsed.message).toMatch(/is not PromQL \(character \d+\)/);
});
