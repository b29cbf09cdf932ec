import type { RunVerdict, Verdict } from "./verdict.ts";

/** Says of an objective that the run cannot prove it, for reasons that are the run's own and told there. */
export const unprovenRun = "the run proves no success";

/** Judges the run by the worst of its objectives, worst reasons first; what only repeats the caveats of the run is said once. */
export function runVerdictOf(verdicts: readonly Verdict[], caveats: readonly string[]): RunVerdict {
  if (verdicts.length === 0)
    return { kind: "inconclusive", reasons: ["the spec has no objective, so there is nothing to judge", ...caveats] };
  const exceeded = verdicts.flatMap((verdict) => (verdict.kind === "exceeded" ? [`${verdict.objective}: ${verdict.reason}`] : []));
  const open = verdicts.flatMap((verdict) =>
    verdict.kind === "inconclusive" && verdict.reason !== unprovenRun ? [`${verdict.objective}: ${verdict.reason}`] : [],
  );
  const reasons = [...exceeded, ...caveats, ...open];
  if (exceeded.length > 0) return { kind: "exceeded", reasons };
  return reasons.length > 0 ? { kind: "inconclusive", reasons } : { kind: "met" };
}
