import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { meetOthers } from "./barrier.ts";
import { prometheusAt, type PrometheusEnds } from "./prometheus.ts";

const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

type Answer = Record<string, number> | "down";

/** Stands in for a Prometheus: gives one answer after the other to the question who is ready, the last one for ever, and takes writes. */
async function prometheus(...answers: Answer[]): Promise<PrometheusEnds & { writes: () => number }> {
  let writes = 0;
  const server = createServer((request, response) => {
    request.resume();
    if (request.url?.includes("/write")) return void ((writes += 1), response.writeHead(204).end());
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? "down";
    if (answer === "down") return void response.writeHead(503).end("starting");
    const result = Object.entries(answer).map(([instance_id, value]) => ({ metric: { instance_id }, value: [100, String(value)] }));
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

const place = { testid: "x", index: 1, pods: 3, limitSeconds: 0.6 };
const met = { "0": 100, "1": 103.5, "2": 101 };

test.each<[string, Answer[], unknown, number]>([
  ["all begin two seconds after the last was ready", [{}, met], { kind: "fine", value: 105.5 }, 1],
  ["who comes last waits for nobody", [{ "0": 100, "2": 101 }, met], { kind: "fine", value: 105.5 }, 1],
  [
    "those that are missing are named",
    [{}, { "0": 100, "1": 103 }],
    { kind: "none", exitCode: 4, message: "of 3 pods these were not ready within 0.6 s: 3" },
    1,
  ],
  [
    "a second pod in the same place does not begin, and says so to nobody else",
    [{ "1": 90 }],
    { kind: "none", exitCode: 4, message: expect.stringContaining("a pod 2 of this run was at work before") },
    0,
  ],
  [
    "a second pod is found out also when Prometheus was away at first",
    ["down", { "1": 90 }],
    { kind: "none", exitCode: 4, message: expect.stringContaining("at work before") },
    0,
  ],
  ["a Prometheus that is away for a moment is asked again", [{}, "down", met], { kind: "fine", value: 105.5 }, 1],
  [
    "without an answer from Prometheus nobody begins",
    ["down"],
    { kind: "none", exitCode: 4, message: expect.stringContaining("does not answer") },
    0,
  ],
])("%s", async (_, answers, expected, writes) => {
  const there = await prometheus(...answers);
  expect(
    await meetOthers(
      there,
      place,
      () => 103.5,
      () => false,
    ),
  ).toEqual(expected);
  expect(there.writes()).toBe(writes);
});

test("a pod that is told to stop does not wait for the others any longer", async () => {
  const there = await prometheus({});
  let times = 0;
  const began = performance.now();
  const ended = await meetOthers(
    there,
    { ...place, limitSeconds: 60 },
    () => 100,
    () => (times += 1) > 3,
  );
  expect(ended).toEqual({ kind: "none", exitCode: 4, message: "it was told to stop before the load began" });
  expect(performance.now() - began).toBeLessThan(5000);
});
