import type { Measurement } from "../collect/measurement.ts";
import type { Objective, Spec } from "../spec/spec.ts";
import { complement, provedAtLeast, provedAtMost, provesExceeded, provesMet, requestsNeeded } from "./clopper-pearson.ts";
import { soundCounts, type SoundCounts } from "./counts.ts";
import { fastBurnReason, exceededReason, possibleBurstReason, unprovedReason } from "./reasons.ts";
import { runVerdictOf, unprovenRun } from "./run-verdict.ts";
import type { Evidence, RunVerdict, Verdict } from "./verdict.ts";
import { findFastBurns } from "./windows.ts";

/** Says what is known of the run as a whole. */
export interface RunCondition {
  /** Why the run cannot prove success; empty for a valid run. */
  caveats: readonly string[];
  /** True when the load was offered at a given rate, whatever the service did. */
  openModel: boolean;
  /** Length of the judged load, where it is known better than from the measurements. */
  scenarioSeconds?: number;
  /** Unix seconds from which the report's clock counts, so that a reason tells the time of its charts. */
  originSeconds?: number;
}

type Counted = Extract<Measurement, { kind: "counted" }>;

/** Judges every objective by what was counted, and the run by the worst of them; nothing unproved is met. */
export function judge(spec: Spec, measurements: readonly Measurement[], run: RunCondition): { verdicts: Verdict[]; run: RunVerdict } {
  const verdicts = spec.objectives.map((objective) => {
    const own = measurements.filter((measurement) => measurement.objective === objective.name);
    return judgeObjective(objective, own, run, spec.confidence);
  });
  return { verdicts, run: runVerdictOf(verdicts, run.caveats) };
}

function judgeObjective(objective: Objective, measured: readonly Measurement[], run: RunCondition, confidence: number): Verdict {
  const base = { objective: objective.name, targetRatio: objective.targetRatio };
  const open = (reason: string): Verdict => ({ ...base, kind: "inconclusive", reason });
  const [measurement] = measured;
  if (measurement === undefined) return open("it was not measured");
  if (measured.length > 1) return open(`it was measured ${measured.length} times, so it is unclear which count holds`);
  if (measurement.kind === "absent") return open(measurement.reason);
  const counts = soundCounts(measurement);
  if (counts.kind === "absurd") return open(counts.reason);
  if (counts.best.total === 0) return open(["0 requests were counted", ...measurement.caveats].join("; "));
  return { ...base, ...decide(objective, measurement, counts, run, confidence) };
}

type Decision =
  | { kind: "met"; evidence: Evidence }
  | { kind: "exceeded"; reason: string; evidence: Evidence }
  | { kind: "inconclusive"; reason: string; evidence: Evidence };

function decide(
  { targetRatio, indicator }: Objective,
  { cumulative, timestampSkewSeconds, caveats }: Counted,
  { best, worst }: Extract<SoundCounts, { kind: "sound" }>,
  run: RunCondition,
  confidence: number,
): Decision {
  const question = { points: cumulative, timestampSkewSeconds, whole: best, targetRatio, confidence, runSeconds: run.scenarioSeconds };
  const windows = findFastBurns(question);
  const errorRatio = best.bad / best.total;
  const evidence: Evidence = {
    best,
    worst,
    errorRatio,
    provedAtLeast: provedAtLeast(best, confidence),
    provedAtMost: provedAtMost(worst, confidence),
    budgetSpent: errorRatio / complement(targetRatio),
    requestsNeeded: requestsNeeded(worst.bad, targetRatio, confidence),
    windows,
  };
  const burst = windows.find((window) => window.kind === "fastBurn");
  if (provesExceeded(best, targetRatio, confidence)) return { kind: "exceeded", reason: exceededReason(evidence, targetRatio), evidence };
  if (burst !== undefined) return { kind: "exceeded", reason: fastBurnReason(burst, run.originSeconds), evidence };
  if (!provesMet(worst, targetRatio, confidence)) {
    return { kind: "inconclusive", reason: unprovedReason(evidence, targetRatio, confidence, caveats), evidence };
  }
  const uncertainBad = worst.bad - best.bad;
  const possible = uncertainBad > 0 ? findFastBurns({ ...question, uncertainBad }).find((window) => window.kind === "fastBurn") : undefined;
  if (possible !== undefined) return { kind: "inconclusive", reason: possibleBurstReason(possible, uncertainBad, caveats), evidence };
  if (indicator.kind === "latency" && !run.openModel) return { kind: "inconclusive", reason: closedModel, evidence };
  if (run.caveats.length > 0) return { kind: "inconclusive", reason: unprovenRun, evidence };
  return { kind: "met", evidence };
}

const closedModel =
  "the load waits for the service (closed model), so slow answers lower it and hide: latency is met only under an arrival-rate executor";
