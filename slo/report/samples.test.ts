import { describe, expect, test } from "vitest";
import { madeUpSample } from "./parts.fixture.ts";
import { exceededReport, metReport } from "./reports.fixture.ts";
import { firstSamples, sampleLine, samplesText } from "./causes.ts";

describe("samples of failing requests", () => {
  const report = exceededReport();

  test.each([
    [
      "an answer",
      {},
      '1:10 DELETE /api/buckets/plimsoll-own-70 with 500 after 3.1 ms, request req-a-70: {"error":"internal server error"}',
    ],
    [
      "no answer",
      { status: 0, errorCode: 1050, error: "request timeout", requestId: "", answer: "", traceId: "0af7651916cd43dd8448eb211c80319c" },
      "1:10 DELETE /api/buckets/plimsoll-own-70 without an answer (timed out) after 3.1 ms, request timeout, trace 0af7651916cd43dd8448eb211c80319c",
    ],
    [
      "a slow one",
      { kind: "slow" as const, status: 200, requestId: "", answer: "" },
      "1:10 DELETE /api/buckets/plimsoll-own-70 too slow after 3.1 ms",
    ],
  ])("%s is one line", (_, parts, line) => expect(sampleLine(madeUpSample(70, parts), report)).toBe(line));

  test("the first three of what objectives are not met for, and of no other route or sort", () => {
    const samples = [
      madeUpSample(60, { route: "/other" }),
      madeUpSample(59, { kind: "slow", durationSeconds: 0.1 }), // slow for another objective
      madeUpSample(61, { kind: "slow", durationSeconds: 0.3 }),
      ...[62, 63, 64, 65].map((second) => madeUpSample(second, {})),
    ];
    const [availability, latency] = report.objectives;
    const of = (objective: typeof availability) =>
      firstSamples({ ...report, samples }, objective ? [objective] : []).map(({ atSeconds }) => atSeconds);
    expect(of(availability)).toEqual([62, 63, 64].map((second) => madeUpSample(second, {}).atSeconds));
    expect(of(latency)).toEqual([madeUpSample(61, {}).atSeconds]);
  });

  test("all of them are lines of JSON, and a run without any has no line", () => {
    const lines = samplesText(report).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(report.samples);
    expect(samplesText(metReport())).toBe("");
  });
});
