import { mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { commandLine } from "../host/command-line.ts";
import { errorMessage } from "../host/error-message.ts";
import { exitCodes } from "../host/exit-codes.ts";
import type { Host } from "../host/host.ts";
import { keepingFolder } from "../host/own-folder.ts";
import { columnsOf, padded } from "../report/columns.ts";
import { counted } from "../report/numbers.ts";
import { plainLine } from "../report/plain.ts";
import type { Report } from "../report/schema.ts";

/** What the history keeps of a run: the judged numbers. */
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

/** Opens the history, and closes it again. Throws when the file cannot be used. */
function withHistory<T>(file: string, use: (database: DatabaseSync) => T): T {
  mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file, { timeout: 5000 });
  try {
    database.exec(
      `CREATE TABLE IF NOT EXISTS runs (testid TEXT PRIMARY KEY, startedAt REAL NOT NULL, scenario TEXT NOT NULL, service TEXT NOT NULL,
       target TEXT NOT NULL, verdict TEXT NOT NULL, exitCode INTEGER NOT NULL, requests INTEGER NOT NULL, errors INTEGER NOT NULL) STRICT`,
    );
    return use(database);
  } finally {
    database.close();
  }
}

/** Remembers a run; judging the same run again replaces its row. Throws when the file cannot be written. */
export function remember(file: string, { testid, startedAt, scenario, service, target, verdict, exitCode, load }: Report): void {
  const values = [testid, startedAt, scenario, service, target, verdict, exitCode, load.requests, load.errors];
  withHistory(file, (database) => database.prepare("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)").run(...values));
}

/** Lists the latest runs of this folder, newest first; a history that cannot be read is not an empty one. */
export function listRuns({ most, json }: { most: number; json?: boolean }, host: Pick<Host, "folder" | "out" | "say">): number {
  const own = join(keepingFolder(host.folder), ".plimsoll");
  const file = join(own, "history.sqlite");
  try {
    if (statSync(own, { throwIfNoEntry: false })?.isDirectory() === false)
      throw new Error("that folder is a file, so no run can be kept in it: move it away");
    const isThere = statSync(file, { throwIfNoEntry: false }) !== undefined;
    const read = (database: DatabaseSync) => database.prepare("SELECT * FROM runs ORDER BY startedAt DESC LIMIT ?").all(most);
    const runs = isThere ? z.array(row).parse(withHistory(file, read)) : [];
    if (json) host.out(JSON.stringify(runs, null, 2));
    else if (runs.length === 0) host.say(`no runs yet; run one with: ${commandLine("load", "")}`);
    else host.out(linesOf(runs).join("\n"));
    return exitCodes.met;
  } catch (error) {
    host.say(`cannot read ${file}: ${errorMessage(error)}`);
    return exitCodes.notCarriedOut;
  }
}

function linesOf(runs: readonly z.infer<typeof row>[]): string[] {
  const rows = runs.map(({ startedAt, verdict, requests, errors, service, target, testid }) => [
    new Date(startedAt * 1000).toISOString().slice(0, 19).replace("T", " "),
    verdict,
    counted(requests, "request"),
    counted(errors, "error"),
    plainLine(`${service} at ${target}`),
    testid,
  ]);
  const numbers = [2, 3];
  const widthAt = (at: number): number => Math.max(...rows.map((cells) => columnsOf(cells[at] ?? "")));
  const cell = (text: string, at: number): string => padded(text, widthAt(at), numbers.includes(at) ? "right" : "left");
  return rows.map((cells) => cells.map(cell).join("  ").trimEnd());
}
