import { describe, expect, test } from "vitest";
import { callerOf, testidOf } from "./correlation.ts";

const [trace, span] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
const callers: [string, string | undefined, object | undefined][] = [
  ["a sampled caller", `00-${trace}-${span}-01`, { traceId: trace, spanId: span, flags: 1 }],
  ["a caller that is not sampled", `00-${trace}-${span}-00`, { traceId: trace, spanId: span, flags: 0 }],
  ["a later version with more fields", `01-${trace}-${span}-01-more`, { traceId: trace, spanId: span, flags: 1 }],
  ["more fields than this version has", `00-${trace}-${span}-01-more`, undefined],
  ["no header", undefined, undefined],
  ["the version that is none", `ff-${trace}-${span}-01`, undefined],
  ["a trace of zeros", `00-${"0".repeat(32)}-${span}-01`, undefined],
  ["a span of zeros", `00-${trace}-${"0".repeat(16)}-01`, undefined],
  ["capital letters", `00-${trace.toUpperCase()}-${span}-01`, undefined],
  ["an id that is too long", `00-${trace}0-${span}-01`, undefined],
];

describe("traceparent", () => {
  test.each(callers)("%s", (_sentence, traceparent, expected) => {
    expect(callerOf(traceparent === undefined ? {} : { traceparent })).toEqual(expected);
  });
});

const baggages: [string, string | undefined, string | undefined][] = [
  ["alone", "plimsoll.testid=smoke-1", "smoke-1"],
  ["among others, with properties", "a=b , plimsoll.testid = load-2;p=1, c=d", "load-2"],
  ["of another name", "xplimsoll.testid=a,plimsoll.testid2=b", undefined],
  ["with what no testid has in it", 'plimsoll.testid=a"b', undefined],
  ["longer than a label should be", `plimsoll.testid=${"a".repeat(129)}`, undefined],
  ["no header", undefined, undefined],
];

describe("the testid in baggage", () => {
  test.each(baggages)("%s", (_sentence, baggage, expected) => {
    expect(testidOf(baggage === undefined ? {} : { baggage })).toBe(expected);
  });
});
