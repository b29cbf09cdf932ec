import { type Report, reportSchema } from "./schema.ts";

const lineLimit = 140;
const steering = /[\u007F-\u009F\p{Cf}\u2028\u2029]/gu;

/** Prints `report.json`: keys in the schema's order, control and bidi characters escaped, a newline at the end. Throws on a report that its own schema refuses. */
export function jsonReport(report: Report): string {
  return `${printed(reportSchema.parse(report), "")}\n`;
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

/** Prints JSON indented by two, but a value without nested objects on one line where it fits; numbers always so. */
function printed(value: unknown, indent: string): string {
  if (typeof value !== "object" || value === null) return escaped(JSON.stringify(value));
  const entries = Array.isArray(value)
    ? value.map((item) => printed(item, `${indent}  `))
    : Object.entries(value).flatMap(([key, item]) =>
        item === undefined ? [] : [`${escaped(JSON.stringify(key))}: ${printed(item, `${indent}  `)}`],
      );
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0) return open + close;
  const flat = Object.values(value).every((item) => typeof item !== "object" || item === null);
  const oneLine = Array.isArray(value) ? `${open}${entries.join(", ")}${close}` : `${open} ${entries.join(", ")} ${close}`;
  const numbers = Array.isArray(value) && value.every((item) => typeof item !== "string");
  if (flat && (numbers || oneLine.length + indent.length <= lineLimit)) return oneLine;
  return `${open}\n${entries.map((entry) => `${indent}  ${entry}`).join(",\n")}\n${indent}${close}`;
}

function escaped(json: string): string {
  const unit = (text: string): string => `\\u${text.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return json.replace(steering, (character) => character.split("").map(unit).join(""));
}
