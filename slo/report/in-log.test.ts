import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { readReportInLog, reportInLog, jsonReport } from "./json.ts";
import { metReport } from "./reports.fixture.ts";

const hash = (text: string): string => createHash("sha256").update(text).digest("hex");
const json = jsonReport(metReport());
const text = reportInLog(json, hash);
const prefixed = (prefix: string): string => text.replaceAll(/^(?=.)/gm, prefix);

const rows: [string, string, string][] = [
  ["as it was printed", text, json],
  ["among other lines", `MET all\n${text}report: x\n`, json],
  ["with what kubectl puts before each line", `[pod/a/load] x\n${prefixed("[pod/a/load] ")}`, json],
  [
    "with a time before each line, and the line ends of Windows",
    prefixed("2026-11-26T11:00:00.123456789Z ").replaceAll("\n", "\r\n"),
    json,
  ],
  ["of two the last", `${reportInLog("{}\n", hash)}${text}`, json],
  ["none", "MET all\n", "holds no report"],
  ["an empty log", "", "holds no report"],
  ["cut off", text.slice(0, -160), "breaks off within the report"],
  ["with lines of stderr between its own", text.replace("\n", "\nk6: an error\n").replace(/\n-----END/, "\nreport: x\n-----END"), json],
  ["with a line missing", text.replace(/\n.*\n/, "\n"), "not whole"],
  ["of which a number was changed", text.replace(/"total": \d/, '"total": 7'), "not whole"],
];
test.each(rows)("a report in a log: %s", (_sentence, log, expected) => {
  const read = readReportInLog(log, hash);
  if (read.kind === "json") expect(read.json).toBe(expected);
  else expect(read.message).toContain(expected);
});
