import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { hashOf, writeReport } from "../history/write-report.ts";
import { errorMessage } from "../host/error-message.ts";
import type { Host } from "../host/host.ts";
import { badUsage, failed, type NoRun } from "../load/load-run.ts";
import { readReportInLog, readReport } from "../report/json.ts";
import type { Report } from "../report/schema.ts";
import { makeOwnFolder, runFolder, testidPattern } from "../run/record.ts";

/** Writes every form of the report that a load left in its log; gives the load's own exit code. */
export async function report({ fromLog, json = false }: { fromLog: string; json?: boolean }, host: Host): Promise<number | NoRun> {
  const found = await reportFrom(fromLog, host);
  if (found.kind === "none") return found;
  const folder = runFolder(host.folder, found.report.testid);
  makeOwnFolder(host.folder, folder);
  return writeReport(found.report, folder, host, { json, sameSpec: false });
}

async function reportFrom(file: string, host: Host): Promise<{ kind: "report"; report: Report } | NoRun> {
  let log: string;
  try {
    log = file === "-" ? await text(process.stdin) : readFileSync(resolve(host.folder, file), "utf8");
  } catch (error) {
    return badUsage(`the log cannot be read: ${errorMessage(error)}`);
  }
  const found = readReportInLog(log, hashOf);
  if (found.kind === "problem") return failed(`${found.message}${lastWords(log)}`);
  const read = readReport(found.json);
  if (read.kind === "problem") return failed(`the report in the log is of another version, or none: ${read.message}`);
  return testidPattern.test(read.report.testid) ? read : failed("the report in the log has no testid that could be a folder's name");
}

/** Quotes how a log ends: what a load says that has no verdict. */
function lastWords(log: string): string {
  const words = log.trim().split("\n").slice(-3).filter(Boolean);
  return words.length === 0 ? "" : `; it ends in:\n${words.map((line) => `  ${line}`).join("\n")}`;
}
