import { runOrigin } from "./facts.ts";
import { type ReportObjective, shortName, unmet } from "./headline.ts";
import { count, counted, duration, elapsed } from "./numbers.ts";
import type { Report } from "./schema.ts";
import { listed } from "../spec/words.ts";
import errorCodes from "./error-codes.json" with { type: "json" };

type Cause = NonNullable<Report["causes"]>[number];
type Outcome = Cause["outcomes"][number]["outcome"];

/** What is told of a cause, and the objectives that are not met for it. */
export interface ToldCause {
  sentence: string;
  objectives: string[];
}

/** k6's codes of requests that got no answer (Grafana k6, "Error codes"). */
const k6Errors: Record<string, string> = errorCodes;

/** How many are told: routes that stand out of one objective, outcomes of one cause, instances, and samples. */
const most = 3;

/** Tells what the bad events of the objectives that are not met have in common, the same thing once, those of exceeded objectives first. */
export function causes(report: Report, of: readonly ReportObjective[] = unmet(report)): ToldCause[] {
  const told = of.flatMap((objective) => {
    const own = (report.causes ?? []).filter((cause) => cause.objective === objective.name);
    const found = own
      .slice(0, most)
      .map((cause) => ({ objective, what: whatText(cause, report), side: cause.side, more: elsewhereText(cause, own.length) }));
    const left = own.length > most ? [`${counted(own.length - most, "more route")} with more bad events than chance`] : [];
    const rest = [...left, ...droppedSentence(report, objective, own)];
    return [...found, ...rest.map((what) => ({ objective, what, side: "client" as const, more: "" }))];
  });
  return [...Map.groupBy(told, ({ what }) => what)].map(([what, group]) => {
    const ofService = group.every(({ side }) => side === "server") ? "by the service's own count" : "";
    const more = group.find((one) => one.more !== "")?.more ?? "";
    const sentence = [what, ofService, more].filter((part) => part !== "").join(", ");
    return { sentence, objectives: group.map(({ objective }) => objective.name) };
  });
}

export const causeLine = ({ sentence, objectives }: ToldCause): string => `${sentence} (${objectives.map(shortName).join(", ")})`;

/** Tells how many of the bad events are no requests: load that was offered, and that k6 had to drop. */
function droppedSentence(report: Report, objective: ReportObjective, own: readonly Cause[]): string[] {
  const { side, evidence, atMostSeconds, noun = "requests", phase } = objective;
  // Of a part of the load no causes are read, and bad checks or seconds are no drops.
  const holdsDrops = side === "client" && atMostSeconds === undefined && phase === undefined && ["requests", "iterations"].includes(noun);
  if (evidence === undefined || !holdsDrops) return [];
  const [first] = own;
  const requests = own.reduce((sum, cause) => sum + cause.count.bad, first?.elsewhere.bad ?? 0);
  const dropped = Math.min(report.load.droppedIterations, evidence.best.bad - requests);
  return dropped > 0
    ? [
        `${counted(dropped, "iteration")} dropped: offered, and not served in time to begin; where its answers are fast, the script has too few VUs (preAllocatedVUs, maxVUs)`,
      ]
    : [];
}

function whatText(cause: Cause, report: Report): string {
  const { subject, count: own, atMostSeconds } = cause;
  const together = own.bad === own.total ? "all routes" : "no route stands out";
  const who = subject === undefined ? together : `${shortName(subject.method)} ${shortName(subject.route || "(no route)")}`;
  const did = atMostSeconds === undefined ? "failed" : `took longer than ${duration(atMostSeconds)}`;
  const parts = [
    `${who}: ${count(own.bad)} of ${count(own.total)} ${did}`,
    outcomesText(cause),
    instancesText(cause),
    momentsText(cause, report),
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function outcomesText({ outcomes, atMostSeconds }: Cause): string {
  if (atMostSeconds !== undefined && outcomes.every(({ outcome }) => outcome.kind === "slow")) return "";
  const [first] = outcomes;
  if (first === undefined) return "";
  if (outcomes.length === 1) return first.count === 1 ? outcomeText(first.outcome) : `all ${outcomeText(first.outcome)}`;
  const shown = outcomes.slice(0, most).map((one) => `${count(one.count)} ${outcomeText(one.outcome)}`);
  const left = outcomes.slice(most).reduce((sum, one) => sum + one.count, 0);
  return [...shown, ...(left > 0 ? [`${count(left)} in other ways`] : [])].join(", ");
}

export function outcomeText({ kind, status, errorCode }: Outcome): string {
  switch (kind) {
    case "slow":
      return "too slow";
    case "wrongContents":
      return "with wrong contents";
    case "answer":
      if (status !== "0") return `with ${status}`;
      return `without an answer${errorCode === "" ? "" : ` (${k6Errors[errorCode] ?? `k6 error ${errorCode}`})`}`;
  }
}

function instancesText({ instances, instance, side }: Cause): string {
  if (instance.length === 0) return "";
  const noun = side === "client" ? "load pod" : "instance";
  const nameOf = (name: string): string => (side === "client" ? count(Number(name) + 1) : shortName(name)); // pods are counted from 1
  const told = instance.map(({ name, count: own }) => `${nameOf(name)} (${count(own.bad)} of ${count(own.total)})`);
  return `most at ${noun} ${listed(told, most)}, of ${instances}`;
}

/** Says when: a stretch only where nothing bad before or after it is no chance; and the worst second where one stands out. */
function momentsText({ moments, count: own }: Cause, report: Report): string {
  if (moments === undefined) return "";
  const clock = (seconds: number): string => elapsed(seconds - runOrigin(report));
  const { firstSeconds, lastSeconds, fromStart, before, after, worst } = moments;
  const peak =
    worst === undefined ? "" : `, worst at ${clock(worst.fromSeconds)} (${count(worst.count.bad)} of ${count(worst.count.total)})`;
  if (before && after) return `from ${clock(firstSeconds)} to ${clock(lastSeconds)}, none before and after${peak}`;
  if (before) return `from ${clock(firstSeconds)} on, none before${peak}`;
  if (after) return `${fromStart ? "from the start" : `from ${clock(firstSeconds)}`} to ${clock(lastSeconds)}, none after${peak}`;
  if (own.bad === 1) return `at ${clock(firstSeconds)}`;
  const much = own.bad / own.total >= 0.1;
  return `${fromStart && much ? "from the start" : `first at ${clock(firstSeconds)}, last at ${clock(lastSeconds)}`}${peak}`;
}

const chanceText = (p: number): string => (p < 0.0001 ? "p < 0.0001" : `p = ${Number(p.toPrecision(2))}`);

/** Compares a route that stands out with all other routes, or, where several do, with those that do not. */
function elsewhereText({ elsewhere, p }: Cause, routes: number): string {
  if (p === undefined) return "";
  const chance = chanceText(p);
  if (elsewhere.total === 0) return chance;
  return `against ${count(elsewhere.bad)} of ${count(elsewhere.total)} on ${routes === 1 ? "all other routes" : "routes that do not stand out"} (${chance})`;
}

export type ReportSample = NonNullable<Report["samples"]>[number];

export function sampleOutcome({ kind, status, errorCode }: ReportSample): string {
  return outcomeText({ kind, status: String(status), errorCode: String(errorCode) });
}

/** Chooses the first samples of what objectives are not met for, by route and sort. */
export function firstSamples(report: Report, of: readonly ReportObjective[] = unmet(report)): ReportSample[] {
  const names = new Set(of.map(({ name }) => name));
  const own = (report.causes ?? []).filter(({ objective }) => names.has(objective));
  const isOf = ({ method, route, kind, durationSeconds }: ReportSample): boolean =>
    own.some(({ subject, atMostSeconds }) => {
      const isSort = atMostSeconds === undefined ? kind !== "slow" : kind === "slow" && durationSeconds > atMostSeconds;
      return isSort && (subject === undefined || (subject.method === method && subject.route === route));
    });
  return (report.samples ?? []).filter(isOf).slice(0, most);
}

export function sampleLine(sample: ReportSample, report: Report): string {
  const { method, path, durationSeconds, error, requestId, traceId, answer } = sample;
  const parts = [
    `${elapsed(sample.atSeconds - runOrigin(report))} ${method} ${path} ${sampleOutcome(sample)} after ${duration(durationSeconds)}`,
    ...(error === "" ? [] : [error]),
    ...(requestId === "" ? [] : [`request ${requestId}`]),
    ...(traceId === "" ? [] : [`trace ${traceId}`]),
  ];
  return `${parts.join(", ")}${answer === "" ? "" : `: ${answer}`}`;
}

/** Tells what spans of bad requests say more often than those of good ones, one line each. */
export function attributeLines({ attributes = [] }: Report): string[] {
  return attributes.map(({ operation, slow, span, key, value, with: own, all, p }) => {
    const good = { own: own.total - own.bad, all: all.total - all.bad };
    const where = span === operation || span === "" ? "" : `, span ${shortName(span)}`;
    const whose = span === "" ? "good requests of other routes" : "good requests";
    return `${shortName(operation)}${slow ? " (slow)" : ""}${where}: ${key} = ${shortName(value)} in ${count(own.bad)} of ${count(all.bad)} bad and ${count(good.own)} of ${count(good.all)} ${whose} (${chanceText(p)})`;
  });
}

/** Writes all samples as lines of JSON, with what the service logged of each. */
export const samplesText = ({ samples = [] }: Report): string => samples.map((sample) => `${JSON.stringify(sample)}\n`).join("");
