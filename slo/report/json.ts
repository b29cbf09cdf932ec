import { type Report, reportSchema } from "./schema.ts";

const steering = /[\u007F-\u009F\p{Cf}\u2028\u2029]/gu;

/** Prints `report.json`: keys in the schema's order, control and bidi characters escaped, a newline at the end. Throws on a report that its own schema refuses. */
export function jsonReport(report: Report): string {
  const text = JSON.stringify(reportSchema.parse(report), null, 2);
  // A list of numbers stands on one line; no text holds a raw line break.
  return `${escaped(text.replace(/\[\n[^[\]{}"]*\]/gu, (list) => list.replace(/\n\s*/gu, "")))}\n`;
}

/** A report read back, or one sentence on why the text is none. */
export type ReadReport = { kind: "report"; report: Report } | { kind: "problem"; message: string };

/** Reads the text of a `report.json`. */
export function readReport(text: string): ReadReport {
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
