import type { Count, Measurement } from "../collect/measurement.ts";
import type { Objective, Spec } from "../spec/spec.ts";
import { complement, provedAtLeast, provedAtMost, provesAbove, provesMet, requestsNeeded } from "./clopper-pearson.ts";
import type { Evidence, RunVerdict, Verdict, WindowFinding } from "./verdict.ts";
import { findBursts } from "./windows.ts";

/** Says what is known of the run as a whole. */
export interface RunCondition {
  /** Why the run cannot prove success; empty for a valid run. */
  doubts: readonly string[];
  /** True when the load was offered at a given rate, whatever the service did. */
  openModel: boolean;
}

type Counted = Extract<Measurement, { kind: "counted" }>;

const percent = (ratio: number): string => `${Number((100 * ratio).toPrecision(6))} %`;
const number = (n: number): string => n.toLocaleString("en-US");

function absurdity(count: Count): string | undefined {
  const { total, bad } = count;
  if (Number.isInteger(total) && Number.isInteger(bad) && bad >= 0 && bad <= total) return undefined;
  return `the counts make no sense: ${bad} bad of ${total}`;
}

function evidenceOf({ targetRatio }: Objective, { best, worst, cumulative }: Counted, confidence: number): Evidence {
  const errorRatio = best.total === 0 ? 0 : best.bad / best.total;
  return {
    best,
    worst,
    errorRatio,
    provedAtLeast: provedAtLeast(best, confidence),
    provedAtMost: provedAtMost(worst, confidence),
    budgetSpent: errorRatio / complement(targetRatio),
    requestsNeeded: requestsNeeded(worst.bad, targetRatio, confidence),
    windows: findBursts(cumulative, targetRatio, confidence),
  };
}

function burstSentence({ burnLimit, provedBurn, count, longSeconds }: Extract<WindowFinding, { kind: "burst" }>): string {
  return `${number(count.bad)} of ${number(count.total)} within ${longSeconds.toFixed(1)} s burn the budget at least ${provedBurn.toFixed(1)} times too fast (limit ${burnLimit})`;
}

function unproved({ targetRatio }: Objective, { best, worst, doubts }: Counted, evidence: Evidence, confidence: number): string {
  if (provesMet(best, targetRatio, confidence) && doubts.length > 0) return doubts.join("; ");
  if (worst.bad / worst.total > complement(targetRatio)) {
    return `${number(worst.bad)} bad of ${number(worst.total)} is more than ${percent(targetRatio)} allows, and too little to prove that it is no chance`;
  }
  const times = evidence.requestsNeeded / worst.total;
  const factor = `${times < 10 ? times.toFixed(1) : Math.round(times)} times as many`;
  return `${number(worst.total)} requests with ${number(worst.bad)} bad cannot prove ${percent(targetRatio)}: ${number(evidence.requestsNeeded)} are needed, ${factor}`;
}

function judgeOne(objective: Objective, measurement: Measurement | undefined, run: RunCondition, confidence: number): Verdict {
  const base = { objective: objective.name, targetRatio: objective.targetRatio };
  const inconclusive = (reason: string, evidence?: Evidence): Verdict => ({ ...base, kind: "inconclusive", reason, ...(evidence ? { evidence } : {}) });
  if (measurement === undefined) return inconclusive("it was not measured");
  if (measurement.kind === "absent") return inconclusive(measurement.reason);
  const absurd = absurdity(measurement.best) ?? absurdity(measurement.worst);
  if (absurd !== undefined) return inconclusive(absurd);
  if (measurement.worst.total === 0) return inconclusive("no request was counted");
  const evidence = evidenceOf(objective, measurement, confidence);
  const burst = evidence.windows.find((finding) => finding.kind === "burst");
  if (provesAbove(measurement.best, complement(objective.targetRatio), confidence)) {
    const { best } = measurement;
    const reason = `${number(best.bad)} of ${number(best.total)} are bad: at least ${percent(evidence.provedAtLeast)}, where ${percent(complement(objective.targetRatio))} is allowed`;
    return { ...base, kind: "exceeded", reason, evidence };
  }
  if (burst) return { ...base, kind: "exceeded", reason: burstSentence(burst), evidence };
  if (!provesMet(measurement.worst, objective.targetRatio, confidence)) return inconclusive(unproved(objective, measurement, evidence, confidence), evidence);
  if (objective.indicator.kind === "latency" && !run.openModel) {
    return inconclusive("the load waits for the service (closed model), so slow answers lower it: latency is judged on arrival-rate load only", evidence);
  }
  if (run.doubts.length > 0) return inconclusive(`the run proves no success: ${run.doubts.join("; ")}`, evidence);
  return { ...base, kind: "met", evidence };
}

/** Judges every objective by what was counted, and the run by the worst of them; nothing unproved is met. */
export function judge(spec: Spec, measurements: readonly Measurement[], run: RunCondition): { verdicts: Verdict[]; run: RunVerdict } {
  const verdicts = spec.objectives.map((objective) => judgeOne(objective, measurements.find((m) => m.objective === objective.name), run, spec.confidence));
  return { verdicts, run: worstOf(verdicts, run) };
}

function worstOf(verdicts: readonly Verdict[], run: RunCondition): RunVerdict {
  const reasons = (kind: "exceeded" | "inconclusive"): string[] => verdicts.flatMap((v) => (v.kind === kind ? [`${v.objective}: ${v.reason}`] : []));
  const exceeded = reasons("exceeded");
  if (exceeded.length > 0) return { kind: "exceeded", reasons: [...exceeded, ...run.doubts] };
  if (verdicts.length === 0) return { kind: "inconclusive", reasons: ["there is no objective"] };
  const open = reasons("inconclusive");
  if (run.doubts.length > 0) return { kind: "inconclusive", reasons: [...run.doubts, ...open.filter((reason) => !reason.includes("the run proves no success"))] };
  return open.length > 0 ? { kind: "inconclusive", reasons: open } : { kind: "met" };
}
