import type { Finding } from "./findings.ts";
import { plainLine } from "./plain.ts";

/** How many annotations of one level GitHub shows for a step; the rest it drops without a word. */
export const shownByGitHub = 10;

/** Renders findings as GitHub's workflow commands (`::error file=…,line=…,col=…,title=…::…`), one line each; data cannot begin a command of its own. */
export function githubAnnotations(findings: readonly Finding[]): string {
  const commands = (["error", "warning", "notice"] as const).flatMap((level): Finding[] => {
    const own = findings.filter((finding) => finding.level === level);
    if (own.length <= shownByGitHub) return own;
    const left = own.length - shownByGitHub + 1;
    return [...own.slice(0, -left), { level, title: "Plimsoll: more", message: `${left} more are in the report` }];
  });
  return commands.map((finding) => `${workflowCommand(finding)}\n`).join("");
}

function workflowCommand({ level, title, message, place }: Finding): string {
  const at = place === undefined ? "" : `file=${property(place.file)},line=${place.line},col=${place.column},`;
  return `::${level} ${at}title=${property(title)}::${data(message)}`;
}

/** Escapes the text of a workflow command, as the runner's toolkit does (actions/toolkit, packages/core/src/command.ts). */
function data(text: string): string {
  return text
    .split(/\r?\n/u)
    .map((line) => plainLine(line).replaceAll("%", "%25"))
    .join("%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
