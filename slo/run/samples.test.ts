import { expect, test } from "vitest";
import { fairSamples, isSampleLine, openSamples, type Sample } from "./samples.ts";

const sample = (draw: number, parts: Partial<Sample> = {}): Sample => ({
  draw,
  atSeconds: 1000 + draw,
  scenario: "main",
  method: "GET",
  route: "/x",
  path: "/x",
  kind: "answer",
  status: 500,
  error: "",
  errorCode: 1500,
  durationSeconds: 0.1,
  phasesSeconds: { blocked: 0, connecting: 0, tls: 0, sending: 0, waiting: 0.1, receiving: 0 },
  requestId: "",
  traceId: "",
  answer: "",
  ...parts,
});

test("of each route and outcome those with the least draws are kept, in order of time", () => {
  const many = Array.from({ length: 300 }, (_, i) => sample(((i * 7919) % 300) / 300));
  const kept = fairSamples([...many, sample(0.99, { status: 502 })]);
  expect(kept.map(({ draw }) => draw)).toEqual([...Array.from({ length: 20 }, (_, i) => i / 300), 0.99]);
});

test("all together stay below their bound, and no sort is lost for another", () => {
  const large = Array.from({ length: 60 }, (_, sort) =>
    Array.from({ length: 20 }, (_, i) => sample(i / 20, { route: `/${sort}`, answer: "\u0001".repeat(300), error: "e".repeat(200) })),
  ).flat();
  const kept = fairSamples(large);
  expect(JSON.stringify(kept).length).toBeLessThanOrEqual(256 * 1024);
  expect(new Set(kept.map(({ route }) => route)).size).toBe(60);
});

test("a script that names its routes without end costs no memory without end", () => {
  const samples = openSamples();
  for (let i = 0; i < 30_000; i += 1) samples.take(`plimsoll-sample ${JSON.stringify(sample(i / 30_000, { route: `/${i}` }))}`);
  expect(samples.all()).toHaveLength(100);
});

test.each([
  ["what is no JSON", "plimsoll-sample {"],
  ["a line of the user's", "hello"],
  ["a field too much", `plimsoll-sample ${JSON.stringify({ ...sample(0.1), more: 1 })}`],
  ["a text too long", `plimsoll-sample ${JSON.stringify(sample(0.1, { answer: "x".repeat(301) }))}`],
  ["the warm-up", `plimsoll-sample ${JSON.stringify(sample(0.1, { scenario: "warmup" }))}`],
  ["setup", `plimsoll-sample ${JSON.stringify(sample(0.1, { scenario: "" }))}`],
])("%s is no sample", (_, message) => {
  const samples = openSamples();
  samples.take(message);
  expect(samples.all()).toEqual([]);
});

test("only a sample's own line is kept out of k6's log", () => {
  const line = (msg: string): string => JSON.stringify({ level: "info", msg, source: "console", time: "2026-11-21T05:00:00Z" });
  expect([
    isSampleLine(line("plimsoll-sample {}")),
    isSampleLine(line("a plimsoll-sample {}")),
    isSampleLine("plimsoll-sample {}"),
  ]).toEqual([true, false, false]);
});
