import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildApp } from "../app.ts";
import type { Store } from "../store/store.ts";
import { maxBucketIdLength } from "./contract.ts";

/** Any text that UTF-8 can carry: no lone surrogates. */
const anyId = fc.string({ unit: "binary", minLength: 1, maxLength: 60 });
const anyBytes = fc.uint8Array({ maxLength: 3_000 });

interface Listing {
  buckets: { id: string; bytes: number }[];
  next: string | null;
}

/** Describes what the buckets of every store promise; `numRuns` is how many random cases are tried. */
export function describeBuckets(name: string, store: () => Store, numRuns: number): void {
  const open = () => buildApp({ store: store(), LOG_LEVEL: "silent" });
  const urlOf = (id: string): string => `/api/buckets/${encodeURIComponent(id)}`;

  describe(`bytes in the ${name} store`, () => {
    test("come out as they went in, for any bytes, any id and any content type", async () => {
      const app = await open();
      await fc.assert(
        fc.asyncProperty(
          anyId,
          anyBytes,
          fc.constantFrom("application/json", "text/plain", "image/png", "", "nonsense"),
          async (id, bytes, type) => {
            const url = urlOf(id);
            const put = await app.inject({ method: "PUT", url, payload: Buffer.from(bytes), headers: { "content-type": type } });
            expect([put.statusCode, put.body]).toEqual([200, ""]);
            const got = await app.inject(url);
            expect([got.statusCode, got.rawPayload.equals(bytes)]).toEqual([200, true]);
            expect((await app.inject({ method: "DELETE", url })).statusCode).toBe(200);
            expect((await app.inject({ method: "DELETE", url })).statusCode).toBe(400);
            expect((await app.inject(url)).statusCode).toBe(404);
          },
        ),
        { numRuns },
      );
    });

    test("stay apart for ids that look alike, and stand on the pages of the list once each, with their sizes", async () => {
      const app = await open();
      const ids = [
        "a",
        "A",
        "a ",
        "a\0",
        "a\0b",
        "é",
        "e\u0301",
        "%61",
        "a/b",
        "a%2Fb",
        "a?b",
        "😀",
        "\uFFFD",
        "$a.b",
        "x".repeat(maxBucketIdLength),
      ];
      for (const id of ids) await app.inject({ method: "PUT", url: urlOf(id), payload: `of ${id}` });
      const read = await Promise.all(ids.map(async (id) => (await app.inject(urlOf(id))).body));
      expect(read).toEqual(ids.map((id) => `of ${id}`));
      const listed: Listing["buckets"] = [];
      for (let next: string | null = ""; next !== null;) {
        const after: string = next === "" ? "" : `&after=${encodeURIComponent(next)}`;
        const page: Listing = (await app.inject(`/api/buckets?limit=4${after}`)).json();
        expect(page.buckets.length).toBe(Math.min(4, ids.length - listed.length));
        listed.push(...page.buckets);
        next = page.next;
      }
      const sizes = ids.map((id) => ({ id, bytes: Buffer.byteLength(`of ${id}`) }));
      expect(new Map(listed.map(({ id, bytes }) => [id, bytes]))).toEqual(new Map(sizes.map(({ id, bytes }) => [id, bytes])));
      expect(listed.length).toBe(ids.length);
      expect(new Set((await app.inject("/api/buckets").then((answer): Listing => answer.json())).buckets)).toEqual(new Set(sizes));
      for (const id of ids) await app.inject({ method: "DELETE", url: urlOf(id) });
      expect((await app.inject("/api/buckets")).json()).toEqual({ buckets: [], next: null });
    });

    test("are those of one of two puts that come at once, whole", async () => {
      const app = await open();
      for (let turn = 0; turn < 10; turn += 1) {
        const puts = ["one", "twotwo", "three"].map((payload) => app.inject({ method: "PUT", url: urlOf(`shared ${turn}`), payload }));
        expect((await Promise.all(puts)).map(({ statusCode }) => statusCode)).toEqual([200, 200, 200]);
        expect(["one", "twotwo", "three"]).toContain((await app.inject(urlOf(`shared ${turn}`))).body);
        expect((await app.inject({ method: "DELETE", url: urlOf(`shared ${turn}`) })).statusCode).toBe(200);
      }
    });
  });
}
