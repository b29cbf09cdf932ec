import { complement, provesExceeded, provesMet } from "../../judge/clopper-pearson.ts";
import type { WindowFinding } from "../../judge/verdict.ts";
import { sideOf } from "../../spec/side.ts";
import type { JudgedObjective } from "./judge-world.ts";
import { truthOf, type Truth, type TrueEvent } from "./truth.ts";
import type { Happened } from "./happen.ts";
import { isIn, type Stretch, type World, type WorldObjective } from "./world.ts";

/** What a verdict said of an objective, beside the truth. */
export interface Finding {
  objective: WorldObjective;
  judged: JudgedObjective;
  truth: Truth;
  /** What is untrue in it, one sentence each; empty for an honest verdict. */
  lies: string[];
}

type Burst = Extract<WindowFinding, { kind: "fastBurn" }>;

/** Tells whether the truth has a window of that length about there in which the budget burned too fast. */
function burned(events: readonly TrueEvent[], { longSeconds, burnRateThreshold }: Burst, about: Stretch, budget: number): boolean {
  const near = events.filter(({ at }) => isIn(at, about));
  let [end, bad] = [0, 0];
  return near.some((first, i) => {
    for (let one = near[end]; one !== undefined && one.at < first.at + longSeconds; end += 1, one = near[end]) if (one.bad) bad += 1;
    const ratio = bad / (end - i);
    if (first.bad) bad -= 1;
    return ratio > burnRateThreshold * budget;
  });
}

function burstLies(world: World, { objective, judged, truth }: Omit<Finding, "lies">, origin: number): string[] {
  const burst = judged.evidence?.windows.find((window) => window.kind === "fastBurn");
  if (burst === undefined) return ["exceeded, and the truth does not prove it"];
  const client = sideOf(objective.indicator) === "client";
  const zero = origin + (client ? 0 : world.offsetSeconds);
  const apart = Math.max(...world.pods.map(({ clockSeconds }) => clockSeconds));
  const slack = client ? 1.5 + apart + (world.shortages[0] ? 6 : 0) : (1 + world.lateScrapes) * world.scrapeSeconds + 1;
  const [from, to] = [burst.fromSeconds - zero, burst.toSeconds - zero];
  if (burned(truth.events, burst, { from: from - slack, to: to + slack }, complement(objective.targetRatio))) return [];
  return [`exceeded by a fast burn from ${from.toFixed(1)} s to ${to.toFixed(1)} s, and there was none`];
}

function countLies({ judged, truth }: Omit<Finding, "lies">): string[] {
  if (judged.evidence === undefined) return [];
  const { best, worst } = judged.evidence;
  const { kindest, harshest } = truth;
  const good = ({ total, bad }: { total: number; bad: number }): number => total - bad;
  return [
    ...(best.bad > harshest.bad ? [`at least ${best.bad} bad, and there were ${harshest.bad}`] : []),
    ...(worst.bad < kindest.bad ? [`at most ${worst.bad} bad, and there were ${kindest.bad}`] : []),
    ...(good(best) < good(harshest) ? [`at most ${good(best)} good, and there were ${good(harshest)}`] : []),
    ...(good(worst) > good(kindest) ? [`at least ${good(worst)} good, and there were ${good(kindest)}`] : []),
  ];
}

/** Compares the verdict on one objective with the truth. */
export function findingOf(world: World, happened: Happened, objective: WorldObjective, judged: JudgedObjective, origin: number): Finding {
  const found = { objective, judged, truth: truthOf(world, happened, objective) };
  const { kindest, harshest } = found.truth;
  const lies = countLies(found);
  if (judged.verdict === "met" && !provesMet(kindest, objective.targetRatio, confidence))
    lies.unshift("met, and the truth does not prove it");
  if (judged.verdict === "exceeded" && !provesExceeded(harshest, objective.targetRatio, confidence))
    lies.unshift(...burstLies(world, found, origin));
  return { ...found, lies };
}

/** The confidence of every world's spec. */
export const confidence = 0.95;

/** Says in one line what was found of an objective. */
export function findingText({ objective, judged, truth, lies }: Finding): string {
  const count = ({ bad, total }: { bad: number; total: number }): string => `${bad} of ${total}`;
  const said = judged.evidence ? ` by ${count(judged.evidence.best)} to ${count(judged.evidence.worst)}` : "";
  const range =
    count(truth.kindest) === count(truth.harshest) ? count(truth.kindest) : `${count(truth.kindest)} to ${count(truth.harshest)}`;
  return `${objective.name} ${objective.targetRatio * 100} %: ${judged.verdict}${said}; truth ${range} bad: ${lies.join("; ") || "honest"} (${judged.reason ?? "no reason"})`;
}
