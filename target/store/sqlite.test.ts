import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openSqliteStore } from "./sqlite.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "storage-api-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = () => openSqliteStore(join(folder, "buckets.sqlite"));
const text = (bytes: Uint8Array | undefined): string | undefined => (bytes === undefined ? undefined : Buffer.from(bytes).toString());

describe("the SQLite store", () => {
  test("keeps its buckets over a close", async () => {
    const first = open();
    await first.put("a", Buffer.from("one"));
    await first.put("empty", new Uint8Array(0));
    await first.close();
    const second = open();
    expect([text(await second.get("a")), text(await second.get("empty")), await second.get("none")]).toEqual(["one", "", undefined]);
    await second.close();
  });

  test("applies the writes of one turn in the order in which they came", async () => {
    const store = open();
    const done = await Promise.all([
      store.put("a", Buffer.from("one")),
      store.delete("a"),
      store.delete("a"),
      store.put("a", Buffer.from("two")),
      store.put("a", Buffer.from("three")),
    ]);
    expect(done).toEqual([undefined, true, false, undefined, undefined]);
    expect(text(await store.get("a"))).toBe("three");
    await store.close();
  });

  test("refuses every write that could not be committed, and serves on", async () => {
    const store = open();
    const closed = openSqliteStore(join(folder, "other.sqlite"));
    await closed.close();
    await expect(closed.put("a", Buffer.from("x"))).rejects.toThrow(/not open/);
    expect(await closed.problem()).toBe("the file is closed");
    await store.put("a", Buffer.from("x"));
    expect(await store.problem()).toBeUndefined();
    await store.close();
  });

  test("writes what is pending when it closes", async () => {
    const store = open();
    const pending = store.put("late", Buffer.from("kept"));
    await store.close();
    await pending;
    const again = open();
    expect(text(await again.get("late"))).toBe("kept");
    await again.close();
  });

  test("says why a file cannot be opened", () => {
    expect(() => openSqliteStore(join(folder, "no-such-folder", "x.sqlite"))).toThrow(/unable to open/);
  });
});
