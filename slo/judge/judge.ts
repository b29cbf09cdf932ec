import type { Count, Measurement } from "../collect/measurement.ts";
import { isRequired } from "../spec/schema.ts";
import { hiddenInClosedModel, nounOf, type HiddenInClosedModel } from "../spec/side.ts";
import type { Objective, Spec } from "../spec/spec.ts";
import { complement, lowerBound, provesExceeded, provesMet, requestsNeeded, upperBound } from "./clopper-pearson.ts";
import { lowerBoundAtAnyLook, provesExceededAtAnyLook, provesExceededOverPlan, upperBoundAtAnyLook } from "./martingale.ts";
import { exceededReason, fastBurnReason, possibleFastBurnReason, unprovedReason } from "./reasons.ts";
import type { Decision, Evidence, RunVerdict, Verdict } from "./verdict.ts";
import { findFastBurns } from "./windows.ts";

export interface RunCondition {
  /** Why the run cannot prove success; empty for a valid run. */
  caveats: readonly string[];
  /** True when the load was offered at a given rate, whatever the service did. */
  openModel: boolean;
  /** The load was stopped for what its counts showed: only bounds over all requests of its plan, or that hold at any look, prove something of it. */
  stoppedOnProof?: { planned: number | null; sent: number } | undefined;
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
  // An advisory objective is judged and shown, and decides nothing.
  const required = spec.objectives.flatMap((objective, i) => (isRequired(objective) ? verdicts.slice(i, i + 1) : []));
  return { verdicts, run: runVerdictOf(required, run.caveats) };
}

function judgeObjective(objective: Objective, measured: readonly Measurement[], run: RunCondition, confidence: number): Verdict {
  const base = { objective: objective.name, targetRatio: objective.targetRatio };
  const open = (reason: string): Verdict => ({ ...base, kind: "inconclusive", reason });
  const [measurement] = measured;
  if (measurement === undefined) return open("it was not measured");
  if (measured.length > 1) return open(`it was measured ${measured.length} times, so it is unclear which count holds`);
  if (measurement.kind === "absent") return open(measurement.reason);
  const counts = soundCounts(measurement);
  if (typeof counts === "string") return open(counts);
  if (counts.best.total === 0) return open([`0 ${nounOf(objective.indicator)} were counted`, ...measurement.caveats].join("; "));
  return { ...base, ...decide(objective, { ...measurement, ...counts }, run, confidence) };
}

function decide(
  { targetRatio, indicator }: Objective,
  { cumulative, timestampSkewSeconds, caveats, best, worst, dropped = 0 }: Counted,
  run: RunCondition,
  confidence: number,
): Decision {
  // The counts over time are as they were read: what of them may not be the load's own is in no point apart.
  const end = cumulative.at(-1) ?? best;
  // No moment can hold more bad events than the worst reading, nor more good ones beside them than the best.
  const whole = { total: best.total - best.bad + worst.bad, bad: worst.bad };
  const question = { points: cumulative, timestampSkewSeconds, whole, targetRatio, confidence };
  const windows = findFastBurns({ ...question, badShift: Math.min(0, best.bad - end.bad), goodShift: Math.max(0, best.total - end.total) });
  const errorRatio = best.bad / best.total;
  const bounds = boundsOf(run, dropped);
  const evidence: Evidence = {
    best,
    worst,
    ...(dropped > 0 ? { dropped } : {}),
    errorRatio,
    provedAtLeast: bounds.lower(best, complement(confidence)),
    provedAtMost: bounds.upper(worst, complement(confidence)),
    budgetSpent: errorRatio / complement(targetRatio),
    requestsNeeded: requestsNeeded(worst.bad, targetRatio, confidence),
    windows,
  };
  const exceeded = (reason: string): Decision => ({ kind: "exceeded", reason, evidence });
  const inconclusive = (reason: string): Decision => ({ kind: "inconclusive", reason, evidence });
  // Windows are proved for a load of the planned length only.
  const fastBurn = run.stoppedOnProof !== undefined ? undefined : windows.find((window) => window.kind === "fastBurn");
  if (bounds.provesExceeded(best, targetRatio, confidence)) return exceeded(exceededReason(evidence, targetRatio));
  if (fastBurn !== undefined) return exceeded(fastBurnReason(fastBurn, run.originSeconds));
  if (!provesMet(worst, targetRatio, confidence))
    return inconclusive(unprovedReason(evidence, targetRatio, confidence, caveats, nounOf(indicator)));
  const uncertainBad = worst.bad - best.bad;
  const atWorst = uncertainBad > 0 ? findFastBurns({ ...question, badShift: Math.max(0, worst.bad - end.bad) }) : [];
  const possible = atWorst.find((window) => window.kind === "fastBurn");
  if (possible !== undefined) return inconclusive(possibleFastBurnReason(possible, uncertainBad, caveats));
  const hidden = run.openModel ? undefined : hiddenInClosedModel(indicator);
  if (hidden !== undefined) return inconclusive(hiddenBecause[hidden]);
  return run.caveats.length > 0 ? inconclusive(unprovenRun) : { kind: "met", evidence };
}

const atPlannedSize = { lower: lowerBound, upper: upperBound, provesExceeded };
const atAnyLook = { lower: lowerBoundAtAnyLook, upper: upperBoundAtAnyLook, provesExceeded: provesExceededAtAnyLook };

/** Chooses the bounds; of a load that was stopped on proof over its plan, all that was not sent is good at best and bad at worst. */
function boundsOf({ stoppedOnProof: stopped }: RunCondition, dropped: number): typeof atPlannedSize {
  if (stopped === undefined) return atPlannedSize;
  const { planned, sent } = stopped;
  if (planned === null) return atAnyLook;
  // An objective may have several events for each request.
  const all = ({ total }: Count): number => Math.max(total, Math.ceil(planned * Math.max(1, (total - dropped) / Math.max(1, sent))));
  return {
    lower: (count, alpha) => lowerBound({ bad: count.bad, total: all(count) }, alpha),
    upper: (count, alpha) => upperBound({ bad: count.bad + all(count) - count.total, total: all(count) }, alpha),
    provesExceeded: (count, target, confidence) => provesExceededOverPlan(count, all(count), target, confidence),
  };
}

/** Says why a load that waits for the service hides what an indicator is about. */
const hiddenBecause: Readonly<Record<NonNullable<HiddenInClosedModel>, string>> = {
  slowness:
    "the load waits for the service (closed model), so slow answers lower it and hide: latency is met only under an arrival-rate executor",
  offer:
    "the load waits for the service (closed model), so nothing is offered that could be missed: the rate is judged only under an arrival-rate executor",
};

/** Says of an objective that the run cannot prove it, for reasons that are the run's own and stand there. */
const unprovenRun = "run invalid: objectives cannot be reported as met";

/** Counts come through floating point: this near to a whole number they are one. */
const wholeTolerance = 1e-6;

/** Checks that counts are whole, 0 ≤ bad ≤ total, and that `best` is no worse than `worst`: only then can the two never prove opposite things. A sentence where they are not. */
function soundCounts({ best, worst }: Pick<Counted, "best" | "worst">): { best: Count; worst: Count } | string {
  const absurd = (counts: string): string => `the counts make no sense: ${counts}`;
  const [lower, upper] = [whole(best), whole(worst)];
  if (lower === undefined) return absurd(text(best));
  if (upper === undefined) return absurd(text(worst));
  const ordered = lower.bad <= upper.bad && lower.total - lower.bad >= upper.total - upper.bad;
  return ordered ? { best: lower, worst: upper } : absurd(`at best ${text(best)}, at worst ${text(worst)}`);
}

function whole({ total, bad }: Count): Count | undefined {
  const near = (value: number): boolean => Number.isSafeInteger(Math.round(value)) && Math.abs(value - Math.round(value)) <= wholeTolerance;
  if (!near(total) || !near(bad)) return undefined;
  const count = { total: Math.round(total), bad: Math.round(bad) };
  return count.bad >= 0 && count.bad <= count.total ? count : undefined;
}

const text = ({ total, bad }: Count): string => `${bad} bad of ${total}`;

/** Judges the run by the worst of its objectives, worst reasons first; what only repeats the caveats of the run is said once. */
function runVerdictOf(verdicts: readonly Verdict[], caveats: readonly string[]): RunVerdict {
  if (verdicts.length === 0)
    return { kind: "inconclusive", reasons: ["the spec has no objective, so there is nothing to judge", ...caveats] };
  const reasonsOf = (kind: "exceeded" | "inconclusive"): string[] =>
    verdicts.flatMap((one) => (one.kind === kind && one.reason !== unprovenRun ? [`${one.objective}: ${one.reason}`] : []));
  const exceeded = reasonsOf("exceeded");
  const reasons = [...exceeded, ...caveats, ...reasonsOf("inconclusive")];
  if (exceeded.length > 0) return { kind: "exceeded", reasons };
  return reasons.length > 0 ? { kind: "inconclusive", reasons } : { kind: "met" };
}
