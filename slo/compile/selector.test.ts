import { expect, test } from "vitest";
import { leftOutBy, parseSelector } from "./selector.ts";

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

test.each<[string, string, string, string | undefined]>([
  ["a total of good events alone leaves out the bad", 'orders_total{result="ok"}', 'orders_total{result="failed"}', "result"],
  ["and so does one that excludes them by name", 'orders_total{result!="failed"}', 'orders_total{result="failed"}', "result"],
  ["or by an expression", 'orders_total{code=~"2.."}', 'orders_total{code="500"}', "code"],
  ["a quoted label is the same label", 'orders_total{"result"="ok"}', 'orders_total{result="failed"}', "result"],
  ["a total without the label holds them", "orders_total", 'orders_total{result="failed"}', undefined],
  ["what both compare alike is no contradiction", 'orders_total{shop="a"}', 'orders_total{shop="a",result="failed"}', undefined],
  ["an expression that takes the value holds them", 'orders_total{code=~"2..|5.."}', 'orders_total{code="500"}', undefined],
  ["two metrics may count anything", 'sales_total{result="ok"}', 'orders_total{result="failed"}', undefined],
  ["what bad events are by an expression is not certain", 'orders_total{code="200"}', 'orders_total{code=~"5.."}', undefined],
  ["an expression of another dialect is not judged", 'orders_total{code=~"(?i)2.."}', 'orders_total{code="500"}', undefined],
])("%s", (_, total, bad, label) => {
  const [of, part] = [parseSelector(total), parseSelector(bad)];
  if (of.kind === "problem" || part.kind === "problem") throw new Error("no selector");
  expect(leftOutBy(of, part)).toBe(label);
});
