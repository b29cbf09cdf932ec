import { describe, expect, test } from "vitest";
import { buildApp } from "../app.ts";
import { openMemoryStore } from "../store/memory.ts";
import { StoreUnavailable } from "../store/store.ts";
import type { Store } from "../store/store.ts";

type Method = "GET" | "PUT" | "POST" | "DELETE" | "PATCH" | "HEAD";

interface Asked {
  method: Method;
  url: string;
  payload?: string | Buffer;
  headers?: Record<string, string>;
}

const bucketMaxBytes = 1_000;
const json = { "content-type": "application/json" };
const notFound = { error: "not found" };

async function appWith(store: Store = openMemoryStore(), stopping = false) {
  await store.put("there", Buffer.from("kept"));
  return buildApp({ store, LOG_LEVEL: "silent", BUCKET_MAX_BYTES: bucketMaxBytes, stopping: () => stopping });
}

const answers: [string, Asked, number, unknown][] = [
  ["a PUT answers 200 with no body", { method: "PUT", url: "/api/buckets/a", payload: "x" }, 200, ""],
  ["a PUT without a body keeps no bytes", { method: "PUT", url: "/api/buckets/a" }, 200, ""],
  ["a PUT takes JSON as bytes", { method: "PUT", url: "/api/buckets/a", payload: "{broken", headers: json }, 200, ""],
  [
    "a PUT takes a malformed content type",
    { method: "PUT", url: "/api/buckets/a", payload: "x", headers: { "content-type": ";;/" } },
    200,
    "",
  ],
  ["a PUT of exactly the limit is kept", { method: "PUT", url: "/api/buckets/a", payload: Buffer.alloc(bucketMaxBytes) }, 200, ""],
  [
    "a PUT of one byte more is refused",
    { method: "PUT", url: "/api/buckets/a", payload: Buffer.alloc(bucketMaxBytes + 1) },
    413,
    { error: "the body is larger than 1000 bytes" },
  ],
  ["a GET gives the bytes", { method: "GET", url: "/api/buckets/there" }, 200, "kept"],
  ["a GET of none is 404", { method: "GET", url: "/api/buckets/none" }, 404, notFound],
  ["an id of one NUL is only an id", { method: "GET", url: "/api/buckets/%00" }, 404, notFound],
  ["an id with a slash is one id", { method: "GET", url: "/api/buckets/..%2F..%2Fetc%2Fpasswd" }, 404, notFound],
  ["an id named like an object's own parts is only an id", { method: "GET", url: "/api/buckets/__proto__" }, 404, notFound],
  ["the longest id is an id", { method: "GET", url: `/api/buckets/${"%E2%82%AC".repeat(1_024)}` }, 404, notFound],
  [
    "an id of one character more is 400",
    { method: "GET", url: `/api/buckets/${"a".repeat(1_025)}` },
    400,
    { error: expect.stringContaining("params/id") },
  ],
  ["an empty id is 400", { method: "GET", url: "/api/buckets/" }, 400, { error: expect.stringContaining("params/id") }],
  ["an id with a broken percent sign is 400", { method: "GET", url: "/api/buckets/%zz" }, 400, { error: "bad request" }],
  ["an id that is not UTF-8 is 400", { method: "PUT", url: "/api/buckets/%ff", payload: "x" }, 400, { error: "bad request" }],
  ["a second segment is no bucket", { method: "GET", url: "/api/buckets/a/b" }, 404, notFound],
  ["a DELETE that worked is 200", { method: "DELETE", url: "/api/buckets/there" }, 200, ""],
  ["a DELETE of none is 400", { method: "DELETE", url: "/api/buckets/none" }, 400, { error: "bad request" }],
  ["users are a list", { method: "GET", url: "/api/users" }, 200, { users: expect.arrayContaining([expect.objectContaining({ id: 1 })]) }],
  [
    "an echo gives JSON back",
    { method: "POST", url: "/api/echo", payload: '{"a":[1,"x",null]}', headers: json },
    200,
    { a: [1, "x", null] },
  ],
  ["an echo gives null back", { method: "POST", url: "/api/echo", payload: "null", headers: json }, 200, null],
  ["an echo gives a string back", { method: "POST", url: "/api/echo", payload: '"x"', headers: json }, 200, "x"],
  ["an echo of broken JSON is 400", { method: "POST", url: "/api/echo", payload: "{", headers: json }, 400, { error: expect.any(String) }],
  ["an echo of nothing is 400", { method: "POST", url: "/api/echo" }, 400, { error: expect.any(String) }],
  [
    "an echo of a poisoned object is 400",
    { method: "POST", url: "/api/echo", payload: '{"__proto__":{"a":1}}', headers: json },
    400,
    { error: expect.any(String) },
  ],
  [
    "an echo nested to the limit comes back",
    { method: "POST", url: "/api/echo", payload: "[".repeat(64) + "]".repeat(64), headers: json },
    200,
    expect.any(Array),
  ],
  [
    "an echo nested deeper is 400",
    { method: "POST", url: "/api/echo", payload: "[".repeat(65) + "]".repeat(65), headers: json },
    400,
    { error: expect.stringContaining("64 deep") },
  ],
  [
    "an echo of text is 415",
    { method: "POST", url: "/api/echo", payload: "x", headers: { "content-type": "text/plain" } },
    415,
    { error: expect.any(String) },
  ],
  [
    "an echo too large is 413",
    { method: "POST", url: "/api/echo", payload: JSON.stringify("x".repeat(bucketMaxBytes)), headers: json },
    413,
    { error: "the body is larger than 1000 bytes" },
  ],
  ["an error of the client is 400", { method: "GET", url: "/api/error?type=client" }, 400, { error: "bad request" }],
  ["an error of any other type is 500", { method: "GET", url: "/api/error?type=x" }, 500, { error: "internal server error" }],
  ["an error of no type is 500", { method: "GET", url: "/api/error" }, 500, { error: "internal server error" }],
  ["an unknown query is 400", { method: "GET", url: "/api/error?kind=x" }, 400, { error: expect.any(String) }],
  ["liveness is ok", { method: "GET", url: "/health/liveness" }, 200, { status: "ok" }],
  ["readiness is ok", { method: "GET", url: "/health/readiness" }, 200, { status: "ok" }],
  ["an unknown route is 404", { method: "GET", url: "/api/nothing" }, 404, notFound],
  ["a wrong method is 404", { method: "PATCH", url: "/api/users" }, 404, notFound],
  ["a HEAD is no route", { method: "HEAD", url: "/api/users" }, 404, ""],
  ["the fault admin is not there unless it is switched on", { method: "GET", url: "/admin/faults" }, 404, notFound],
];

describe("routes", () => {
  test.each(answers)("%s", async (_sentence, asked, status, body) => {
    const app = await appWith();
    const answer = await app.inject(asked);
    expect(answer.statusCode).toBe(status);
    const isJson = String(answer.headers["content-type"] ?? "").startsWith("application/json") && asked.method !== "HEAD";
    expect(isJson ? JSON.parse(answer.body) : answer.body).toEqual(body);
    await app.close();
  });

  test("the bytes of a GET are application/octet-stream", async () => {
    const app = await appWith();
    const answer = await app.inject("/api/buckets/there");
    expect(answer.headers["content-type"]).toBe("application/octet-stream");
    expect(answer.headers["content-length"]).toBe("4");
  });

  test("readiness says 503 while the service stops, and liveness stays", async () => {
    const app = await appWith(openMemoryStore(), true);
    const readiness = await app.inject("/health/readiness");
    expect([readiness.statusCode, readiness.json()]).toEqual([503, { status: "stopping" }]);
    expect((await app.inject("/health/liveness")).statusCode).toBe(200);
  });

  test("readiness says 503 with the reason while the store cannot serve", async () => {
    const app = await appWith({ ...openMemoryStore(), problem: () => "the disk is gone" });
    const readiness = await app.inject("/health/readiness");
    expect([readiness.statusCode, readiness.json()]).toEqual([503, { status: "unavailable", reason: "the disk is gone" }]);
    expect((await app.inject("/health/liveness")).statusCode).toBe(200);
  });

  test("a store that is gone for now is a 503 that tells nothing of itself", async () => {
    const gone = async () => Promise.reject(new StoreUnavailable("connect ECONNREFUSED db.internal"));
    const app = await buildApp({ store: { ...openMemoryStore(), get: gone, put: gone, delete: gone, list: gone }, LOG_LEVEL: "silent" });
    for (const method of ["GET", "PUT", "DELETE"] as const) {
      const answer = await app.inject({ method, url: "/api/buckets/there" });
      expect([answer.statusCode, answer.json()]).toEqual([503, { error: "the store is unavailable" }]);
    }
    expect((await app.inject("/api/buckets")).statusCode).toBe(503);
  });

  test.each(["limit=0", "limit=1001", "limit=ten", "after=", "offset=3"])("a list with %s is refused", async (query) => {
    const app = await appWith(openMemoryStore());
    expect((await app.inject(`/api/buckets?${query}`)).statusCode).toBe(400);
  });

  test("a store that fails is a 500 that tells nothing of itself", async () => {
    const broken = { ...openMemoryStore(), get: () => fail("secret path") };
    const app = await appWith(broken);
    const answer = await app.inject("/api/buckets/there");
    expect([answer.statusCode, answer.json()]).toEqual([500, { error: "internal server error" }]);
  });
});

function fail(message: string): never {
  throw new Error(message);
}

const ids: [string, string | undefined, RegExp][] = [
  ["a sane id is echoed", "abc-1.2:3_4", /^abc-1\.2:3_4$/],
  ["an id with a line break is replaced", "a\tb", /^req-[0-9a-f]{8}-1$/],
  ["an id that is too long is replaced", "a".repeat(129), /^req-/],
  ["an empty id is replaced", "", /^req-/],
  ["no id gives one of ours", undefined, /^req-/],
];

describe("request ids", () => {
  test.each(ids)("%s, in the header and in the log", async (_sentence, given, expected) => {
    const lines: string[] = [];
    const app = await buildApp({ store: openMemoryStore(), logStream: { write: (line) => void lines.push(line) } });
    const answer = await app.inject({ url: "/api/buckets/x", headers: given === undefined ? {} : { "x-request-id": given } });
    expect(answer.headers["x-request-id"]).toMatch(expected);
    const logged = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === "request");
    expect(logged).toEqual([
      expect.objectContaining({
        reqId: answer.headers["x-request-id"],
        method: "GET",
        route: "/api/buckets/:id",
        statusCode: 404,
        level: 30,
      }),
    ]);
  });

  test("a request writes no line at level warn, and a failed one an error with its id", async () => {
    const lines: string[] = [];
    const store = { ...openMemoryStore(), get: () => fail("no disk") };
    const app = await buildApp({ store, LOG_LEVEL: "warn", logStream: { write: (line) => void lines.push(line) } });
    await app.inject("/api/users");
    expect(lines).toEqual([]);
    await app.inject({ url: "/api/buckets/x", headers: { "x-request-id": "mine" } });
    expect(lines.map((line) => JSON.parse(line))).toEqual([expect.objectContaining({ level: 50, reqId: "mine", msg: "request failed" })]);
  });
});
