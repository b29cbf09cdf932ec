import { describe, expect, test } from "vitest";
import { operations } from "./api/contract.ts";
import { buildApp } from "./app.ts";
import { defaultEnvironment } from "./environment.ts";
import { faultPresets } from "./faults/rules.ts";
import { errorTypeOf } from "./metrics.ts";
import { openMemoryStore } from "./store/memory.ts";
import { readSamples, requestCounts } from "./samples.fixture.ts";

const quiet = () => ({ store: openMemoryStore(), LOG_LEVEL: "silent" as const });
const countKey = (method: string, route: string, status: number | string): string =>
  `http_request_duration_seconds_count{method="${method}",route="${route}",status_code="${status}"}`;

describe("label sets at zero", () => {
  test("are there for every operation and each of its documented statuses before any request", async () => {
    const app = await buildApp(quiet());
    const document: { paths: Record<string, Record<string, { responses: Record<string, unknown> }>> } = (
      await app.inject("/openapi.json")
    ).json();
    const samples = readSamples((await app.inject("/metrics")).body);
    const expected = operations.flatMap(({ method, route }) => {
      const path = route.replaceAll(/:(\w+)/g, "{$1}");
      return [...Object.keys(document.paths[path]?.[method.toLowerCase()]?.responses ?? {}), "499"].map((status) =>
        countKey(method, route, status),
      );
    });
    expect(expected.length).toBeGreaterThan(30);
    expect(expected.filter((key) => samples.get(key) !== 0)).toEqual([]);
  });

  test("have every bucket, and +Inf", async () => {
    const app = await buildApp({ ...quiet(), DURATION_BUCKETS: [0.1, 0.25] });
    const samples = readSamples((await app.inject("/metrics")).body);
    const bounds = [...samples.keys()].filter(
      (key) => key.includes("_bucket{") && key.includes('method="PUT",route="/api/buckets/:id",status_code="413"'),
    );
    expect(bounds.map((key) => /le="([^"]+)"/.exec(key)?.[1])).toEqual(["0.1", "0.25", "+Inf"]);
  });

  test("are there for what the given faults can do", async () => {
    const app = await buildApp({
      ...quiet(),
      FAULTS: [...faultPresets["every-200th-dropped"], { kind: "error", method: "GET", route: "*", every: 1, status: 504 }],
    });
    const samples = readSamples((await app.inject("/metrics")).body);
    expect(samples.get(countKey("PUT", "/api/buckets/:id", 599))).toBe(0);
    expect(samples.get(countKey("GET", "/api/users", 504))).toBe(0);
    expect(samples.has(countKey("PUT", "/api/buckets/:id", 504))).toBe(false);
    expect(samples.get('faults_injected_total{fault="stall",method="GET",route="/api/users"}')).toBe(0);
    expect(samples.get('http_errors_total{type="internal"}')).toBe(0);
  });
});

describe("metrics", () => {
  test("count a request as soon as its answer is there, by route pattern and never by path", async () => {
    const app = await buildApp(quiet());
    for (let request = 1; request <= 50; request += 1) {
      await app.inject(`/api/buckets/secret-${request}`);
      const text = (await app.inject("/metrics")).body;
      expect(requestCounts(text)["GET /api/buckets/:id 404"]).toBe(request);
      expect(text).not.toContain("secret");
    }
  });

  test("have the default buckets that objectives need", () => {
    expect(defaultEnvironment.DURATION_BUCKETS).toEqual(expect.arrayContaining([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]));
  });

  test("of two services in one process stay apart", async () => {
    const [one, other] = [await buildApp(quiet()), await buildApp(quiet())];
    await one.inject("/api/users");
    expect(requestCounts((await one.inject("/metrics")).body)["GET /api/users 200"]).toBe(1);
    expect(requestCounts((await other.inject("/metrics")).body)["GET /api/users 200"]).toBeUndefined();
  });

  test("can be switched off", async () => {
    const app = await buildApp({ ...quiet(), METRICS: "off" });
    expect((await app.inject("/metrics")).statusCode).toBe(404);
    expect((await app.inject("/api/users")).statusCode).toBe(200);
  });
});

const types: [string, number, boolean, string][] = [
  ["a missing bucket is not_found", 404, false, "not_found"],
  ["a body too large is too_large", 413, false, "too_large"],
  ["a client that left is client_gone", 499, false, "client_gone"],
  ["a bug is internal", 500, false, "internal"],
  ["an unnamed server error is internal", 507, false, "internal"],
  ["an unnamed client error is other", 418, false, "other"],
  ["a fault is injected whatever its status", 404, true, "injected"],
];

describe("the type of an error", () => {
  test.each(types)("%s", (_sentence, status, injected, type) => {
    expect(errorTypeOf(status, injected)).toBe(type);
  });
});
