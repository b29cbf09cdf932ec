import { describe, expect, test } from "vitest";
import type { Api } from "../api/routes.ts";
import { type AppOptions, buildApp } from "../app.ts";
import { openMemoryStore } from "../store/memory.ts";
import { readSamples, requestCounts } from "../samples.fixture.ts";
import { parseFaultText } from "./rules.ts";

/** Builds a service whose waits take no time and are written down, in seconds. */
async function spoiltApp(faults: unknown[] | string, options: Partial<AppOptions> = {}) {
  const parsed = parseFaultText(typeof faults === "string" ? faults : JSON.stringify(faults));
  if (parsed.kind === "problems") throw new Error(parsed.problems.join("; "));
  const waits: number[] = [];
  let now = 0;
  let crashes = 0;
  const clock = {
    now: () => now,
    wait: async (seconds: number) => void waits.push(seconds),
    crash: () => void (crashes += 1),
  };
  const app = await buildApp({
    store: openMemoryStore(),
    LOG_LEVEL: "silent",
    FAULTS: parsed.rules,
    FAULTS_ADMIN: "on",
    clock,
    ...options,
  });
  return { app, waits, crashes: () => crashes, at: (seconds: number) => (now = seconds) };
}

async function statuses(app: Api, count: number, method: "GET" | "PUT" | "DELETE", url: string): Promise<Record<number, number>> {
  const seen: Record<number, number> = {};
  for (let request = 0; request < count; request += 1) {
    const { statusCode } = await app.inject({ method, url, ...(method === "PUT" ? { payload: "x" } : {}) });
    seen[statusCode] = (seen[statusCode] ?? 0) + 1;
  }
  return seen;
}

const counts = async (app: Api) =>
  (await app.inject({ url: "/admin/faults" })).json().rules.map((rule: object) => ({ ...rule, rule: undefined }));
const metricsOf = async (app: Api): Promise<string> => (await app.inject("/metrics")).body;

describe("injected faults", () => {
  test("1,000 requests and every 200th are exactly five errors, on all three counts", async () => {
    const { app } = await spoiltApp([{ kind: "error", method: "PUT", route: "/api/buckets/:id", every: 200, status: 503 }]);
    expect(await statuses(app, 1_000, "PUT", "/api/buckets/a")).toEqual({ 200: 995, 503: 5 });
    expect(await counts(app)).toEqual([{ matched: 1_000, injected: 5 }]);
    const text = await metricsOf(app);
    expect(requestCounts(text)).toMatchObject({ "PUT /api/buckets/:id 200": 995, "PUT /api/buckets/:id 503": 5 });
    const samples = readSamples(text);
    expect(samples.get('faults_injected_total{fault="error",method="PUT",route="/api/buckets/:id"}')).toBe(5);
    expect(samples.get('http_errors_total{type="injected"}')).toBe(5);
  });

  test("a seeded share gives the same answers in the same order twice", async () => {
    const order = async (): Promise<number[]> => {
      const { app } = await spoiltApp("users-database-errors");
      const answers: number[] = [];
      for (let request = 0; request < 300; request += 1) answers.push((await app.inject("/api/users")).statusCode);
      return answers;
    };
    const first = await order();
    expect(first.filter((status) => status === 500).length).toBeGreaterThan(0);
    expect(await order()).toEqual(first);
  });

  test("an error keeps nothing: the request never reached its handler", async () => {
    const { app } = await spoiltApp([{ kind: "error", method: "PUT", every: 1 }]);
    await app.inject({ method: "PUT", url: "/api/buckets/a", payload: "x" });
    expect((await app.inject("/api/buckets/a")).statusCode).toBe(404);
  });

  test("delete-answers-500 deletes, answers 500, and leaves a DELETE of none at 400", async () => {
    const { app } = await spoiltApp("delete-answers-500");
    await app.inject({ method: "PUT", url: "/api/buckets/a", payload: "x" });
    const deleted = await app.inject({ method: "DELETE", url: "/api/buckets/a" });
    expect([deleted.statusCode, deleted.json()]).toEqual([500, { error: "internal server error" }]);
    expect((await app.inject("/api/buckets/a")).statusCode).toBe(404);
    expect((await app.inject({ method: "DELETE", url: "/api/buckets/a" })).statusCode).toBe(400);
    expect(await counts(app)).toEqual([{ matched: 1, injected: 1 }]);
    expect(requestCounts(await metricsOf(app))).toMatchObject({ "DELETE /api/buckets/:id 500": 1, "DELETE /api/buckets/:id 400": 1 });
  });

  test("wrong-contents gives other bytes of a whole answer, and the store keeps the right ones", async () => {
    const { app } = await spoiltApp([{ kind: "wrong-contents", every: 2 }]);
    for (const [url, payload] of [
      ["/api/buckets/a", "right"],
      ["/api/buckets/b", ""],
    ] as const) {
      await app.inject({ method: "PUT", url, payload });
      const bodies = [];
      for (let read = 0; read < 3; read += 1) bodies.push((await app.inject(url)).body);
      expect(bodies.filter((body) => body !== payload).length).toBe(url.endsWith("a") ? 1 : 2);
    }
    expect(await counts(app)).toEqual([{ matched: 6, injected: 3 }]);
  });

  test("latency waits before the handler, and the answer is right", async () => {
    const { app, waits } = await spoiltApp("slow-reads");
    expect(await statuses(app, 40, "GET", "/api/buckets/a")).toEqual({ 404: 40 });
    expect(waits).toEqual([0.4, 0.4]);
  });

  test("a stall holds what arrives in it until its end", async () => {
    const { app, waits, at } = await spoiltApp("stall-2s");
    for (const seconds of [10, 14.5, 15, 16.5, 17]) {
      at(seconds);
      await app.inject("/api/buckets/a");
    }
    expect(waits).toEqual([2, 0.5]);
    expect(await counts(app)).toEqual([{ matched: 5, injected: 2 }]);
  });

  test("a slow store is waited for where it is asked, and by nobody else", async () => {
    const { app, waits } = await spoiltApp([{ kind: "slow-store", method: "GET", seconds: { constant: 0.4 } }]);
    await app.inject({ method: "PUT", url: "/api/buckets/a", payload: "right" });
    expect((await app.inject("/api/buckets/a")).body).toBe("right");
    expect(waits).toEqual([0.4]);
  });

  test("a leak spoils no answer, and a process that ends at a request is told to once for each", async () => {
    const { app, crashes } = await spoiltApp([{ kind: "leak", bytes: 1 }]);
    expect(await statuses(app, 5, "GET", "/api/users")).toEqual({ 200: 5 });
    expect(await counts(app)).toEqual([{ matched: 5, injected: 5 }]);
    expect(crashes()).toBe(0);
  });

  test("no fault is on by default", async () => {
    const { app } = await spoiltApp("");
    expect(await statuses(app, 500, "GET", "/api/users")).toEqual({ 200: 500 });
  });
});
