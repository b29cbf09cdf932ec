import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { meetOthers } from "./barrier.ts";
import { prometheusAt, type PrometheusEnds } from "./prometheus.ts";

const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

type Answer = Record<string, number> | "down";

/** Stands in for a Prometheus: one state after the other, the last one for ever, is what each pod wrote by its index, and by none when all begin. */
async function prometheus(...answers: Answer[]): Promise<PrometheusEnds & { writes: () => number }> {
  let writes = 0;
  const server = createServer(async (request, response) => {
    const asked = new URLSearchParams((await text(request)) || request.url?.split("?")[1]).get("query") ?? "";
    if (request.url?.includes("/write")) return void ((writes += 1), response.writeHead(204).end());
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? "down";
    if (answer === "down") return void response.writeHead(503).end("starting");
    const [, index] = /instance_id="(\d+)"/.exec(asked) ?? [];
    const isAsked = (of: string): boolean => (asked.includes("pods_begin") ? of === "" : of !== "" && of === (index ?? of));
    const rows = Object.entries(answer).filter(([of]) => isAsked(of));
    const result = rows.map(([instance_id, value]) => ({ metric: { instance_id }, value: [100, String(value)] }));
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(
    () => server.close(),
    () => server.closeAllConnections(),
  );
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { ...prometheusAt(url, { headers: {} }), writes: () => writes };
}

const place = { testid: "x", pods: 3, limitSeconds: 0.6 };
const met = { "0": 100, "1": 103.5, "2": 101 };
const told = { "": 105.5 };
const missing = { kind: "none", exitCode: 4, message: "of 3 pods these were not ready within 0.6 s: 3" };

test.each<[string, index: number, Answer[], unknown, number]>([
  ["all begin two seconds after the last was ready, which the first pod tells the others", 0, [{}, met], { kind: "fine", value: 105.5 }, 2],
  ["the others begin when the first pod says", 1, [{}, {}, told], { kind: "fine", value: 105.5 }, 1],
  ["those that are missing are named", 0, [{}, { "0": 100, "1": 103 }], missing, 1],
  ["those that are missing are named by the others too", 1, [{}, { "0": 100, "1": 103 }], missing, 1],
  [
    "a second pod in the same place does not begin, and says so to nobody else",
    1,
    [{ "1": 90 }],
    { kind: "none", exitCode: 4, message: expect.stringContaining("a pod 2 of this run was at work before") },
    0,
  ],
  [
    "a second pod is found out also when Prometheus was away at first",
    1,
    ["down", { "1": 90 }],
    { kind: "none", exitCode: 4, message: expect.stringContaining("at work before") },
    0,
  ],
  ["a Prometheus that is away for a moment is asked again", 1, [{}, "down", told], { kind: "fine", value: 105.5 }, 1],
  [
    "without an answer from Prometheus nobody begins",
    1,
    ["down"],
    { kind: "none", exitCode: 4, message: expect.stringContaining("does not answer") },
    0,
  ],
])("%s", async (_, index, answers, expected, writes) => {
  const there = await prometheus(...answers);
  expect(
    await meetOthers(
      there,
      { ...place, index },
      () => 103.5,
      () => false,
    ),
  ).toEqual(expected);
  expect(there.writes()).toBe(writes);
});

test("one pod alone begins as soon as Prometheus has given back what it wrote", async () => {
  const there = await prometheus({}, { "0": 103.5 });
  const begin = await meetOthers(
    there,
    { ...place, pods: 1, index: 0 },
    () => 103.5,
    () => false,
  );
  expect(begin).toEqual({ kind: "fine", value: 103.5 });
});

test("a pod that is told to stop does not wait for the others any longer", async () => {
  const there = await prometheus({});
  let times = 0;
  const began = performance.now();
  const ended = await meetOthers(
    there,
    { ...place, index: 1, limitSeconds: 60 },
    () => 100,
    () => (times += 1) > 3,
  );
  expect(ended).toEqual({ kind: "none", exitCode: 4, message: "it was told to stop before the load began" });
  expect(performance.now() - began).toBeLessThan(5000);
});
