import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, writeFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { errorMessage } from "../host/error-message.ts";
import { keepingFolder } from "../host/own-folder.ts";
import type { Host } from "../host/host.ts";
import { replaceFile } from "../host/replace-file.ts";
import { causeLine, causes, samplesText } from "../report/causes.ts";
import { headline, subject, verdictWord } from "../report/headline.ts";
import { type HtmlAssets, htmlReport } from "../report/html.ts";
import { reportInLog, jsonReport, readReport } from "../report/json.ts";
import { junitReport } from "../report/junit.ts";
import { markdownReport } from "../report/markdown.ts";
import type { Report } from "../report/schema.ts";
import { terminalReport } from "../report/terminal.ts";
import { remember } from "./history.ts";
import { buffer } from "node:stream/consumers";
import { create } from "tar";
import { waitFor } from "../host/wait.ts";

function pageAssets(): HtmlAssets {
  const { resolve } = createRequire(import.meta.url);
  const read = (...files: (string | URL)[]): string[] => files.map((file) => readFileSync(file, "utf8"));
  const page = (name: string): URL => new URL(`../report/html/${name}`, import.meta.url);
  return {
    scripts: read(resolve("uplot/dist/uPlot.iife.min.js"), page("page.js")),
    styles: read(resolve("uplot/dist/uPlot.min.css"), page("page.css")),
    sha256Base64: (text) => createHash("sha256").update(text).digest("base64"),
  };
}

export const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

const isDecided = ({ verdict }: Report): boolean => verdict === "met" || verdict === "exceeded";

/** Finds the report of a run that decided what a new one leaves open, for lack of data that it had. */
export function decidedBefore(report: Report, folder: string): Report | undefined {
  const file = join(folder, "report.json");
  if (isDecided(report) || !existsSync(file)) return undefined;
  const read = readReport(readFileSync(file, "utf8"));
  return read.kind === "report" && isDecided(read.report) ? read.report : undefined;
}

/** Tells what a report was asked: a run may have been judged by other specs since. */
const askedOf = ({ confidence, objectives }: Report): string =>
  JSON.stringify([confidence, objectives.map((one) => [one.name, one.description, one.targetRatio, one.phase, one.advisory, one.place])]);

/**
 * Writes the report in every form, remembers the run, prints the result, and gives the exit code. A report that was decided stays where the new one is
 * not; by the same spec a failure is also the result, but what was met then nothing proves now.
 */
export function writeReport(judged: Report, folder: string, host: Host, { json, sameSpec }: { json: boolean; sameSpec: boolean }): number {
  const kept = decidedBefore(judged, folder);
  const report = kept?.verdict === "exceeded" && sameSpec && askedOf(kept) === askedOf(judged) ? kept : judged;
  const jsonText = jsonReport(report);
  const summary = markdownReport(report);
  const page = join(folder, "report.html");
  if (kept !== undefined) {
    const [why = "nothing decides it"] = judged.reasons;
    host.say(
      `judged again, this run is ${judged.verdict} (${why}): the report that found it ${kept.verdict} stays; exit ${report.exitCode}`,
    );
  } else {
    const files = {
      "report.json": jsonText,
      "junit.xml": junitReport(report),
      "summary.md": summary,
      "events.ndjson": samplesText(report),
    };
    for (const [name, text] of Object.entries(files)) orSay(host, () => replaceFile(join(folder, name), text));
    orSay(host, () => remember(join(keepingFolder(host.folder), ".plimsoll", "history.sqlite"), report), "cannot write the history: ");
  }
  const shown = kept !== undefined || orSay(host, () => replaceFile(page, htmlReport(report, pageAssets())));
  const { stepSummaryFile, verdictFile } = host.settings;
  if (stepSummaryFile) orSay(host, () => appendFileSync(stepSummaryFile, `${summary}\n`), `cannot write ${stepSummaryFile}: `);
  if (verdictFile) orSay(host, () => writeFileSync(verdictFile, shortVerdict(report)), `cannot write ${verdictFile}: `);
  host.out(json ? jsonText : terminalReport(report, { colour: host.settings.colour, width: host.width }));
  if (host.settings.reportInLog) host.out(reportInLog(jsonText, hashOf));
  if (shown) host.say(`report: ${relative(host.folder, page)}`);
  return report.exitCode;
}

/** Gives the verdict in a few lines; Kubernetes keeps 4,096 bytes of them. */
function shortVerdict(report: Report): string {
  const lines = [
    `${verdictWord(report.verdict)} ${headline(report)}`,
    subject(report),
    ...causes(report).map(causeLine),
    ...report.reasons,
  ];
  return `${lines.map((line) => line.replaceAll("\n", " ")).join("\n")}`.slice(0, 2000);
}

/** Does one write and says whether it was done; a full disk costs that file, never the verdict. */
function orSay(host: Host, write: () => void, what = ""): boolean {
  try {
    write();
    return true;
  } catch (error) {
    host.say(`${what}${errorMessage(error)}`);
    return false;
  }
}

const reportFiles = /^(report\.(json|html)|junit\.xml|summary\.md|events\.ndjson)$/;
/** How long an upload is tried for, seconds. */
const limitSeconds = 60;

/**
 * Puts a report's files, as one .tar.gz, where a pre-signed URL allows one object to be written; what fails for a moment is tried again.
 * The URL is a secret: only its host is ever told.
 */
export async function uploadReport(url: string, folder: string, host: Host): Promise<void> {
  const files = readdirSync(folder).filter((name) => reportFiles.test(name));
  let trouble = "";
  try {
    const where = new URL(url).host;
    // One body of known length: object stores take no other by a pre-signed URL.
    const body = new Uint8Array(await buffer(create({ gzip: true, cwd: folder, portable: true }, files)));
    const put = async (): Promise<"done" | "refused" | undefined> => {
      const answer = await fetch(url, { method: "PUT", body, redirect: "manual", signal: AbortSignal.timeout(30_000) });
      trouble = `${where} answers ${answer.status}: ${(await answer.text()).slice(0, 300)}`;
      if (answer.ok) return "done";
      return answer.status >= 500 || answer.status === 429 ? undefined : "refused";
    };
    const tryAgain = (error: unknown): undefined => void (trouble = `${where}: ${errorMessage(error)}`);
    const ended = await waitFor(() => put().catch(tryAgain), limitSeconds, 1000);
    host.say(ended === "done" ? `report uploaded to ${where}` : `the report was not uploaded: ${trouble}`);
  } catch (error) {
    host.say(`the report was not uploaded: ${errorMessage(error)}`);
  }
}
