import type { CumulativePoint } from "../collect/measurement.ts";
import type { Totals } from "../collect/stored-counts.ts";
import { maskedSecrets, maskSecrets } from "../host/mask-secrets.ts";
import { complement } from "../judge/clopper-pearson.ts";
import type { RunVerdict, Verdict } from "../judge/verdict.ts";
import type { Report } from "../report/schema.ts";
import { offeredRateAt, type Plan } from "../run/plan.ts";
import { isRequired } from "../spec/schema.ts";
import { nounOf, sideOf } from "../spec/side.ts";
import type { Objective, Where } from "../spec/spec.ts";
import type { Reading } from "./read-run.ts";
import { reconciliationOf } from "./reconcile.ts";
import { timingsOf, type Asked, type RunTimes } from "./run-times.ts";

interface Found {
  stored: Totals;
  verdicts: readonly Verdict[];
  run: RunVerdict;
  exitCode: number;
  causes: NonNullable<Report["causes"]>;
  notes: readonly string[];
}

const whereText = (where: Where): string =>
  Object.entries(where)
    .map(([label, is]) => `, ${label}=${is}`)
    .join("");

function describeObjective({ indicator }: Objective): string {
  switch (indicator.kind) {
    case "errors":
      return `errors, ${indicator.side} side${whereText(indicator.where)}`;
    case "latency":
      return `slower than ${indicator.atMostSeconds * 1000} ms, ${indicator.side} side${whereText(indicator.where)}`;
    case "ratio":
      return `${indicator.of}: ${indicator.events} of ${indicator.total}, counters of the service`;
    case "checks":
      return `failed checks${indicator.name === undefined ? "" : ` "${indicator.name}"`}${whereText(indicator.where)}`;
    case "counter": {
      const { part, partIs, total, where } = indicator;
      return `${partIs === "bad" ? part : `all but ${part}`} of ${total}, k6's counters${whereText(where)}`;
    }
    case "rate":
      return `${indicator.name} added as ${!indicator.goodIs}, k6's rate${whereText(indicator.where)}`;
    case "trend": {
      const { name, ofTimes, atMost, where } = indicator;
      return `${name} above ${ofTimes ? `${atMost * 1000} ms` : atMost}, k6's trend${whereText(where)}`;
    }
    case "achieved":
      return "iterations that were offered and not started";
    case "throughput":
      return `seconds with fewer than ${indicator.perSecond} ${indicator.of}`;
    case "integrity":
      return `answers with wrong contents${whereText(indicator.where)}`;
  }
}

/**
 * Finds how long an objective about a phase named recovery went on being missed: to the end of the last second of the phase in which more events were bad
 * than the target allows; null where that was its last one, or where its seconds are not known. A second is as k6 told it, so up to one push late.
 */
function recoveryOf({ phase, targetRatio }: Objective, points: readonly CumulativePoint[]): number | null | undefined {
  if (phase !== "recovery") return undefined;
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || points.length < 2) return null;
  const missed = points.findLast((point, i) => {
    const before = points[i - 1] ?? point;
    return point.bad - before.bad > complement(targetRatio) * (point.total - before.total);
  });
  return missed === last ? null : missed === undefined ? 0 : missed.atSeconds - first.atSeconds;
}

function objectiveRow(objective: Objective, verdict: Verdict, reading: Reading): Report["objectives"][number] {
  const { name, indicator, phase, targetRatio, scenarioOverride, place } = objective;
  const measured = reading.measurements.find((m) => m.objective === name);
  const { cumulative, caveats } = measured?.kind === "counted" ? measured : { cumulative: [], caveats: [] };
  const noun = nounOf(indicator);
  return {
    name,
    description: `${describeObjective(objective)}${phase === undefined ? "" : `, phase ${phase}`}`,
    side: sideOf(indicator),
    targetRatio,
    noun: noun === "requests" ? undefined : noun,
    phase,
    advisory: isRequired(objective) ? undefined : true,
    statedTargetRatio: scenarioOverride?.statedTargetRatio,
    atMostSeconds: indicator.kind === "latency" ? indicator.atMostSeconds : undefined,
    place,
    verdict: verdict.kind,
    reason: verdict.kind === "met" ? undefined : verdict.reason,
    evidence: verdict.evidence,
    recoverySeconds: recoveryOf(objective, cumulative),
    caveats,
    queries: measured?.queries ?? { total: "", bad: "" },
    cumulative: thinned(
      cumulative.filter(({ total, bad }) => Number.isFinite(total) && Number.isFinite(bad)),
      300,
    ),
  };
}

function thinned<T>(points: readonly T[], most: number): T[] {
  const every = Math.ceil(points.length / most);
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

const peak = (line: readonly (number | null)[]): number | null =>
  line.reduce((most, value) => (value === null ? most : Math.max(most ?? value, value)), null);

/** Finds when k6's scenarios began, by when the judged ones did. */
function scenariosBegan(plan: Plan, { judgedFrom }: RunTimes): number {
  const judged = plan.scenarios.flatMap((scenario) => (scenario.judged ? [scenario.startSeconds] : []));
  return judgedFrom - (judged.length > 0 ? Math.min(...judged) : 0);
}

function phases(plan: Plan, runTimes: RunTimes): Report["phases"] {
  const zero = scenariosBegan(plan, runTimes);
  return plan.scenarios.map(({ name, startSeconds, endSeconds, judged }) => ({
    name,
    fromSeconds: zero + startSeconds,
    toSeconds: endSeconds === undefined ? runTimes.ended : zero + endSeconds,
    judged,
  }));
}

/** Says what was offered at some moments: before the judged load nothing was asked for yet, which is not the same as a rate of 0. */
export function offeredLine(plan: Plan, runTimes: RunTimes, times: readonly number[]): (number | null)[] {
  const judged = plan.scenarios.filter((scenario) => scenario.judged);
  const zero = scenariosBegan(plan, runTimes);
  return times.map((at) => (plan.openModel && at >= runTimes.judgedFrom ? offeredRateAt(judged, at - zero) : null));
}

const withMaskedRoutes = <T extends { route: string }>(all: readonly T[]): T[] =>
  all.map((one) => ({ ...one, route: maskSecrets(one.route) }));

export function composeReport(asked: Asked, reading: Reading, found: Found): Report {
  const { load, spec, times, judgedSent } = asked;
  const { record, plan } = load;
  const { run } = found;
  // k6 names a request by its whole URL where the script gives it no other name.
  const [causes, routes] = [maskedSecrets(found.causes), withMaskedRoutes(reading.routes)];
  const { latencies, clientMeanSeconds, ...lines } = reading.charts;
  const offeredRate = offeredLine(plan, times, lines.atSeconds);
  return {
    version: 1,
    testid: record.testid,
    service: spec.service,
    scenario: record.scenario,
    startedAt: times.begun,
    target: record.target,
    prometheus: record.prometheus.url,
    embedded: record.prometheus.embedded,
    origin: record.origin,
    verdict: record.interrupted ? "interrupted" : run.kind,
    exitCode: found.exitCode,
    reasons: run.kind === "met" ? [] : run.reasons,
    notes: [...record.notes, ...found.notes],
    confidence: spec.confidence,
    periodSeconds: spec.periodSeconds,
    timings: timingsOf(load, times),
    load: {
      offeredIterations: plan.offeredIterations ?? null,
      startedIterations: judgedSent.iterations,
      droppedIterations: judgedSent.dropped,
      // k6 tells both in one line.
      interruptedIterations: record.k6 === null || record.k6.iterations === null ? null : record.k6.interrupted,
      requests: judgedSent.requests,
      errors: judgedSent.errors,
      peakOfferedRate: peak(offeredRate),
      peakAchievedRate: peak(lines.achievedRate),
      openModel: plan.openModel,
    },
    reconciliation: reconciliationOf({ ...load, sent: asked.totals, stored: found.stored, served: reading.served, clientMeanSeconds }),
    objectives: spec.objectives.flatMap((objective) => {
      const verdict = found.verdicts.find((one) => one.objective === objective.name);
      return verdict ? [objectiveRow(objective, verdict, reading)] : [];
    }),
    causes,
    samples: record.k6?.samples?.map(({ draw: _, ...sample }) => ({ ...sample, log: [] })),
    routes,
    latencies,
    phases: phases(plan, times),
    generator: {
      cpuShareMax: record.health?.cpuShareMax ?? null,
      // Of several pods a second counts once.
      starvedSeconds: record.health?.known ? new Set(record.health.starvedAtSeconds.map(Math.floor)).size : null,
      memoryPeakBytes: record.health?.memoryPeakBytes ?? null,
    },
    series: { ...lines, routes: withMaskedRoutes(lines.routes), offeredRate },
  };
}
