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

/** The line that a VU logs of it. */
const lineOf = (one: Sample, parts: object = {}): string => {
  const { path, durationSeconds: _, phasesSeconds: phases, ...rest } = one;
  const sent = { ...rest, url: `http://host${path}`, milliseconds: { duration: 100, ...phases }, traceparent: "", answerBase64: "" };
  return `plimsoll-sample ${JSON.stringify({ ...sent, ...parts })}`;
};

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
  for (let i = 0; i < 30_000; i += 1) samples.take(lineOf(sample(i / 30_000, { route: `/${i}` })));
  expect(samples.all()).toHaveLength(100);
});

test.each([
  ["what is no JSON", "plimsoll-sample {"],
  ["a line of the user's", "hello"],
  ["a field too much", lineOf(sample(0.1), { more: 1 })],
  ["a text too long", lineOf(sample(0.1, { answer: "x".repeat(1001) }))],
  ["the warm-up", lineOf(sample(0.1, { scenario: "warmup" }))],
  ["setup", lineOf(sample(0.1, { scenario: "" }))],
])("%s is no sample", (_, message) => {
  const samples = openSamples();
  samples.take(message);
  expect(samples.all()).toEqual([]);
});

test("what is kept is short and without secrets, also where one is cut in the middle", () => {
  const samples = openSamples();
  const sent = { path: `/x?api_key=abc&${"p".repeat(300)}`, error: "", answer: `${"a ".repeat(140)}"password": "hunter2hunter2hunter2"` };
  samples.take(lineOf(sample(0.1, sent)));
  const [{ path, answer }] = samples.all() as [Sample];
  expect(path.length <= 200 && answer.length <= 300).toBe(true);
  expect(path + answer).not.toMatch(/abc|hunter/);
});

test.each<[string, object, Partial<Sample>]>([
  [
    "bytes that are text are shown as text",
    { answerBase64: Buffer.from("gr\u00fc\u00dfe").toString("base64") },
    { answer: "gr\u00fc\u00dfe" },
  ],
  ["other bytes are named", { answerBase64: Buffer.from([0, 1, 2, 255]).toString("base64") }, { answer: "(no text)" }],
  [
    "the trace of a traceparent",
    { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", traceId: "x" },
    { traceId: "0af7651916cd43dd8448eb211c80319c" },
  ],
  ["an id holds no more than an id does", { requestId: 'r-1"><b>' }, { requestId: "r-1b" }],
  ["the host and its credentials are no part of a path", { url: "http://ann:pw@host:1/x?y=1" }, { path: "/x?y=1" }],
])("%s", (_, sent, expected) => {
  const samples = openSamples();
  samples.take(lineOf(sample(0.1), sent));
  expect(samples.all()).toMatchObject([expected]);
});

test("only a sample's own line is kept out of k6's log", () => {
  const line = (msg: string): string => JSON.stringify({ level: "info", msg, source: "console", time: "2026-11-21T05:00:00Z" });
  expect([
    isSampleLine(line("plimsoll-sample {}")),
    isSampleLine(line("a plimsoll-sample {}")),
    isSampleLine("plimsoll-sample {}"),
  ]).toEqual([true, false, false]);
});
