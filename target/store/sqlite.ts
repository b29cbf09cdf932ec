import { DatabaseSync } from "node:sqlite";
import type { Store } from "./store.ts";

interface Write {
  id: Buffer;
  /** `undefined` for a delete. */
  contents: Uint8Array | undefined;
  resolve: (existed: boolean) => void;
  reject: (error: unknown) => void;
}

/** Opens a store in one SQLite file, or throws. Writes of one turn of the event loop share a transaction; each is acknowledged only after the commit has been synced. */
export function openSqliteStore(file: string): Store {
  const database = openDatabase(file);
  const write = transactionWriter(database);
  const listing = database.prepare("SELECT id, ifnull(length(contents), 0) AS bytes FROM buckets WHERE id > ? ORDER BY id LIMIT ?");
  const select = database.prepare("SELECT contents FROM buckets WHERE id = ?");
  const pending: Write[] = [];

  const flush = (): void => {
    if (pending.length > 0) write(pending.splice(0));
  };
  const enqueue = (id: string, contents: Uint8Array | undefined): Promise<boolean> =>
    new Promise((resolve, reject) => {
      if (pending.push({ id: Buffer.from(id), contents, resolve, reject }) === 1) setImmediate(flush);
    });

  return {
    get: (id) => {
      const row = select.get(Buffer.from(id));
      if (row === undefined || row["contents"] instanceof Uint8Array) return row?.["contents"] as Uint8Array | undefined;
      return new Uint8Array(0); // an empty blob comes back as NULL from some builds of SQLite's bindings; both mean no bytes
    },
    put: async (id, contents) => void (await enqueue(id, contents)),
    delete: (id) => enqueue(id, undefined),
    list: (limit, after = "") =>
      listing
        .all(Buffer.from(after), limit)
        .map(({ id, bytes }) => ({ id: Buffer.from(id as Uint8Array).toString(), bytes: Number(bytes) })),
    problem: () => (database.isOpen ? undefined : "the file is closed"),
    close: async () => {
      flush();
      database.close();
    },
  };
}

function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  try {
    database.exec("PRAGMA journal_mode = WAL");
    // FULL syncs the write-ahead log at each commit: an acknowledged write also outlives a loss of power.
    database.exec("PRAGMA synchronous = FULL");
    // Ids are kept as bytes, so that a NUL or any other character in them is only data.
    database.exec("CREATE TABLE IF NOT EXISTS buckets (id BLOB PRIMARY KEY, contents BLOB)");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function transactionWriter(database: DatabaseSync): (batch: Write[]) => void {
  const insert = database.prepare(
    "INSERT INTO buckets (id, contents) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET contents = excluded.contents",
  );
  const remove = database.prepare("DELETE FROM buckets WHERE id = ?");
  const apply = ({ id, contents }: Write): boolean =>
    Number((contents === undefined ? remove.run(id) : insert.run(id, contents)).changes) > 0;
  return (batch) => {
    let existed: boolean[];
    try {
      database.exec("BEGIN IMMEDIATE");
      existed = batch.map(apply);
      database.exec("COMMIT");
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec("ROLLBACK");
      for (const write of batch) write.reject(error);
      return;
    }
    batch.forEach((write, index) => write.resolve(existed[index] === true));
  };
}
