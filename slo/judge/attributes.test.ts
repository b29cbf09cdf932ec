import { describe, expect, test } from "vitest";
import type { Span } from "../collect/traces.ts";
import { overRepresentedAttributes } from "./attributes.ts";

let made = 0;
/** A trace of a request and its store's operation, which only the attributes that are given tell from others. */
function trace(attributes: Record<string, string>, ofStore: Record<string, string> = {}): Span[] {
  const base = { traceId: String((made += 1)), service: "s", startSeconds: 0, durationSeconds: 0.001, isError: false };
  return [
    { ...base, name: "GET /x", attributes: { "http.route": "/x", "url.path": `/x/${made}`, ...attributes } },
    { ...base, name: "get buckets", attributes: { "db.system.name": "memory", ...ofStore } },
  ];
}
const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));

describe("what spans of bad requests say more often", () => {
  test("is found with the span that says it, and the exact chance", () => {
    const bad = times(20, () => trace({ "plimsoll.fault": "error" }, { shard: "a" }));
    const good = times(100, (at) => trace({}, { shard: at % 2 === 0 ? "a" : "b" }));
    const [first, second, ...more] = overRepresentedAttributes(bad, good, 0.05);
    expect(first).toMatchObject({
      span: "GET /x",
      key: "plimsoll.fault",
      value: "error",
      with: { bad: 20, total: 20 },
      all: { bad: 20, total: 120 },
    });
    expect(second).toMatchObject({ span: "get buckets", key: "shard", value: "a", with: { bad: 20, total: 70 } });
    expect(more).toEqual([]);
  });

  const nothing: [string, Span[][], Span[][]][] = [
    ["nothing, where both say the same", times(50, () => trace({})), times(50, () => trace({}))],
    ["nothing, where there is nothing to compare with", times(50, () => trace({ a: "b" })), []],
    ["nothing, of a single request, which chance explains", [trace({ a: "b" })], times(10, () => trace({}))],
    [
      "nothing, where only the ids and the outcome differ",
      times(50, (at) => trace({ request_id: "r", "error.type": "500", "http.response.status_code": "500", at: String(at) })),
      times(50, () => trace({})),
    ],
    ["nothing, without any", [], []],
  ];
  test.each(nothing)("is %s", (_sentence, bad, good) => expect(overRepresentedAttributes(bad, good, 0.05)).toEqual([]));

  test("is corrected for all that was looked at: among 2,000 values of chance none stands out", () => {
    // One of a thousand values each; some are in bad requests only.
    const random = (at: number): string => String((at * 7919) % 1000);
    const bad = times(100, (at) => trace({ noise: random(at) }));
    const good = times(400, (at) => trace({ noise: random(at + 100) }));
    expect(overRepresentedAttributes(bad, good, 0.05)).toEqual([]);
  });
});
