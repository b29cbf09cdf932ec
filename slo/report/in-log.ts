const begins = "-----BEGIN PLIMSOLL REPORT-----";
const ends = "-----END PLIMSOLL REPORT ";

type Hash = (text: string) => string;

/** Puts the text of a `report.json` between markers, so that it is found again in a log; the second tells its hash. */
export const reportInLog = (json: string, hash: Hash): string => `${begins}\n${json}${ends}${hash(json)}-----\n`;

/**
 * Finds the last report in a log and gives the text of its `report.json`. What a reader of logs puts before each line (a pod, a time) goes,
 * as wide as it is before the marker; a report that is cut or mixed with other lines is a problem.
 */
export function readReportInLog(log: string, hash: Hash): { kind: "json"; json: string } | { kind: "problem"; message: string } {
  const lines = log.split("\n");
  const from = lines.findLastIndex((line) => line.includes(begins));
  const width = lines[from]?.indexOf(begins) ?? 0;
  const after = lines.slice(from + 1).map((line) => line.replace(/\r$/, "").slice(width));
  const end = after.findIndex((line) => line.startsWith(ends));
  if (from < 0) return { kind: "problem", message: "the log holds no report: the load has not ended, or ended without a verdict" };
  if (end < 0) return { kind: "problem", message: "the log breaks off within the report" };
  const json = after.slice(0, end).map((line) => `${line}\n`);
  if (after[end] === `${ends}${hash(json.join(""))}-----`) return { kind: "json", json: json.join("") };
  return { kind: "problem", message: "the report in the log is not whole: lines of it are missing, or others stand between them" };
}
