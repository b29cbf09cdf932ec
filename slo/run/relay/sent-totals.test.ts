import { expect, test } from "vitest";
import { encodeWrite, readBody } from "./body.ts";
import { openSentTotals, type SentTotals } from "./sent-totals.ts";

type Push = [metric: string, value: number, atMillis: number, labels?: Record<string, string>];

function bookOf(pushes: readonly Push[]): SentTotals {
  const book = openSentTotals();
  for (const [metric, value, atMillis, labels] of pushes) {
    const read = readBody(encodeWrite([{ labels: { __name__: metric, ...labels }, value, atMillis }]));
    if (read.kind === "malformed") throw new Error(read.reason);
    book.take(read.series);
  }
  return book;
}

test("the book sums the last value of each series, by label", () => {
  const book = bookOf([
    ["k6_http_reqs_total", 5, 1000, { status: "200" }],
    ["k6_http_reqs_total", 2, 1000, { status: "500" }],
    ["k6_http_reqs_total", 9, 2000, { status: "200" }],
    ["k6_scenario_start_seconds", 1.5, 2000],
  ]);
  expect(book.sumOf("k6_http_reqs_total")).toBe(11);
  expect(book.sumOf("k6_http_reqs_total", ({ status }) => status === "500")).toBe(2);
  expect(book.sumOf("k6_iterations_total")).toBe(0);
  expect(book.valuesOf("k6_scenario_start_seconds")).toMatchObject([{ value: 1.5, atSeconds: 2 }]);
});

test.each<[string, Push[], string[]]>([
  [
    "growing counters are no caveat",
    [
      ["k6_http_reqs_total", 1, 1000],
      ["k6_http_reqs_total", 2, 2000],
    ],
    [],
  ],
  [
    "the same sample again is none",
    [
      ["k6_http_reqs_total", 1, 1000],
      ["k6_http_reqs_total", 1, 1000],
    ],
    [],
  ],
  [
    "a sample older than the one before is one, for Prometheus refuses it",
    [
      ["k6_http_reqs_total", 9, 2000],
      ["k6_http_reqs_total", 10, 1500],
    ],
    ["k6 wrote 1 samples that are older than the one before them"],
  ],
  [
    "a count that falls is one: no other sign tells of two k6 with the same labels",
    [
      ["k6_http_reqs_total", 241, 1000],
      ["k6_http_reqs_total", 11, 1500],
      ["k6_http_reqs_total", 252, 2000],
    ],
    ["k6 wrote 1 counts that are lower than the one before: two k6 write the same series"],
  ],
  [
    "a gauge may fall",
    [
      ["k6_vus", 9, 1000],
      ["k6_vus", 1, 2000],
    ],
    [],
  ],
  [
    "a script's own counter may fall",
    [
      ["k6_balance_total", 9, 1000],
      ["k6_balance_total", 1, 2000],
    ],
    [],
  ],
])("%s", (_, pushes, caveats) => {
  expect(bookOf(pushes).caveats()).toEqual(caveats);
});
