import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { Api } from "./api/routes.ts";
import { buildApp } from "./app.ts";
import { openMemoryStore } from "./store/memory.ts";
import { readSamples, requestCounts } from "./samples.fixture.ts";
import type { FaultRule } from "./faults/rules.ts";

let running: Api | undefined;
afterEach(async () => {
  running?.server.closeAllConnections();
  await running?.close();
});

/** Starts a service on loopback whose waits end only when `release` is called. */
async function listening(faults: FaultRule[] = []) {
  const gate = Promise.withResolvers<void>();
  const clock = { now: () => 0, wait: () => gate.promise, crash: () => undefined };
  running = await buildApp({ store: openMemoryStore(), LOG_LEVEL: "silent", FAULTS: faults, clock, BUCKET_MAX_BYTES: 1_000 });
  const app = running;
  await app.listen({ host: "127.0.0.1", port: 0 });
  return { app, port: (app.server.address() as AddressInfo).port, release: () => gate.resolve() };
}

/** Sends raw bytes and gives what came back until the connection closed. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  socket.write(text);
  await once(socket, "close");
  return answer;
}

/** Waits until the service counts what is expected, for at most 500 turns of the event loop. */
async function settled(app: Api, done: (counts: Record<string, number>) => boolean): Promise<Record<string, number>> {
  let counts: Record<string, number> = {};
  for (let turn = 0; turn < 500; turn += 1) {
    counts = requestCounts((await app.inject("/metrics")).body);
    if (done(counts)) return counts;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return counts;
}

const active = async (app: Api) => readSamples((await app.inject("/metrics")).body).get("http_requests_active");
const get = (path: string, more = ""): string => `GET ${path} HTTP/1.1\r\nhost: x\r\n${more}\r\n`;
const drop: FaultRule = { kind: "drop", method: "*", route: "*", every: 1 };

describe("a lost connection", () => {
  test("that a fault cut is counted exactly once, as 599, and the client saw an answer begin", async () => {
    const { app, port } = await listening([drop]);
    const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(port, get("/api/users"))));
    expect(new Set(answers)).toEqual(new Set(["HTTP/1.1 "]));
    const counts = await settled(app, (seen) => (seen["GET /api/users 599"] ?? 0) >= 20);
    expect(counts["GET /api/users 599"]).toBe(20);
    expect(counts["GET /api/users 200"]).toBeUndefined();
    const samples = readSamples((await app.inject("/metrics")).body);
    expect(samples.get('faults_injected_total{fault="drop",method="GET",route="/api/users"}')).toBe(20);
    expect(samples.get('http_errors_total{type="injected"}')).toBe(20);
    // The scrape itself is in flight.
    expect(await active(app)).toBe(1);
  });

  test("that the client left is counted exactly once, as 499, also when the handler answers later", async () => {
    const { app, port, release } = await listening();
    const sockets = Array.from({ length: 10 }, () => connect(port, "127.0.0.1"));
    for (const socket of sockets) socket.write(get("/api/users"));
    for (let turn = 0; turn < 500 && (await active(app)) !== 11; turn += 1) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const socket of sockets) socket.resetAndDestroy();
    await settled(app, (seen) => (seen["GET /api/users 499"] ?? 0) >= 10);
    release();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const counts = requestCounts((await app.inject("/metrics")).body);
    expect([counts["GET /api/users 499"], counts["GET /api/users 200"]]).toEqual([10, undefined]);
    expect(await active(app)).toBe(1);
  });

  test("in the middle of an upload is counted exactly once, and nothing is kept", async () => {
    const { app, port } = await listening();
    const socket = connect(port, "127.0.0.1");
    socket.write("PUT /api/buckets/cut HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf");
    for (let turn = 0; turn < 500 && (await active(app)) !== 2; turn += 1) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.destroy();
    const counts = await settled(app, (seen) => seen["PUT /api/buckets/:id 499"] !== undefined);
    expect(Object.entries(counts).filter(([key]) => key.startsWith("PUT"))).toEqual([["PUT /api/buckets/:id 499", 1]]);
    expect((await app.inject("/api/buckets/cut")).statusCode).toBe(404);
  });

  test("with several requests in its pipeline counts each of them", async () => {
    const { app, port } = await listening();
    const socket = connect(port, "127.0.0.1");
    socket.write(get("/api/users").repeat(5));
    for (let turn = 0; turn < 500 && (await active(app)) !== 6; turn += 1) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.destroy();
    const counts = await settled(app, (seen) => (seen["GET /api/users 499"] ?? 0) >= 5);
    expect(counts["GET /api/users 499"]).toBe(5);
    expect(await active(app)).toBe(1);
  });
});

describe("what never comes to a route", () => {
  test("is counted by the status that it got", async () => {
    const { app, port } = await listening();
    expect(await exchange(port, get("/api/buckets/%zz", "connection: close\r\n"))).toContain("400 Bad Request");
    expect(await exchange(port, get("/wp-login.php", "connection: close\r\n"))).toContain("404 Not Found");
    const counts = await settled(app, (seen) => seen["GET __unknown__ 404"] !== undefined);
    expect(counts).toMatchObject({ "GET __unknown__ 400": 1, "GET __unknown__ 404": 1 });
  });

  test("is logged with its request id once, for no store of logs takes a name twice", async () => {
    const lines: string[] = [];
    running = await buildApp({ store: openMemoryStore(), logStream: { write: (line) => void lines.push(line) } });
    await running.inject("/api/buckets/%zz");
    expect(lines.filter((line) => line.includes("%zz")).map((line) => line.match(/"reqId":/g)?.length)).toEqual([1]);
  });

  test("is an error of its own type when it is not HTTP", async () => {
    const { app, port } = await listening();
    expect(await exchange(port, "this is not HTTP\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 .*\{"error":"bad request"\}$/s);
    expect(await exchange(port, get("/", `x: ${"a".repeat(20_000)}\r\n`))).toContain("431 ");
    expect(readSamples((await app.inject("/metrics")).body).get('http_errors_total{type="malformed"}')).toBe(2);
  });
});

describe("a body that is too large", () => {
  const big = "x".repeat(3_000_000);

  test("is read to its end, answered 413, and the connection lives on", async () => {
    const { port } = await listening();
    const put = `PUT /api/buckets/big HTTP/1.1\r\nhost: x\r\ncontent-length: ${big.length}\r\n\r\n${big}`;
    const answer = await exchange(port, put + get("/health/liveness", "connection: close\r\n"));
    expect(answer).toContain("413 Payload Too Large");
    expect(answer).toContain("the body is larger than 1000 bytes");
    expect(answer).toContain('{"status":"ok"}');
  });

  test("is found out in pieces too", async () => {
    const { port } = await listening();
    const chunk = `${(50_000).toString(16)}\r\n${"x".repeat(50_000)}\r\n`.repeat(20);
    const put = `PUT /api/buckets/big HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`;
    const answer = await exchange(port, put + get("/health/liveness", "connection: close\r\n"));
    expect(answer).toContain("413 Payload Too Large");
    expect(answer).toContain('{"status":"ok"}');
  });
});
