import { type Report, reportSchema } from "./schema.ts";

const steering = /[\u007F-\u009F\p{Cf}\u2028\u2029]/gu;

/** Prints `report.json`: keys in the schema's order, control and bidi characters escaped, a newline at the end. Throws on a report that its own schema refuses. */
export function jsonReport(report: Report): string {
  const text = JSON.stringify(reportSchema.parse(report), null, 2);
  // A list of numbers stands on one line; no text holds a raw line break.
  return `${escaped(text.replace(/\[\n[^[\]{}"]*\]/gu, (list) => list.replace(/\n\s*/gu, "")))}\n`;
}

export function readReport(text: string): { kind: "report"; report: Report } | { kind: "problem"; message: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "problem", message: "not JSON" };
  }
  const parsed = reportSchema.safeParse(value);
  if (parsed.success) return { kind: "report", report: parsed.data };
  const [issue] = parsed.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? "the report" : issue.path.map(String).join(".");
  return { kind: "problem", message: `${place}: ${issue?.message ?? "not a report"}` };
}

function escaped(json: string): string {
  const unit = (text: string): string => `\\u${text.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return json.replace(steering, (character) => character.split("").map(unit).join(""));
}

const begins = "-----BEGIN PLIMSOLL REPORT-----";
const ends = "-----END PLIMSOLL REPORT ";
/** Begins each line of a report: a container's log mixes two streams, so lines of stderr may come to stand between them. */
const mark = "| ";

type Hash = (text: string) => string;

/** Puts the text of a `report.json` between markers, so that it is found again in a log; the second tells its hash. */
export const reportInLog = (json: string, hash: Hash): string => `${begins}\n${json.replace(/^(?=.)/gm, mark)}${ends}${hash(json)}-----\n`;

/** Finds the text of the last `report.json` in a log; what a reader of logs puts before each line (a pod, a time) goes, and lines of others. A report that is cut is a problem. */
export function readReportInLog(log: string, hash: Hash): { kind: "json"; json: string } | { kind: "problem"; message: string } {
  const lines = log.split("\n");
  const from = lines.findLastIndex((line) => line.includes(begins));
  const width = lines[from]?.indexOf(begins) ?? 0;
  const after = lines.slice(from + 1).map((line) => line.replace(/\r$/, "").slice(width));
  const end = after.findIndex((line) => line.startsWith(ends));
  if (from < 0) return { kind: "problem", message: "the log holds no report: the load has not ended, or ended without a verdict" };
  if (end < 0) return { kind: "problem", message: "the log breaks off within the report" };
  const json = after.slice(0, end).flatMap((line) => (line.startsWith(mark) ? [`${line.slice(mark.length)}\n`] : []));
  if (after[end] === `${ends}${hash(json.join(""))}-----`) return { kind: "json", json: json.join("") };
  return { kind: "problem", message: "the report in the log is not whole: lines of it are missing or changed" };
}
