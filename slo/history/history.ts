import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";

const row = z.object({
  testid: z.string(),
  startedAt: z.number(),
  scenario: z.string(),
  service: z.string(),
  target: z.string(),
  verdict: z.string(),
  exitCode: z.number(),
  requests: z.number(),
  errors: z.number(),
});

/** What the history keeps of a run. */
export type HistoryEntry = z.infer<typeof row>;

function open(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file, { timeout: 5000 });
  database.exec(
    `CREATE TABLE IF NOT EXISTS runs (testid TEXT PRIMARY KEY, startedAt REAL NOT NULL, scenario TEXT NOT NULL, service TEXT NOT NULL,
     target TEXT NOT NULL, verdict TEXT NOT NULL, exitCode INTEGER NOT NULL, requests INTEGER NOT NULL, errors INTEGER NOT NULL) STRICT`,
  );
  return database;
}

/** Remembers a run; judging the same run again replaces its row. Throws when the file cannot be written. */
export function remember(file: string, entry: HistoryEntry): void {
  const database = open(file);
  try {
    const { testid, startedAt, scenario, service, target, verdict, exitCode, requests, errors } = entry;
    database
      .prepare("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .run(testid, startedAt, scenario, service, target, verdict, exitCode, requests, errors);
  } finally {
    database.close();
  }
}

/** Lists the latest runs, newest first. Throws when the file cannot be read. */
export function latestRuns(file: string, most: number): HistoryEntry[] {
  const database = open(file);
  try {
    return z.array(row).parse(database.prepare("SELECT * FROM runs ORDER BY startedAt DESC LIMIT ?").all(most));
  } finally {
    database.close();
  }
}
