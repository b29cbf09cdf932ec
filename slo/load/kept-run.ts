import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { exitCodes } from "../host/exit-codes.ts";
import type { Host } from "../host/host.ts";
import { lockHolder } from "../run/lock.ts";
import { readRecord, rememberJudged, runFolder, testidPattern, type RunRecord } from "../run/record.ts";
import { inconclusive, noRun, type Judged, type NoRun } from "./load-run.ts";

/** What a person asked of `gate`. */
export interface ResumeOptions {
  run: string | undefined;
  prometheus: string | undefined;
  settleLimitSeconds: number;
}

/** A run that is kept in this folder. */
export interface KeptRun {
  kind: "kept";
  folder: string;
  record: RunRecord;
}

/** Finds the run with a testid, or the latest, below the user's folder. */
export function findRun(testid: string | undefined, host: Pick<Host, "folder">): KeptRun | NoRun {
  const name = testid ?? latestRun(host);
  const refuse = (message: string): NoRun => noRun(exitCodes.badUsage, message);
  if (name === undefined) return refuse("there is no run in .plimsoll/runs; run one with: npm run load -- --scenario smoke");
  if (!testidPattern.test(name)) return refuse(`${JSON.stringify(name)} is not the id of a run`);
  const folder = runFolder(host.folder, name);
  const read = readRecord(folder);
  return read.kind === "problem" ? refuse(read.message) : { kind: "kept", folder, record: read.record };
}

function latestRun(host: Pick<Host, "folder">): string | undefined {
  const folder = join(host.folder, ".plimsoll", "runs");
  if (!existsSync(folder)) return undefined;
  const runs = readdirSync(folder).flatMap((name) => {
    const read = readRecord(join(folder, name));
    return read.kind === "record" ? [{ name, at: read.record.commandAtSeconds }] : [];
  });
  return runs.toSorted((a, b) => b.at - a.at)[0]?.name;
}

/** Says that a run is not to be disturbed: the process that holds its lock will judge it. */
export function underWay(folder: string): NoRun | undefined {
  const holder = lockHolder(folder);
  return holder && inconclusive(`the run is under way in process ${holder.pid}; ask again when it has ended`);
}

/** Keeps what a later verdict cannot find out again, once, and only of a run whose end is known. */
export function rememberOnce(folder: string, kept: RunRecord, judgedAs: RunRecord, what: Judged): void {
  if (kept.phase !== "judged" && judgedAs.k6?.endedAtSeconds) rememberJudged(folder, { ...kept }, what);
}
