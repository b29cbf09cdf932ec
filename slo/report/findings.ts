import { causes, firstSamples, sampleLine } from "./causes.ts";
import { objectiveNumbers } from "./facts.ts";
import { headline, ownName, type ReportObjective, runReasons, unmet } from "./headline.ts";
import { count, percent, targetPercent } from "./numbers.ts";
import { plainLine, shortened } from "./plain.ts";
import type { Report } from "./schema.ts";

/** One thing that the author of a change should see, at its place in the spec where it has one. */
export interface Finding {
  level: "error" | "warning" | "notice";
  title: string;
  message: string;
  place?: { file: string; line: number; column: number };
}

const textLimit = 500;

/** Lists what a run found, worst first: each objective that is not met, then what no objective owns. What is inconclusive has the level `unproved`, unless the run was not carried out. */
export function findingsOf(report: Report, unproved: "error" | "warning"): Finding[] {
  const advisory = unmet(report).filter((one) => one.advisory);
  const notices = advisory.map((one) => objectiveFinding(report, one, "notice"));
  if (report.exitCode === 0) return [{ level: "notice", title: "Plimsoll: met", message: metSentence(report) }, ...notices];
  const uncertain = report.exitCode === 4 ? "error" : unproved;
  const ofRun = report.exitCode === 3 ? uncertain : "error";
  const title = report.exitCode === 3 ? "Plimsoll: inconclusive" : `Plimsoll: exit code ${report.exitCode}`;
  const ownReasons = runReasons(report);
  const required = unmet(report).filter((one) => !one.advisory);
  const objectives = required.map((one) => objectiveFinding(report, one, one.verdict === "exceeded" ? "error" : uncertain));
  const reasons = objectives.length + ownReasons.length > 0 ? ownReasons : [headline(report)];
  return [...objectives, ...reasons.map((reason): Finding => ({ level: ofRun, title, message: shortened(reason, textLimit) })), ...notices];
}

function metSentence(report: Report): string {
  const most = Math.max(0, ...report.objectives.map(({ evidence, advisory }) => (advisory ? 0 : (evidence?.budgetSpent ?? 0))));
  const under = `${shortened(report.service, textLimit)} under ${shortened(report.scenario, textLimit)}`;
  return `${under}: ${headline(report)}; most spent of an error budget: ${percent(most)}`;
}

function objectiveFinding(report: Report, objective: ReportObjective, level: Finding["level"]): Finding {
  const { description, verdict, reason, place, targetRatio } = objective;
  const says = `${shortened(ownName(objective), textLimit)} is ${verdict}`;
  const what = `${says}: target ${targetPercent(targetRatio)} (${shortened(description, textLimit)})`;
  const why = reason === undefined ? [] : [shortened(reason, textLimit)];
  const found = causes(report, [objective]).map(({ sentence }) => shortened(sentence, textLimit));
  const samples = firstSamples(report, [objective]).map((sample) => shortened(sampleLine(sample, report), textLimit));
  const message = [
    what,
    ...found,
    proofSentence(objective),
    ...why,
    ...samples,
    `stated at ${place.file}:${place.line}:${place.column}`,
  ].join("\n");
  return { level, title: `Plimsoll: ${says}`, message, place };
}

function proofSentence(objective: ReportObjective): string {
  const { verdict, evidence, targetRatio, noun = "requests" } = objective;
  if (evidence === undefined) return "spent: unknown, nothing was counted";
  const { best, worst, requestsNeeded } = evidence;
  const { bad, spent: share } = objectiveNumbers(objective);
  const spent = `spent: ${share} of the error budget, bad: ${bad}`;
  // The small sum undoes the error of 1 − 0.999 in floating point.
  const allowed = Math.floor(best.total * (1 - targetRatio) + 1e-6);
  if (verdict === "exceeded") return `${spent}; needed: at most ${count(allowed)} bad of ${count(best.total)}`;
  if (!Number.isFinite(requestsNeeded) || requestsNeeded <= worst.total) return spent;
  return `${spent}; needed: ${count(requestsNeeded)} ${noun} with no more bad ones`;
}

export const oneLine = (message: string): string => plainLine(message.trim().replace(/\s*[\r\n]+\s*/gu, "; "));

/** Renders findings for a log that knows no annotations: `error: file:line:column: text`, one line each, none of which begins a command. */
export function findingLines(findings: readonly Finding[]): string {
  const lines = findings.map(({ level, message, place }) => {
    const at = place ? `${place.file}:${place.line}:${place.column}: ` : "";
    return `${oneLine(`${level}: ${at}${message}`)}\n`;
  });
  return lines.join("");
}

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
  const lines = text.split(/\r?\n/u).map((line) => plainLine(line).replaceAll("%", "%25"));
  return lines.join("%0A");
}

const property = (text: string): string => data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");

const severities = { error: "major", warning: "minor", notice: "info" } as const satisfies Record<Finding["level"], string>;

/** Renders the findings that have a place as GitLab's Code Quality report, which merge requests show; always a whole file, also when empty. */
export function codeQualityReport(findings: readonly Finding[], sha256Hex: (text: string) => string): string {
  const issues = findings.flatMap(({ level, title, message, place }) => {
    if (place === undefined) return [];
    const location = { path: place.file, lines: { begin: place.line } };
    const fingerprint = sha256Hex(`${place.file}\n${title}`);
    return [{ description: oneLine(message), check_name: "plimsoll", fingerprint, severity: severities[level], location }];
  });
  return `${JSON.stringify(issues, null, 2)}\n`;
}
