import { existsSync } from "node:fs";
import { join } from "node:path";
import { latestRuns } from "../history/history.ts";
import { exitCodes } from "./exit-codes.ts";
import type { Host } from "./host.ts";

/** Lists the latest runs of this folder, newest first. */
export function history({ most, json }: { most: number; json: boolean }, host: Host): number {
  const file = join(host.folder, ".plimsoll", "history.sqlite");
  const runs = existsSync(file) ? latestRuns(file, most) : [];
  if (json) {
    host.out(JSON.stringify(runs, null, 2));
    return exitCodes.met;
  }
  if (runs.length === 0) host.say("no runs yet; run one with: npm run load -- --scenario smoke");
  const lines = runs.map((run) => {
    const when = new Date(run.startedAt * 1000).toISOString().slice(0, 19).replace("T", " ");
    return `${when}  ${run.verdict.padEnd(12)}  ${String(run.requests).padStart(9)} requests  ${String(run.errors).padStart(6)} errors  ${run.testid}`;
  });
  if (lines.length > 0) host.out(lines.join("\n"));
  return exitCodes.met;
}
