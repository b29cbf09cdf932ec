import type { JudgedObjective, JudgedRun } from "./judged-run.ts";

/** Is one thing that the author of a change should see, at its place in the spec where it has one. */
export interface Finding {
  level: "error" | "warning" | "notice";
  title: string;
  message: string;
  place: { file: string; line: number; column: number } | undefined;
}

/** States what a gate's job does with exit code 3. */
export type Inconclusive = "fail" | "warn";

const met = 0;
const inconclusiveCode = 3;
const meanings: Record<number, string> = {
  1: "an error budget is exceeded",
  2: "bad usage or a bad spec; nothing was started",
  3: "inconclusive: no proof either way",
  4: "the run could not be carried out",
  130: "interrupted; what was measured is kept",
};
const textLimit = 500;

/** Says what a judged run found, worst first: each objective that is not met, then what no objective owns. */
export function findingsOf(run: JudgedRun, exitCode: number, inconclusive: Inconclusive): Finding[] {
  if (exitCode === met) return [allMet(run)];
  const exceeded = run.objectives.filter(({ verdict }) => verdict === "exceeded");
  const unproved = run.objectives.filter(({ verdict }) => verdict === "inconclusive");
  const doubtful = inconclusive === "warn" && exitCode !== 4 ? "warning" : "error";
  const found = [
    ...exceeded.map((objective) => objectiveFinding(objective, "error")),
    ...unproved.map((objective) => objectiveFinding(objective, doubtful)),
    ...ownReasons(run).map((reason): Finding => finding(exitCode === inconclusiveCode ? doubtful : "error", titleOf(exitCode), reason)),
  ];
  return found.length > 0 ? found : [finding(exitCode === inconclusiveCode ? doubtful : "error", titleOf(exitCode), sentenceOf(exitCode))];
}

/** Says why a report does not stand behind the exit code, or nothing when it does. A pass needs a report in which every objective is met. */
export function contradiction(run: JudgedRun, exitCode: number): string | undefined {
  if (run.exitCode !== exitCode) return `the report says exit code ${run.exitCode}, the command ended with ${exitCode}`;
  if (exitCode !== met) return undefined;
  if (run.verdict !== "met") return `the exit code is 0, but the report's verdict is ${shortened(run.verdict)}`;
  if (run.objectives.length === 0) return "the exit code is 0, but no objective was judged";
  const other = run.objectives.find(({ verdict }) => verdict !== "met");
  return other && `the exit code is 0, but ${shortened(other.name)} is ${other.verdict}`;
}

/** Makes findings of a run that left no report: the places that the command named (`file:line:column text`), else its last words. */
export function refusals(exitCode: number, stderr: string): Finding[] {
  const lines = stderr.split(/\r?\n/u).filter((line) => line.trim() !== "");
  const placed = exitCode === 2 ? lines.flatMap(placedLine) : [];
  if (placed.length > 0) return placed;
  const said = lines.slice(-lastLines).join("\n");
  return [finding("error", titleOf(exitCode), [sentenceOf(exitCode), said].filter((text) => text !== "").join("\n"))];
}

const lastLines = 5;

/** Says that something is wrong with the gate itself. */
export function gateProblem(message: string): Finding {
  return finding("error", "Plimsoll: no verdict", message);
}

function placedLine(line: string): Finding[] {
  const match = /^(?<file>[^\s:][^:]*):(?<line>\d+):(?<column>\d+) (?<text>.+)$/u.exec(line)?.groups;
  if (match === undefined) return [];
  const place = { file: match["file"] ?? "", line: Number(match["line"]), column: Number(match["column"]) };
  return [{ ...finding("error", titleOf(2), match["text"] ?? ""), place }];
}

function objectiveFinding(objective: JudgedObjective, level: Finding["level"]): Finding {
  const { name, description, verdict, reason, place, targetRatio } = objective;
  const lines = [
    `${shortened(name)} is ${verdict}: target ${targetPercent(targetRatio)} (${shortened(description)})`,
    proofSentence(objective),
    reason === undefined ? "" : shortened(reason),
    `stated at ${place.file}:${place.line}:${place.column}`,
  ];
  return { ...finding(level, `Plimsoll: ${shortened(name)} is ${verdict}`, lines.filter((line) => line !== "").join("\n")), place };
}

/** Says what was spent and what would have been needed. */
function proofSentence({ verdict, evidence, targetRatio }: JudgedObjective): string {
  if (evidence === undefined) return "spent: unknown, nothing was counted";
  const { best, worst, budgetSpent, requestsNeeded } = evidence;
  const bad = best.bad === worst.bad ? count(best.bad) : `${count(best.bad)} to ${count(worst.bad)}`;
  const spent = `spent: ${percent(budgetSpent)} of the error budget, ${bad} bad of ${count(best.total)}`;
  if (verdict === "exceeded") return `${spent}; needed: at most ${count(allowed(best.total, targetRatio))} bad of ${count(best.total)}`;
  if (!Number.isFinite(requestsNeeded) || requestsNeeded <= worst.total) return spent;
  return `${spent}; needed: ${count(requestsNeeded)} requests with no more bad ones`;
}

/** Counts the bad events that the budget holds; the small sum undoes the error of 1 − 0.999 in floating point. */
function allowed(total: number, targetRatio: number): number {
  return Math.floor(total * (1 - targetRatio) + 1e-6);
}

function allMet(run: JudgedRun): Finding {
  const worst = Math.max(0, ...run.objectives.map(({ evidence }) => evidence?.budgetSpent ?? 0));
  const objectives = run.objectives.length === 1 ? "the one objective is met" : `all ${run.objectives.length} objectives are met`;
  const subject = `${shortened(run.service)} under ${shortened(run.scenario)}`;
  return finding("notice", "Plimsoll: met", `${subject}: ${objectives}; most spent of an error budget: ${percent(worst)}`);
}

/** Lists the reasons that no objective's own reason repeats. */
function ownReasons(run: JudgedRun): string[] {
  const told = run.objectives.flatMap(({ name, reason }) => (reason === undefined ? [] : [reason, `${name}: ${reason}`]));
  return run.reasons.filter((reason) => !told.includes(reason)).map(shortened);
}

function finding(level: Finding["level"], title: string, message: string): Finding {
  return { level, title, message, place: undefined };
}

function titleOf(exitCode: number): string {
  return exitCode === inconclusiveCode ? "Plimsoll: inconclusive" : `Plimsoll: exit code ${exitCode}`;
}

function sentenceOf(exitCode: number): string {
  return meanings[exitCode] ?? `the command ended with ${exitCode}, which has no meaning`;
}

function shortened(text: string): string {
  return text.length <= textLimit ? text : `${text.slice(0, textLimit - 1)}…`;
}

function targetPercent(targetRatio: number): string {
  return `${Number((targetRatio * 100).toPrecision(10))}%`;
}

function percent(ratio: number): string {
  return `${(ratio * 100).toLocaleString("en-US", { maximumSignificantDigits: 4 })}%`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
