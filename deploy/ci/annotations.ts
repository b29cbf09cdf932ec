import { createHash } from "node:crypto";
import type { Finding } from "./findings.ts";

/** Is how many annotations of one level GitHub shows for a step; the rest it drops without a word. */
export const shownByGitHub = 10;

/** Renders findings as GitHub's workflow commands (`::error file=…,line=…,col=…,title=…::…`), one line each; data cannot begin a command of its own. */
export function workflowCommands(findings: readonly Finding[]): string[] {
  return (["error", "warning", "notice"] as const).flatMap((level) => {
    const own = findings.filter((finding) => finding.level === level);
    if (own.length <= shownByGitHub) return own.map(workflowCommand);
    const shown = own.slice(0, shownByGitHub - 1);
    const title = "Plimsoll: more";
    return [...shown, { level, title, message: `${own.length - shown.length} more are in the report`, place: undefined }].map(
      workflowCommand,
    );
  });
}

function workflowCommand({ level, title, message, place }: Finding): string {
  const properties = [
    ...(place === undefined ? [] : [`file=${property(place.file)}`, `line=${place.line}`, `col=${place.column}`]),
    `title=${property(title)}`,
  ];
  return `::${level} ${properties.join(",")}::${data(message)}`;
}

/** Escapes the text of a workflow command, as the runner's toolkit does (actions/toolkit, packages/core/src/command.ts). */
function data(text: string): string {
  return printable(text).replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** Replaces control and direction characters, line ends aside. */
function printable(text: string): string {
  return text.replace(/(?![\r\n])[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, " ");
}

/** Renders findings for a log that knows no annotations: `error: file:line:column: text`, one line each. */
export function logLines(findings: readonly Finding[]): string[] {
  return findings.map(({ level, message, place }) => {
    const at = place === undefined ? "" : `${place.file}:${place.line}:${place.column}: `;
    return printable(`${level}: ${at}${message}`)
      .replace(/[\r\n]+/gu, "; ")
      .replace(/^::/u, " ::");
  });
}

const severities = { error: "major", warning: "minor", notice: "info" } as const satisfies Record<Finding["level"], string>;

/** Renders the findings that have a place as GitLab's Code Quality report, which merge requests show; always a whole file, also when empty. */
export function codeQuality(findings: readonly Finding[]): string {
  const issues = findings.flatMap(({ level, title, message, place }) => {
    if (place === undefined) return [];
    const fingerprint = createHash("sha256").update(`${place.file}\n${title}`).digest("hex");
    const description = printable(message).replace(/[\r\n]+/gu, "; ");
    return [
      {
        description,
        check_name: "plimsoll",
        fingerprint,
        severity: severities[level],
        location: { path: place.file, lines: { begin: place.line } },
      },
    ];
  });
  return `${JSON.stringify(issues, null, 2)}\n`;
}
