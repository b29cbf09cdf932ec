import { DatabaseSync } from "node:sqlite";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { wordsOf, type Outcome, type Ports } from "./tool.ts";

const pollMilliseconds = 100;
const sayEverySeconds = 10;
const sqliteBusy = 5;

/**
 * Does work while it alone holds a folder's lock, whichever process wants it too.
 * The lock is SQLite's lock on `lock.db`: the system drops it when its process ends, however it ends, so it is never stale.
 * Fails with the reason when the wait is over `bounds.buildSeconds`, is aborted, or the folder takes no lock.
 */
export async function withLock<T>(folder: string, label: string, ports: Ports, work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(join(folder, "lock.db"), { timeout: 0 });
  } catch (error) {
    return { kind: "failed", reason: `${join(folder, "lock.db")}: ${wordsOf(error)}` };
  }
  try {
    const taken = await take(database, folder, label, ports);
    if (taken.kind === "failed") return taken;
    await writeFile(join(folder, "holder"), `${process.pid}\n`).catch(() => undefined);
    return await work();
  } finally {
    database.close();
  }
}

async function take(database: DatabaseSync, folder: string, label: string, ports: Ports): Promise<Outcome<true>> {
  const began = performance.now();
  let nextWords = 0;
  for (;;) {
    try {
      database.exec("BEGIN EXCLUSIVE");
      return { kind: "ok", value: true };
    } catch (error) {
      if (!isBusy(error)) return { kind: "failed", reason: `${join(folder, "lock.db")}: ${wordsOf(error)}` };
    }
    const waitedSeconds = (performance.now() - began) / 1000;
    if (ports.signal?.aborted) return { kind: "failed", reason: "interrupted" };
    if (waitedSeconds >= ports.bounds.buildSeconds)
      return { kind: "failed", reason: `another run still installs it after ${ports.bounds.buildSeconds} s` };
    if (waitedSeconds >= nextWords) {
      ports.say(`${label}: waiting for another run that installs it (process ${await holderOf(folder)}), ${Math.floor(waitedSeconds)} s`);
      nextWords += sayEverySeconds;
    }
    await sleep(pollMilliseconds);
  }
}

async function holderOf(folder: string): Promise<string> {
  return (await readFile(join(folder, "holder"), "utf8").catch(() => "unknown")).trim();
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === sqliteBusy;
}
