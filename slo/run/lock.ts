import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { errorMessage } from "../host/error-message.ts";
import { jsonOf } from "../host/json-of.ts";

/** Who holds a lock; the process is unknown where its note cannot be read. */
export interface Holder {
  pid: number | "unknown";
  note: string;
}

/** A folder's lock: held by this process until it is released, or by another, or the folder takes none. */
export type Lock = { kind: "held"; release: () => void } | ({ kind: "taken" } & Holder) | { kind: "failed"; message: string };

const holderSchema = z.strictObject({ pid: z.int().positive(), note: z.string() });
const sqliteBusy = 5;

/** Keeps the collector of garbage from closing a lock that is held. */
const held = new Set<DatabaseSync>();

/** Takes a folder's lock, SQLite's on `lock.db`, which the system drops however its process ends: never stale. Gives up after `waitSeconds`, or at once where its holder lives. */
export function takeLock(folder: string, note: string, waitSeconds = 1): Lock {
  const file = join(folder, "lock.db");
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(folder, { recursive: true });
    database = new DatabaseSync(file, { timeout: 0 });
    const holder = lockDatabase(database, folder, waitSeconds);
    if (holder === undefined) {
      writeFileSync(holderFile(folder), JSON.stringify({ pid: process.pid, note }));
      return { kind: "held", release: releaseOf(database, folder) };
    }
    database.close();
    return { kind: "taken", ...holder };
  } catch (error) {
    database?.close();
    const remedy = "a lock takes a folder that can be written, on a disk that knows locks";
    return { kind: "failed", message: `${file}: ${errorMessage(error)}: ${remedy}` };
  }
}

/** Locks the database, or says who holds it. Whoever looks at it or takes it at the same moment makes it busy too, so one refusal proves nothing. */
function lockDatabase(database: DatabaseSync, folder: string, waitSeconds: number): Holder | undefined {
  const until = performance.now() + waitSeconds * 1000;
  for (;;) {
    try {
      database.exec("BEGIN EXCLUSIVE");
      return undefined;
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
    const holder = readHolder(folder);
    if (isAlive(holder.pid) || performance.now() >= until) return holder;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.random() * 5); // sleeps without giving way
  }
}

function releaseOf(database: DatabaseSync, folder: string): () => void {
  held.add(database);
  return () => {
    if (!held.delete(database)) return;
    try {
      rmSync(holderFile(folder), { force: true }); // before the lock is gone: afterwards it may be another's
    } finally {
      database.close();
    }
  };
}

/** Says who holds a folder's lock, and does not take it. */
export function lockHolder(folder: string): Holder | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(folder, "lock.db"), { readOnly: true, timeout: 0 });
    database.exec("SELECT 1 FROM sqlite_schema");
    return undefined;
  } catch (error) {
    return isBusy(error) ? readHolder(folder) : undefined;
  } finally {
    database?.close();
  }
}

/** Takes the lock of the service at a target's URL, whatever its path, noting the run's testid, so that two runs on this machine do not load it at once. */
export function lockTarget(folder: string, targetUrl: string, testid: string): Lock {
  const name = createHash("sha256").update(new URL(targetUrl).origin.replace("//localhost", "//127.0.0.1")).digest("hex").slice(0, 16);
  const lock = takeLock(join(folder, name), testid);
  if (lock.kind !== "failed") return lock;
  return { kind: "failed", message: `cannot lock the target: ${lock.message}; PLIMSOLL_CACHE names another folder` };
}

const holderFile = (folder: string): string => join(folder, "holder");

const readHolder = (folder: string): Holder =>
  jsonOf(holderSchema, () => readFileSync(holderFile(folder), "utf8")) ?? { pid: "unknown", note: "" };

const isBusy = (error: unknown): boolean => error instanceof Error && "errcode" in error && error.errcode === sqliteBusy;

function isAlive(pid: Holder["pid"]): boolean {
  try {
    return pid !== "unknown" && process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
