import { statSync } from "node:fs";
import { join } from "node:path";
import { latestRuns, type HistoryEntry } from "../history/history.ts";
import { commandLine } from "../host/command-line.ts";
import { errorMessage } from "../host/error-message.ts";
import { counted } from "../report/numbers.ts";
import { plainLine } from "../report/plain.ts";
import { exitCodes } from "../host/exit-codes.ts";
import type { Host } from "../host/host.ts";

/** Lists the latest runs of this folder, newest first; a history that cannot be read is not an empty one. */
export function history({ most, json }: { most: number; json?: boolean }, host: Pick<Host, "folder" | "out" | "say">): number {
  const read = readHistory(host.folder, most);
  if (read.kind === "problem") {
    host.say(read.message);
    return exitCodes.notCarriedOut;
  }
  const { runs } = read;
  if (json) host.out(JSON.stringify(runs, null, 2));
  else if (runs.length === 0) host.say(`no runs yet; run one with: ${commandLine("load", "--scenario smoke")}`);
  else host.out(rowsOf(runs).join("\n"));
  return exitCodes.met;
}

function readHistory(folder: string, most: number): { kind: "runs"; runs: HistoryEntry[] } | { kind: "problem"; message: string } {
  const own = join(folder, ".plimsoll");
  const file = join(own, "history.sqlite");
  try {
    const there = statSync(own, { throwIfNoEntry: false });
    if (there !== undefined && !there.isDirectory())
      return { kind: "problem", message: `${own} is no folder, so no run can be kept in it: move it away` };
    return { kind: "runs", runs: statSync(file, { throwIfNoEntry: false }) ? latestRuns(file, most) : [] };
  } catch (error) {
    return { kind: "problem", message: `cannot read ${file}: ${errorMessage(error)}` };
  }
}

function rowsOf(runs: readonly HistoryEntry[]): string[] {
  const rows = runs.map(({ startedAt, verdict, requests, errors, service, target, testid }) => [
    new Date(startedAt * 1000).toISOString().slice(0, 19).replace("T", " "),
    verdict,
    counted(requests, "request"),
    counted(errors, "error"),
    plainLine(`${service} at ${target}`),
    testid,
  ]);
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? [];
  const numbers = [2, 3];
  const padded = (cell: string, at: number): string =>
    numbers.includes(at) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0);
  return rows.map((row) => row.map(padded).join("  ").trimEnd());
}
