import { expect, test } from "vitest";
import { valuesOfLabel } from "./counters.ts";
import { takeApart } from "./selector.ts";

test.each<[string, string, string | undefined, [string, string | undefined, string][]]>([
  ["a bare metric has no comparison", "orders_total", "orders_total", []],
  [
    "each comparison is left out in turn, the metric stays",
    'orders_total{result="failed",shop!~"test.*"}',
    "orders_total",
    [
      ["result", "failed", '{"orders_total",shop!~"test.*"}'],
      ["shop", undefined, '{"orders_total",result="failed"}'],
    ],
  ],
  ["names of UTF-8 stay quoted", '{"orders.total","a.b"="no"}', "orders.total", [["a.b", "no", '{"orders.total"}']]],
  ["a metric may be compared as a label", '{__name__="x",a="b"}', "x", [["a", "b", '{__name__="x"}']]],
])("%s", (_, text, metric, comparisons) => {
  const taken = takeApart({ promql: text });
  expect(taken.metric).toBe(metric);
  expect(taken.comparisons.map(({ label, equals, without }) => [label, equals, without.promql])).toEqual(comparisons);
});

test("the values of a label are one series each, and a name of UTF-8 is quoted", () => {
  expect(valuesOfLabel({ promql: "x" }, "route")(300).promql).toBe("group by (route) (last_over_time(x[300s]))");
  expect(valuesOfLabel({ promql: "x" }, "a.b")(300).promql).toBe('group by ("a.b") (last_over_time(x[300s]))');
});
