import { expect, test } from "vitest";
import { answerOf, queryNumber, queryRange, type PrometheusApi } from "./prometheus.ts";

/** A Prometheus that gives one answer to every question. */
function answering(body: unknown, status = 200): PrometheusApi {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { url: "http://prometheus.test/", headers: {}, timeoutSeconds: 5, fetch: () => Promise.resolve(new Response(text, { status })) };
}

const vector = (...result: unknown[]): unknown => ({ status: "success", data: { resultType: "vector", result } });
const series = (value: string): unknown => ({ metric: {}, value: [1000, value] });
const histogram = { metric: {}, histogram: [1000, { count: "5", sum: "1", buckets: [[0, "0.1", "0.2", "5"]] }] };
const query = { promql: "x" };

test.each<[string, unknown, number, unknown]>([
  ["a number is read", vector(series("5")), 200, { kind: "answer", value: 5 }],
  ["no series is no number, and not 0", vector(), 200, { kind: "answer", value: undefined }],
  ["what is not a number stays so, for the judge to refuse", vector(series("NaN")), 200, { kind: "answer", value: Number.NaN }],
  ["infinity stays so", vector(series("+Inf")), 200, { kind: "answer", value: Number.POSITIVE_INFINITY }],
  ["two series are no one number", vector(series("5"), series("6")), 200, { kind: "failed", reason: "expected one series, got 2" }],
  [
    "a histogram is not nothing",
    vector(histogram),
    200,
    { kind: "failed", reason: "Prometheus answered with a histogram where a number was asked for" },
  ],
  [
    "an answer with a warning may be half of one",
    { ...(vector(series("5")) as object), warnings: ["a store did not answer"] },
    200,
    { kind: "failed", reason: "Prometheus returned warnings: a store did not answer" },
  ],
  [
    "a refusal keeps its words, on one line",
    { status: "error", errorType: "bad_data", error: "line 1:\nno" },
    400,
    { kind: "failed", reason: "Prometheus refused the query: line 1: no" },
  ],
  [
    "what a proxy says instead is no answer",
    "<html>gone</html>",
    502,
    { kind: "failed", reason: "Prometheus answered 502: <html>gone</html>" },
  ],
])("%s", async (_, body, status, expected) => {
  expect(await answerOf(() => queryNumber(answering(body, status), query, 1000))).toEqual(expected);
});

test("a range of histograms is no range of numbers", async () => {
  const row = { metric: {}, histograms: [[1000, { count: "5", sum: "1" }]] };
  const api = answering({ status: "success", data: { resultType: "matrix", result: [row] } });
  expect(await answerOf(() => queryRange(api, query, 1000, 1010, 1))).toMatchObject({ kind: "failed" });
});

test("a Prometheus that does not answer is a reason, with what lies behind it", async () => {
  const api = {
    ...answering(""),
    fetch: () => Promise.reject(new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") })),
  };
  expect(await answerOf(() => queryNumber(api, query, 1000))).toEqual({ kind: "failed", reason: "fetch failed: connect ECONNREFUSED" });
});
