import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Database, findDatabase, startDatabase } from "../../build/testing/services/database.fixture.ts";
import { openProcessGroup, type Child } from "../../slo/host/process-group.ts";
import { waitFor } from "../../slo/host/wait.ts";
import { freePort } from "../../slo/run/local-services.ts";
import { describeBuckets } from "../api/buckets.fixture.ts";
import { startService, type ServiceProcess } from "../process.fixture.ts";
import { openMongoStore } from "./mongodb.ts";
import type { Store } from "./store.ts";

const database = await findDatabase();
const folder = mkdtempSync(join(tmpdir(), "storage-api-"));
const group = openProcessGroup();
const services: ServiceProcess[] = [];
afterAll(async () => {
  for (const { child } of services) child.kill("SIGKILL");
  await Promise.all(services.map(({ ended }) => ended));
  await group.stopAll();
  rmSync(folder, { recursive: true });
});

/** Starts the service on a database's port; how it is set otherwise is the caller's. */
function serve(port: number, variables: Record<string, string> = {}): ServiceProcess {
  const service = startService({ STORE: "mongodb", STORE_URL: `mongodb://127.0.0.1:${port}/buckets`, ...variables });
  services.push(service);
  return service;
}

interface Health {
  status: number;
  body: { status: string; reason?: string };
}

async function readiness(base: string): Promise<Health> {
  const answer = await fetch(`${base}/health/readiness`);
  return { status: answer.status, body: (await answer.json()) as Health["body"] };
}

const becomes = (base: string, status: number) =>
  waitFor(
    async () => {
      const health = await readiness(base);
      return health.status === status ? health : undefined;
    },
    20,
    50,
  );

/** Asks and gives the status, the answer, and how long it took. */
async function ask(base: string, method: string, path: string, body?: string) {
  const began = performance.now();
  const answer = await fetch(`${base}${path}`, { method, ...(body !== undefined && { body }), signal: AbortSignal.timeout(20_000) });
  return { status: answer.status, text: await answer.text(), seconds: (performance.now() - began) / 1_000 };
}

/** Longer than any operation may take, with room for a machine that is busy. */
const quickSeconds = 8;

function withDatabase(found: Exclude<Database, { kind: "missing" }>): void {
  let store: Store;
  let contractPort = 0;
  beforeAll(async () => {
    contractPort = await freePort();
    await startDatabase(group, { database: found, port: contractPort, folder: join(folder, "contract") });
    store = await openMongoStore({ url: `mongodb://127.0.0.1:${contractPort}/contract`, login: undefined });
  });
  afterAll(() => store.close());
  describeBuckets(found.kind, () => store, 40);

  describe(`the service on ${found.kind}`, () => {
    test("keeps a bucket while the database goes and comes, says so on readiness, and answers 503 meanwhile, soon", async () => {
      const port = await freePort();
      const start = () => startDatabase(group, { database: found, port, folder: join(folder, "comes-and-goes") });
      const service = serve(port);
      const base = await service.address;
      // It starts without its database, and is alive.
      expect(await readiness(base)).toMatchObject({
        status: 503,
        body: { status: "unavailable", reason: expect.stringContaining("ECONNREFUSED") },
      });

      const first = await start();
      expect(await becomes(base, 200)).toEqual({ status: 200, body: { status: "ok" } });
      expect((await ask(base, "PUT", "/api/buckets/a", "kept")).status).toBe(200);

      await first.stop("SIGKILL", 5);
      expect(await becomes(base, 503)).toMatchObject({ body: { status: "unavailable", reason: expect.stringMatching(/^MongoDB/) } });
      for (const [method, path] of [
        ["PUT", "/api/buckets/b"],
        ["GET", "/api/buckets/a"],
        ["DELETE", "/api/buckets/a"],
        ["GET", "/api/buckets"],
      ] as const) {
        const answer = await ask(base, method, path, method === "PUT" ? "x" : undefined);
        expect([answer.status, answer.text]).toEqual([503, '{"error":"the store is unavailable"}']);
        expect(answer.seconds).toBeLessThan(quickSeconds);
      }
      expect((await ask(base, "GET", "/health/liveness")).status).toBe(200);
      expect((await ask(base, "GET", "/api/users")).status).toBe(200);

      await start();
      expect((await becomes(base, 200))?.status).toBe(200);
      expect(await ask(base, "GET", "/api/buckets/a")).toMatchObject({ status: 200, text: "kept" });
      const metrics = (await ask(base, "GET", "/metrics")).text;
      expect(metrics).toContain('http_errors_total{type="unavailable"}');
      service.child.kill("SIGTERM");
      const { code, stdout } = await service.ended;
      expect(code).toBe(0);
      expect(stdout).toContain('"msg":"the store is unavailable"');
    });

    test("does not wait for a database that takes connections and never answers", async () => {
      const port = await freePort();
      const silent: Child = await startDatabase(group, { database: found, port, folder: join(folder, "silent") });
      const service = serve(port);
      const base = await service.address;
      expect((await becomes(base, 200))?.status).toBe(200);
      expect((await ask(base, "PUT", "/api/buckets/a", "kept")).status).toBe(200);
      process.kill(silent.pid ?? 0, "SIGSTOP");
      const [read, written, health] = await Promise.all([
        ask(base, "GET", "/api/buckets/a"),
        ask(base, "PUT", "/api/buckets/a", "other"),
        readiness(base),
      ]);
      expect([read.status, written.status, health.status]).toEqual([503, 503, 503]);
      expect(Math.max(read.seconds, written.seconds)).toBeLessThan(quickSeconds);
      expect(health.body.reason).toMatch(/^MongoDB/);
      expect((await ask(base, "GET", "/health/liveness")).status).toBe(200);
      process.kill(silent.pid ?? 0, "SIGCONT");
      expect((await becomes(base, 200))?.status).toBe(200);
      expect((await ask(base, "GET", "/api/buckets/a")).status).toBe(200);
      // The end does not wait either.
      process.kill(silent.pid ?? 0, "SIGSTOP");
      service.child.kill("SIGTERM");
      expect((await service.ended).code).toBe(0);
      process.kill(silent.pid ?? 0, "SIGCONT");
    });

    test("loads the driver only where it is asked for", async () => {
      for (const STORE of ["memory", "mongodb"]) {
        const service = serve(contractPort, { STORE, NODE_DEBUG: "module" });
        await service.address;
        service.child.kill("SIGTERM");
        expect((await service.ended).stderr.includes("node_modules/mongodb/")).toBe(STORE === "mongodb");
      }
    });

    // A mongod gets its users by its image's entry point.
    test.skipIf(found.kind === "mongod")("logs in with what it is given, says when that is refused, and never shows it", async () => {
      const port = await freePort();
      const login = { username: "plimsoll", password: "p@ss/w:rd%41" };
      await startDatabase(group, { database: found, port, folder: join(folder, "login"), login });
      const STORE_URL = `mongodb://127.0.0.1:${port}/buckets?authSource=admin`;
      const rows: [Record<string, string>, number][] = [
        [{ STORE_URL, STORE_USERNAME: login.username, STORE_PASSWORD: login.password }, 200],
        [{ STORE_URL, STORE_USERNAME: login.username, STORE_PASSWORD: "hush-hush" }, 503],
        [{ STORE_URL: `mongodb://${login.username}:hush-hush@127.0.0.1:${port}/buckets?authSource=admin` }, 503],
        [{}, 503],
      ];
      for (const [variables, status] of rows) {
        const service = serve(port, { LOG_LEVEL: "trace", ...variables });
        const base = await service.address;
        expect((await ask(base, "PUT", "/api/buckets/a", "x")).status).toBe(status);
        const health = await readiness(base);
        service.child.kill("SIGTERM");
        const { stdout, stderr } = await service.ended;
        for (const secret of [login.password, encodeURIComponent(login.password), "hush-hush"]) {
          expect(`${JSON.stringify(health)} ${stdout} ${stderr}`).not.toContain(secret);
        }
        if (variables["STORE_PASSWORD"] === login.password) expect(health.status).toBe(200);
      }
    });

    test("ends with 1 where the driver cannot read the URL, and does not repeat it", async () => {
      const rows = [
        ["mongodb://me:hush-hush@127.0.0.1/buckets?nonsense=1", "storage-api: cannot open STORE_URL: the driver cannot read it\n"],
        ["mongodb://127.0.0.1/buckets?nonsense=1", "storage-api: cannot open STORE_URL: option nonsense is not supported\n"],
      ] as const;
      for (const [STORE_URL, stderr] of rows) expect(await serve(0, { STORE_URL }).ended).toMatchObject({ code: 1, stderr });
    });
  });
}

if (database.kind !== "missing") withDatabase(database);
else {
  const { message } = database;
  test.skipIf(!process.env["CI"])(`the MongoDB store has a server to be tested with (missing: ${message})`, () => expect.fail(message));
}
