import { expect, test } from "vitest";
import type { PromQL } from "../compile/promql.ts";
import { answerOf, queryNumber, type PrometheusApi } from "./prometheus.ts";
import { steadyReads } from "./steady.ts";

const whole = '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"7"]}]}}';
const cut = (): Promise<Response> => Promise.resolve(new Response(whole.slice(0, 40)));
const gone = (): Promise<Response> => Promise.reject(new TypeError("fetch failed", { cause: new Error("other side closed") }));
const status = (code: number, text: string) => (): Promise<Response> => Promise.resolve(new Response(text, { status: code }));
const good = status(200, whole);
const refused = '{"status":"error","errorType":"execution","error":"too many samples"}';

function apiOf(answers: (() => Promise<Response>)[]): { api: PrometheusApi; asked: () => number } {
  let asked = 0;
  const fetch = (): Promise<Response> => (answers[(asked += 1) - 1] ?? gone)();
  return { api: { url: "http://p", headers: {}, timeoutSeconds: 5, fetch }, asked: () => asked };
}

test.each<[string, (() => Promise<Response>)[], unknown, number, string | undefined]>([
  ["an answer is asked for once", [good], { kind: "answer", value: 7 }, 1, undefined],
  ["one that was cut off is asked for again", [cut, good], { kind: "answer", value: 7 }, 2, undefined],
  ["so is one that did not come", [gone, gone, good], { kind: "answer", value: 7 }, 3, undefined],
  ["and a proxy's page", [status(502, "<html>"), good], { kind: "answer", value: 7 }, 2, undefined],
  [
    "a refused query is an answer",
    [status(422, refused)],
    { kind: "failed", reason: "Prometheus refused the query: too many samples" },
    1,
    undefined,
  ],
  [
    "what never comes is unknown, and is remembered",
    [],
    { kind: "failed", reason: "fetch failed: other side closed" },
    3,
    "fetch failed: other side closed",
  ],
  [
    "what is cut off each time likewise",
    [cut, cut, cut],
    { kind: "failed", reason: "its answer was cut off" },
    3,
    "its answer was cut off",
  ],
  [
    "and credentials that are refused",
    [1, 2, 3].map(() => status(401, "Unauthorized")),
    { kind: "failed", reason: "it answered 401" },
    3,
    "it answered 401",
  ],
])("%s", async (_, answers, expected, times, unread) => {
  const { api, asked } = apiOf(answers);
  const reads = steadyReads(api, [1, 1]);
  expect(await answerOf(() => queryNumber(reads.api, { promql: "x" } as PromQL, 1))).toEqual(expected);
  expect([asked(), reads.unread()]).toEqual([times, unread]);
});
