import { expect, test } from "vitest";
import { missingIn, parseCounters, zeroProof, type Term } from "./selector.ts";

const termsOf = (text: string): readonly Term[] => {
  const parsed = parseCounters(text);
  if (parsed.kind === "problem") throw new Error(parsed.message);
  return parsed.terms;
};

test.each<[string, string, string[]]>([
  ["a bare metric is read", "orders_total", ["orders_total"]],
  ["labels may be compared", 'orders_total{result="failed",shop!~"test.*"}', ['orders_total{result="failed",shop!~"test.*"}']],
  ["a selector without a metric name is one", '{__name__="orders_total"}', ['{__name__="orders_total"}']],
  ["a quoted UTF-8 name is one", '{"orders.total",result="failed"}', ['{"orders.total",result="failed"}']],
  ["a sum of two is both", 'a{x="1"} + b', ['a{x="1"}', "b"]],
  ["of one metric where a label tells them apart", 'a{x="1"} + a{x="2"}', ['a{x="1"}', 'a{x="2"}']],
  ["a sum over all series is what is counted anyway", "sum(a) + (sum((b)))", ["a", "b"]],
])("%s", (_, text, terms) => {
  expect(termsOf(text).map(({ counters }) => counters.series.promql)).toEqual(terms);
});

test.each([
  ["a function would change the counts", "rate(orders_total[5m])"],
  ["another aggregation would, too", "max(orders_total)"],
  ["a grouping leaves several numbers", "sum by (shop) (orders_total)"],
  ["a grouping behind it as well", "sum(orders_total) without (shop)"],
  ["a range is ours to choose", "orders_total[5m]"],
  ["an offset is ours to choose", "orders_total offset 5m"],
  ["a pinned time is ours to choose", "orders_total @ 5"],
  ["two expressions are not one selector", "a or b"],
  ["a difference may fall", "a - b"],
  ["a constant is no event", "a + 1"],
  ["a matching of labels counts what has a partner only", "a + on(x) b"],
  ["an injected closing brace is not a selector", 'a{b="c"}) or vector(1'],
  ["a comment could swallow what follows", "orders_total # x"],
  ["broken text is a problem", "orders_total{"],
  ["nothing is a problem", ""],
  ["a number is a problem", "1"],
  ["a histogram's buckets hold each other", 'a_bucket{le="0.1"} + a_bucket{le="0.5"}'],
  ["and all of them count an event in each", "a_bucket"],
  ["as several do", 'a_bucket{le=~"0.1|0.5"}'],
  ["one selector twice would count twice", "a + a"],
  ["one that holds the other, too", 'a + a{x="1"}'],
  ["patterns may overlap", 'a{x=~"1|2"} + a{x=~"2|3"}'],
  ["a value may be written in two ways", 'a{x="\\x31"} + a{x="1"}'],
  ["a selector of any metric may hold another", '{x="1"} + a'],
])("%s", (_, text) => {
  expect(parseCounters(text).kind).toBe("problem");
});

test("the place of a syntax error is named", () => {
  const parsed = parseCounters("orders_total{a=");
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
  [
    "one of two selectors that takes it is enough",
    'orders_total{r="ok"} + orders_total{r="failed"}',
    'orders_total{r="failed"}',
    undefined,
  ],
  ["and none of two is not", 'orders_total{r="ok"} + orders_total{r="late"}', 'orders_total{r="failed"}', "r"],
  ["an expression of another dialect is not judged", 'orders_total{code=~"(?i)2.."}', 'orders_total{code="500"}', undefined],
])("%s", (_, total, bad, label) => {
  const [part] = termsOf(bad);
  expect(part && missingIn(termsOf(total), part)).toBe(label);
});

test.each<[string, string, string[] | undefined]>([
  ["the labels that are compared must be on every series of the metric", 'a{x="1",y=~"2.*",x!="3"}', ["x", "y"]],
  ["a metric alone proves nothing about itself", "a", undefined],
  ["nor does a selector of any metric", '{x="1"}', undefined],
  ["a bucket that is missing is no zero", 'a_bucket{le="0.25"}', undefined],
])("no series, no events: %s", (_, text, labels) => {
  const [term] = termsOf(text);
  const proof = term && zeroProof(term);
  expect(proof?.labels).toEqual(labels);
  if (labels) expect(proof?.labelled.series.promql).toBe(`a{${labels.map((label) => `${label}!=""`).join(",")}}`);
});
