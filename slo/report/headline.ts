import { count, counted, duration, targetPercent } from "./numbers.ts";
import { shortened } from "./plain.ts";
import type { Report } from "./schema.ts";
import { listed } from "../spec/words.ts";

export const verdictWord = (verdict: Report["verdict"]): string => verdict.toUpperCase();

/** The sign beside each verdict's word, so that colour is never the only one. */
export const verdictSigns: Record<Report["verdict"], string> = { met: "✓", exceeded: "✕", inconclusive: "?", interrupted: "■" };

/** The word for each side on which an objective is counted; a ratio's counters are the service's own. */
export const sideWords: Record<ReportObjective["side"], string> = { client: "client", server: "server", other: "service" };

const nameLimit = 80;
const mostNames = 5;

export type ReportObjective = Report["objectives"][number];

/** Says in one phrase what the run found; names in it are raw data, for the caller to escape. */
export function headline(report: Report): string {
  switch (report.verdict) {
    case "met": {
      const { length } = report.objectives.filter(({ advisory }) => !advisory);
      if (length === 0) return "no objective was judged";
      const missed = report.objectives.filter(({ advisory, verdict }) => advisory && verdict !== "met").length;
      const watched = missed === 0 ? "" : `; ${missed === 1 ? "1 advisory one is" : `${count(missed)} advisory ones are`} not`;
      return `${length === 1 ? "the one objective is met" : `all ${count(length)} objectives are met`}${watched}`;
    }
    case "exceeded":
      return named(report, "exceeded", "missed");
    case "inconclusive":
      return named(report, "inconclusive", "without proof");
    case "interrupted":
      return "stopped before its end; this is what was measured until then";
  }
}

/** Says which run this was: service, scenario, requests, target; raw data, for the caller to escape. */
export function subject(report: Report): string {
  const [service, scenario, target] = [report.service, report.scenario, report.target].map(shortName);
  return `${service} under ${scenario}, ${counted(report.load.requests, "request")} to ${target}`;
}

/** Tells the share of the spec's period budget that this run spent, had the service served only this traffic, 0–1. */
export function periodBudgetSpent(report: Report, objective: ReportObjective): number | undefined {
  if (objective.evidence === undefined || report.periodSeconds <= 0) return undefined;
  return (objective.evidence.budgetSpent * report.timings.loadSeconds) / report.periodSeconds;
}

/** Lists the objectives that are not met, the exceeded ones first. */
export function unmet(report: Report): ReportObjective[] {
  return (["exceeded", "inconclusive"] as const).flatMap((kind) => report.objectives.filter(({ verdict }) => verdict === kind));
}

/** Names an objective, and says so where it decides nothing. */
export const ownName = ({ name, advisory }: ReportObjective): string => `${shortName(name)}${advisory ? " (advisory)" : ""}`;

/** Lists why objectives are not met, exceeded ones first; those with one reason stand together, under all their names, and one that stands alone has its place, ` (file:line:column)`. */
export function whys(report: Report) {
  const groups = Map.groupBy(unmet(report), ({ reason }) => reason ?? "no reason was given");
  return [...groups].map(([reason, objectives]) => {
    const all = objectives.length > 1 && objectives.length === report.objectives.length;
    const who = all ? `all ${objectives.length} objectives` : objectives.map(ownName).join(", ");
    const places = objectives.map(({ place: { file, line, column } }) => ` (${file}:${line}:${column})`);
    return { objectives, who, reason, place: places.length === 1 ? places.join() : "" };
  });
}

export function runReasons(report: Report): string[] {
  const told = report.objectives.flatMap(({ name, reason }) => (reason === undefined ? [] : [reason, `${name}: ${reason}`]));
  return report.reasons.filter((reason) => !told.includes(reason));
}

export const shortName = (name: string): string => shortened(name, nameLimit);

function named(report: Report, verdict: "exceeded" | "inconclusive", state: string): string {
  const required = report.objectives.filter(({ advisory }) => !advisory);
  const names = required.filter((objective) => objective.verdict === verdict).map(({ name }) => name);
  if (names.length === 0) return report.reasons[0] ?? "the run as a whole is not valid";
  return `${names.length} of ${counted(required.length, "objective")} ${state}: ${listed(names.map(shortName), mostNames)}`;
}

/** Says how long each objective about the recovery went on being missed. */
export function recoveries(report: Report): string[] {
  return report.objectives.flatMap(({ name, recoverySeconds: seconds, targetRatio }) => {
    const missed = `missed ${targetPercent(targetRatio)}`;
    if (seconds === undefined) return [];
    if (seconds === null) return [`${shortName(name)}: it ${missed} to the end of the phase, or its seconds are not known`];
    if (seconds === 0) return [`${shortName(name)}: no second ${missed}`];
    return [`${shortName(name)}: the last second that ${missed} ended ${duration(seconds)} after the phase began`];
  });
}
