import * as fc from "fast-check";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { buildApp } from "../app.ts";
import { openMemoryStore } from "../store/memory.ts";
import { openSqliteStore } from "../store/sqlite.ts";
import { maxBucketIdLength } from "./contract.ts";

const folder = mkdtempSync(join(tmpdir(), "storage-api-"));
afterAll(() => rmSync(folder, { recursive: true }));

const stores = [
  ["memory", openMemoryStore()],
  ["sqlite", openSqliteStore(join(folder, "buckets.sqlite"))],
] as const;

/** Any text that UTF-8 can carry: no lone surrogates. */
const anyId = fc.string({ unit: "binary", minLength: 1, maxLength: 60 });
const anyBytes = fc.uint8Array({ maxLength: 3_000 });

describe.each(stores)("bytes in the %s store", (_name, store) => {
  test("come out as they went in, for any bytes, any id and any content type", async () => {
    const app = await buildApp({ store, LOG_LEVEL: "silent" });
    await fc.assert(
      fc.asyncProperty(
        anyId,
        anyBytes,
        fc.constantFrom("application/json", "text/plain", "image/png", "", "nonsense"),
        async (id, bytes, type) => {
          const url = `/api/buckets/${encodeURIComponent(id)}`;
          const put = await app.inject({ method: "PUT", url, payload: Buffer.from(bytes), headers: { "content-type": type } });
          expect([put.statusCode, put.body]).toEqual([200, ""]);
          const got = await app.inject(url);
          expect([got.statusCode, got.rawPayload.equals(bytes)]).toEqual([200, true]);
          expect((await app.inject({ method: "DELETE", url })).statusCode).toBe(200);
          expect((await app.inject(url)).statusCode).toBe(404);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("stay apart for ids that look alike", async () => {
    const app = await buildApp({ store, LOG_LEVEL: "silent" });
    const ids = ["a", "A", "a ", "a\0", "a\0b", "é", "e\u0301", "%61", "a/b", "a%2Fb", "a?b", "😀", "x".repeat(maxBucketIdLength)];
    for (const id of ids) await app.inject({ method: "PUT", url: `/api/buckets/${encodeURIComponent(id)}`, payload: `of ${id}` });
    const read = await Promise.all(ids.map(async (id) => (await app.inject(`/api/buckets/${encodeURIComponent(id)}`)).body));
    expect(read).toEqual(ids.map((id) => `of ${id}`));
  });
});
