import type { WindowFinding } from "../judge/verdict.ts";
import { periodBudgetSpent, recoveries, type ReportObjective, runReasons, shortName, whys } from "./headline.ts";
import { badOfTotal, budgetSpent, bytes, count, counted, duration, elapsed, percent, provedGood, rate, targetPercent } from "./numbers.ts";
import type { Report } from "./schema.ts";

/** One row of the table that follows each request from k6 to the server; `null` could not be read, absent does not apply. */
export interface CountedRow {
  label: string;
  requests: number | null;
  errors?: number | null;
  /** Answers with wrong contents, where there are any. */
  wrongContents?: number | undefined;
}

export type Fact = readonly [label: string, value: string];

/** Words what an objective's counts are and prove, and what it says where nothing was counted. */
export function objectiveNumbers({ evidence, targetRatio }: ReportObjective): { bad: string; spent: string; proved: string } {
  if (evidence === undefined) return { bad: "no count", spent: "unknown", proved: "nothing" };
  const bad = evidence.dropped === undefined ? badOfTotal(evidence) : `${badOfTotal(evidence)}, ${count(evidence.dropped)} dropped`;
  return { bad, spent: budgetSpent(evidence, targetRatio), proved: provedGood(evidence, targetRatio) };
}

/** Words the errors of a row of the counts, and the wrong contents beside them; empty where a side has none. */
export function errorCell({ errors, wrongContents: wrong }: CountedRow): string {
  if (errors === undefined) return "";
  return `${count(errors)}${wrong === undefined ? "" : `, ${count(wrong)} wrong contents`}`;
}

/** Lists what each side counted, in the order in which a request passes them: first what is judged, then all load, setup and warm-up included. */
export function countedRows({ load, reconciliation: r }: Report): CountedRow[] {
  const k6Errors = r.k6Requests === null ? null : r.k6Errors; // what came to the relay, of a k6 that said nothing, may not be all
  return [
    { label: "judged, by k6", requests: load.requests, errors: load.errors },
    { label: "k6 sent in all", requests: r.k6Requests, errors: k6Errors, wrongContents: r.wrongContents || undefined },
    { label: "relay forwarded", requests: r.relayRequests },
    { label: "Prometheus holds", requests: r.prometheusRequests },
    { label: "server counted", requests: r.serverRequests, errors: r.serverErrors },
    { label: "lost between", requests: r.lostBetween },
  ];
}

/** Says whether the counts of the sides add up, which is unknown where a side could not be read. */
export function agreement({ reconciliation: r }: Report): string {
  if (r.agrees === null) return "The counts could not be compared.";
  if (!r.agrees) return "The counts do not add up.";
  if (isWholeAgreement(r)) return "The counts add up.";
  return `The counts of k6 and Prometheus add up, the server's ${r.lostBetween === null ? "are not known" : "differ"}.`;
}

export const isWholeAgreement = ({ agrees, lostBetween }: Report["reconciliation"]): boolean => agrees === true && lostBetween === 0;

/** Says, in whole sentences, what explains the counts and how the sides' latencies compare; `agreement` comes before them. */
export function countSentences(report: Report): string[] {
  const { explanation } = report.reconciliation;
  const wrong = report.verdict === "exceeded" ? [] : wrongContents(report);
  return [explanation, ...wrong, latencyGap(report.reconciliation)].flatMap((part) => (part === "" ? [] : [sentence(part)]));
}

/** Lists the reasons that no objective has; a broken run says among them that bad events were no errors. */
export function otherReasons(report: Report): string[] {
  return [...runReasons(report), ...(report.verdict === "exceeded" ? wrongContents(report) : [])];
}

/** Lists why a run is not met: the objectives' reasons, an exceeded one's with what it means for the period's budget, then those that no objective has. */
export function reasonLines(report: Report): string[] {
  const own = whys(report).map(({ objectives: [objective], who, reason, place }) => {
    const spent = place !== "" && objective?.verdict === "exceeded" ? periodSentence(report, objective) : undefined;
    return `${who}: ${reason}${spent === undefined ? "" : `; ${spent}`}${place}`;
  });
  return [...own, ...otherReasons(report)];
}

/** Explains bad events that are no errors: answers that said they were good, with the wrong bytes. */
function wrongContents({ reconciliation: { wrongContents: wrong } }: Report): string[] {
  return wrong ? [`${counted(wrong, "answer")} had the right status and the wrong contents: bad events, though no errors`] : [];
}

export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const sentence = (text: string): string => capitalised(/[.!?]$/u.test(text) ? text : `${text}.`);

function latencyGap({ clientMinusServerSeconds: seconds }: Report["reconciliation"]): string {
  if (seconds === null) return "the mean latencies of client and server could not be compared";
  return `mean latency at the client is ${duration(Math.abs(seconds))} ${seconds < 0 ? "below" : "above"} the server's`;
}

/** k6 rounds at the edge of each stage, and of each pod's share: no more than this share of a plan. */
const roundedShare = 0.01;

/** Explains where the load's counts differ from its plan, or from what k6 sent; empty where they do not. */
export function loadDifferences({ load, reconciliation }: Report): string[] {
  const { offeredIterations: offered, interruptedIterations: interrupted, startedIterations: started, droppedIterations: dropped } = load;
  const notJudged = reconciliation.relayRequests - load.requests;
  const sentences = interrupted ? ["what k6 interrupted is not among the iterations that are counted as started"] : [];
  const over = offered === null ? 0 : started + dropped + (interrupted ?? 0) - offered;
  if (over !== 0) sentences.push(planDifference(over, offered ?? 0, interrupted === null));
  if (notJudged > 0) sentences.push(`k6 sent ${counted(notJudged, "request")} more in setup and warm-up, which are not judged`);
  return sentences;
}

function planDifference(over: number, offered: number, cutOffUnknown: boolean): string {
  const much = `${counted(Math.abs(over), "iteration")} ${over > 0 ? "more" : "fewer"} than the plan offers`;
  if (cutOffUnknown) return `${much}: how many were cut off is not known`;
  if (Math.abs(over) > Math.max(1, offered * roundedShare)) return much;
  return over > 0 ? `${much}: k6 may start one more at the edge of a stage` : `${much}: k6 rounds each stage down`;
}

export function loadFacts(report: Report): Fact[] {
  const { load } = report;
  return [
    ["offered", load.offeredIterations === null ? "not defined by the script" : counted(load.offeredIterations, "iteration")],
    ["started", count(load.startedIterations)],
    ["dropped", count(load.droppedIterations)],
    ["interrupted", count(load.interruptedIterations)],
    ["requests", count(load.requests)],
    [
      "peak rate",
      `${rate(load.peakAchievedRate)} achieved, ${load.peakOfferedRate === null ? "none" : rate(load.peakOfferedRate)} offered`,
    ],
    ["model", load.openModel ? "open (arrival rate)" : "closed (a slow service is offered less load)"],
    ...loadDifferences(report).map((sentence): Fact => ["note", sentence]),
  ];
}

export function timingFacts({ timings }: Report): Fact[] {
  const { toFirstRequestSeconds: before, toVerdictSeconds: after } = timings;
  const added = before === null || after === null ? null : before + after;
  return [
    ["before the first request", lapse(before)],
    ["load", duration(timings.loadSeconds)],
    ["last request to verdict", lapse(after)],
    ["added to the load's own time", lapse(added)],
  ];
}

export function originFacts({ origin }: Report): Fact[] {
  if (origin === null) return [["command", "not kept"]];
  const { command, commit, machine, versions } = origin;
  const [hash = "", ...dirty] = (commit ?? "").split("-");
  return [
    ["command", command],
    ["commit", commit === null ? "no git here" : `${hash}${dirty.length > 0 ? ", with changes that were not committed" : ""}`],
    ["versions", `Plimsoll ${versions.plimsoll}, k6 ${versions.k6}, Prometheus ${versions.prometheus ?? "not told"}`],
    ["machine", machine],
  ];
}

export function generatorFacts({ generator }: Report): Fact[] {
  return [
    ["highest CPU share", generator.cpuShareMax === null ? "not read" : percent(generator.cpuShareMax)],
    ["short of CPU for", generator.starvedSeconds === null ? "nobody knows how long" : duration(generator.starvedSeconds)],
    ["peak memory", bytes(generator.memoryPeakBytes)],
  ];
}

/** Lists each target that the scenario is allowed in place of the spec's own. */
export function scenarioOverrides(report: Report): string[] {
  return report.objectives.flatMap(({ name, targetRatio, statedTargetRatio }) => {
    if (statedTargetRatio === undefined) return [];
    const instead = `judged at ${targetPercent(targetRatio)}, not the spec's ${targetPercent(statedTargetRatio)}`;
    return [`${shortName(name)}: ${instead}, as ${shortName(report.scenario)} allows`];
  });
}

/** Lists what follows the numbers: titles and, below each, its sentences, if any. */
export function remarks(report: Report): [title: string, sentences: string[]][] {
  return [
    ["Scenario overrides", scenarioOverrides(report)],
    ["Recovery", recoveries(report)],
    ["Caveats", caveatsOf(report)],
    ["Windows", notableWindows(report)],
    ["Notes", report.notes],
  ];
}

/** Lists what is uncertain, each once, with the objectives that it is of. */
function caveatsOf({ objectives }: Report): string[] {
  const all = objectives.flatMap(({ name, caveats }) => caveats.map((reason) => ({ name: shortName(name), reason })));
  return [...Map.groupBy(all, ({ reason }) => reason)].map(([reason, of]) => `${of.map(({ name }) => name).join(", ")}: ${reason}`);
}

/** Lists the windows with a fast burn that the average hides, and for each objective why its longest one could not be looked at. */
function notableWindows(report: Report): string[] {
  const burns = report.objectives.flatMap(({ name, evidence }) => {
    const hidden = (evidence?.windows ?? []).filter(
      (window) => window.kind === "fastBurn" && (evidence?.budgetSpent ?? 0) < window.burnRateThreshold,
    );
    return hidden.map((window) => `${shortName(name)}: ${windowSentence(window, report, evidence?.budgetSpent ?? 0)}`);
  });
  const skipped = report.objectives.flatMap(({ name, evidence }) => {
    const [longest] = (evidence?.windows ?? []).filter(({ kind }) => kind === "skipped").toSorted((a, b) => b.longSeconds - a.longSeconds);
    return longest === undefined ? [] : [`${shortName(name)}: ${windowSentence(longest, report, 0)}`];
  });
  return [...burns, ...skipped];
}

/** Says what one pair of windows found, beside the burn rate of the whole run; times count from the start of the run's first phase. */
export function windowSentence(window: WindowFinding, report: Report, averageBurnRate: number): string {
  const pair = `${duration(window.longSeconds)}/${duration(window.shortSeconds)}`;
  const limit = `limit ${count(window.burnRateThreshold)}×`;
  switch (window.kind) {
    case "slowBurn":
      return `window ${pair} below the threshold, worst burn rate ${count(window.worstBurnRate)}× (${limit})`;
    case "skipped":
      return `${window.longSeconds > 0 ? `window ${pair}` : "windows"} skipped: ${window.reason}`;
    case "fastBurn": {
      const origin = runOrigin(report);
      const span = `${elapsed(window.fromSeconds - origin)}–${elapsed(window.toSeconds - origin)}`;
      const events = `${count(window.count.bad)} bad of ${count(window.count.total)}`;
      if (averageBurnRate >= window.burnRateThreshold)
        return `window ${pair} fast burn, as the whole run is, worst at ${span}: burn ${count(window.worstBurnRate)}× (${limit}), ${events}`;
      return `window ${pair} fast burn at ${span}: burn ${count(window.worstBurnRate)}×, proved ${count(window.provedBurnRate)}× (${limit}), ${events}`;
    }
  }
}

/** Says what the run means for the period's budget, or nothing where nothing was counted: how soon it is gone, or how much of it the run spent. */
export function periodSentence(report: Report, objective: ReportObjective): string | undefined {
  const spent = periodBudgetSpent(report, objective);
  if (spent === undefined || objective.evidence === undefined) return undefined;
  const period = duration(report.periodSeconds);
  const { budgetSpent: burnRate } = objective.evidence;
  if (burnRate > 1) return `at this error ratio the budget of ${period} is gone in ${duration(report.periodSeconds / burnRate)}`;
  return `at this traffic, the run spent ${percent(spent)} of the error budget of ${period}`;
}

/** The moment, in Unix seconds, from which every chart and sentence counts. */
export function runOrigin(report: Report): number {
  const starts = [...report.phases.map(({ fromSeconds }) => fromSeconds), ...report.series.atSeconds.slice(0, 1)];
  return starts.length === 0 ? report.startedAt : Math.min(...starts);
}

/** Writes a time that may never have come to be, in seconds. */
export const lapse = (seconds: number | null): string => (seconds === null ? "unknown" : duration(seconds));
