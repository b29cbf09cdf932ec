import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { openMemoryStore } from "../store/memory.ts";
import { openSqliteStore } from "../store/sqlite.ts";
import { describeBuckets } from "./buckets.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "storage-api-"));
const memory = openMemoryStore();
const sqlite = openSqliteStore(join(folder, "buckets.sqlite"));
afterAll(async () => {
  await sqlite.close();
  rmSync(folder, { recursive: true });
});

describeBuckets("memory", () => memory, 200);
describeBuckets("sqlite", () => sqlite, 200);
