import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ServiceProcess, startService } from "./process.fixture.ts";
import { requestCounts } from "./samples.fixture.ts";

let folder = "";
let services: ServiceProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "storage-api-"));
});
afterEach(async () => {
  for (const { child } of services) child.kill("SIGKILL");
  await Promise.all(services.map(({ ended }) => ended));
  services = [];
  rmSync(folder, { recursive: true });
});

function start(variables: Record<string, string> = {}): ServiceProcess {
  const service = startService(variables);
  services.push(service);
  return service;
}

/** Puts numbered buckets through several connections until the service dies; gives the ids whose PUT was acknowledged. */
async function putUntilDeath(base: string, onAcknowledged: (count: number) => void): Promise<string[]> {
  const acknowledged: string[] = [];
  const writer = async (name: number): Promise<void> => {
    for (let number = 0; number < 100_000; number += 1) {
      const id = `${name}-${number}`;
      try {
        const answer = await fetch(`${base}/api/buckets/${id}`, { method: "PUT", body: `contents of ${id}` });
        if (answer.status !== 200) return;
        await answer.arrayBuffer();
      } catch {
        return;
      }
      acknowledged.push(id);
      onAcknowledged(acknowledged.length);
    }
  };
  await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(writer));
  return acknowledged;
}

test("an injected crash cuts the connection, says what it was, and ends the process with 1", async () => {
  const service = start({ FAULTS: JSON.stringify([{ kind: "crash", every: 2 }]) });
  const url = `${await service.address}/api/users`;
  expect((await fetch(url)).status).toBe(200);
  await expect(fetch(url)).rejects.toThrow();
  const { code, stdout } = await service.ended;
  expect(code).toBe(1);
  expect(stdout).toContain('"fault":"crash"');
  expect(stdout).toContain("injected fault: crash");
});

describe("kill -9", () => {
  test("loses no acknowledged write of the SQLite store, three times over", async () => {
    const variables = { STORE: "sqlite", STORE_FILE: join(folder, "buckets.sqlite") };
    for (const killAfter of [1, 300, 1_000]) {
      const service = start(variables);
      const acknowledged = await putUntilDeath(await service.address, (count) => {
        if (count === killAfter) service.child.kill("SIGKILL");
      });
      expect((await service.ended).signal).toBe("SIGKILL");
      expect(acknowledged.length).toBeGreaterThanOrEqual(killAfter);

      const again = start(variables);
      const base = await again.address;
      const lost: string[] = [];
      for (const id of acknowledged) {
        const answer = await fetch(`${base}/api/buckets/${id}`);
        if ((await answer.text()) !== `contents of ${id}`) lost.push(id);
      }
      expect(lost).toEqual([]);
      again.child.kill("SIGTERM");
      expect((await again.ended).code).toBe(0);
    }
  });
});

const stall = JSON.stringify([{ kind: "stall", route: "/api/users", method: "GET", afterSeconds: 0, forSeconds: 1.5 }]);
const hang = JSON.stringify([{ kind: "stall", route: "/api/users", method: "GET", afterSeconds: 0, forSeconds: 600 }]);

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 1_000; turn += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("what the test waited for did not come");
}

const inFlight = async (base: string): Promise<boolean> =>
  (await (await fetch(`${base}/metrics`)).text()).includes("http_requests_active 2");

describe("SIGTERM", () => {
  test("finishes the request in flight, refuses new connections, and exits 0", async () => {
    const service = start({ FAULTS: stall });
    const base = await service.address;
    const answer = fetch(`${base}/api/users`);
    await waitFor(() => inFlight(base));
    service.child.kill("SIGTERM");
    await waitFor(
      async () => (await fetch(`${base}/health/liveness`, { headers: { connection: "close" } }).catch(() => undefined)) === undefined,
    );
    expect((await answer).status).toBe(200);
    expect(await (await answer).json()).toMatchObject({ users: expect.any(Array) });
    expect(await service.ended).toMatchObject({ code: 0, signal: null });
  });

  test("says 503 on readiness while it drains, and serves what still comes", async () => {
    const service = start({ DRAIN_SECONDS: "2" });
    const base = await service.address;
    service.child.kill("SIGTERM");
    await waitFor(async () => (await fetch(`${base}/health/readiness`)).status === 503);
    expect((await fetch(`${base}/api/users`)).status).toBe(200);
    expect(await service.ended).toMatchObject({ code: 0 });
  });

  test("does not wait for an idle connection", async () => {
    const service = start();
    const { hostname, port } = new URL(await service.address);
    const socket = connect(Number(port), hostname);
    socket.write("GET /health/liveness HTTP/1.1\r\nhost: x\r\n\r\n");
    await once(socket, "data");
    service.child.kill("SIGTERM");
    expect(await service.ended).toMatchObject({ code: 0 });
    socket.destroy();
  });

  test("cuts what does not end in the time allowed, says so, and exits 1", async () => {
    const service = start({ FAULTS: hang, SHUTDOWN_SECONDS: "0.3" });
    const base = await service.address;
    const answer = fetch(`${base}/api/users`).then(
      () => "answered",
      () => "cut",
    );
    await waitFor(() => inFlight(base));
    service.child.kill("SIGTERM");
    const { code, stdout } = await service.ended;
    expect([await answer, code]).toEqual(["cut", 1]);
    expect(stdout).toContain("requests were cut");
  });

  test("sent twice exits at once", async () => {
    const service = start({ FAULTS: hang, SHUTDOWN_SECONDS: "3000" });
    const base = await service.address;
    fetch(`${base}/api/users`).catch(() => undefined);
    await waitFor(() => inFlight(base));
    service.child.kill("SIGTERM");
    await waitFor(
      async () => (await fetch(`${base}/health/liveness`, { headers: { connection: "close" } }).catch(() => undefined)) === undefined,
    );
    service.child.kill("SIGINT");
    expect(await service.ended).toMatchObject({ code: 1 });
  });
});

describe("the process", () => {
  test("takes its environment: limit, buckets, faults, admin and token", async () => {
    const token = "0123456789abcdef";
    const service = start({
      BUCKET_MAX_BYTES: "10",
      DURATION_BUCKETS: "0.3,0.2",
      FAULTS: "users-database-errors",
      FAULTS_ADMIN: "on",
      FAULTS_TOKEN: token,
    });
    const base = await service.address;
    expect((await fetch(`${base}/api/buckets/a`, { method: "PUT", body: "12345678901" })).status).toBe(413);
    expect((await fetch(`${base}/admin/faults`)).status).toBe(401);
    const report = await fetch(`${base}/admin/faults`, { headers: { authorization: `Bearer ${token}` } });
    expect(await report.json()).toMatchObject({ rules: [{ rule: { kind: "error", share: 0.02 }, matched: 0, injected: 0 }] });
    const text = await (await fetch(`${base}/metrics`)).text();
    expect(new Set([...text.matchAll(/http_request_duration_seconds_bucket\{.*le="([^"]+)"/g)].map(([, le]) => le))).toEqual(
      new Set(["0.2", "0.3", "+Inf"]),
    );
    expect(requestCounts(text)).toMatchObject({ "PUT /api/buckets/:id 413": 1, "GET /admin/faults 401": 1 });
  });

  test("says that it listens at every level, in one JSON line with its address", async () => {
    for (const level of ["info", "warn", "silent"]) {
      const service = start({ LOG_LEVEL: level });
      expect(await service.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      service.child.kill("SIGTERM");
      const { stdout, stderr } = await service.ended;
      const lines = stdout.split("\n").filter((line) => line.includes('"msg":"listening"'));
      expect(lines.map((line) => JSON.parse(line))).toEqual([expect.objectContaining({ level: 30, address: await service.address })]);
      expect(stderr).toBe("");
    }
  });

  test("ends with 2 and every reason when its environment is wrong", async () => {
    const { code, stdout, stderr } = await start({ PORT: "http", FAULTS: "nothing" }).ended;
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^storage-api: PORT must be a whole number from 0 to 65535\nstorage-api: FAULTS no preset "nothing"/);
  });

  test("ends with 1 and names the port that is in use", async () => {
    const first = start();
    const { port } = new URL(await first.address);
    const { code, stderr } = await start({ PORT: port }).ended;
    expect([code, stderr]).toEqual([1, expect.stringContaining(`cannot listen on 127.0.0.1:${port}`)]);
  });

  test("ends with 1 and names the store file that cannot be opened", async () => {
    const file = join(folder, "no-such-folder", "x.sqlite");
    const { code, stderr } = await start({ STORE: "sqlite", STORE_FILE: file }).ended;
    expect([code, stderr]).toEqual([1, expect.stringContaining(`cannot open STORE_FILE ${file}`)]);
  });
});
