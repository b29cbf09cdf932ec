import type { Report } from "./schema.ts";
import { plimsollLabels as label, plimsollMetrics as metric } from "../spec/names.ts";

export interface Sample {
  labels: Record<string, string>;
  value: number;
  atMillis: number;
}

const verdicts = ["met", "exceeded", "inconclusive"] as const;

/** Prometheus refuses what is older than its head, about an hour; older points are left out. */
const oldestSeconds = 3000;

/** Lists the series that a verdict leaves, for Grafana: each verdict 1 or 0, the numbers behind it, the counts over time. */
export function verdictSeries(report: Report, nowSeconds: number): Sample[] {
  const run = { [label.testid]: report.testid, [label.service]: report.service, [label.scenario]: report.scenario };
  const atMillis = Math.round(nowSeconds * 1000);
  const one = (name: string, value: number, more: Record<string, string> = {}): Sample => ({
    labels: { __name__: name, ...run, ...more },
    value,
    atMillis,
  });
  const found = report.verdict === "interrupted" ? "inconclusive" : report.verdict;
  return [
    ...verdicts.map((verdict) => one(metric.runVerdict, verdict === found ? 1 : 0, { [label.verdict]: verdict })),
    ...report.objectives.flatMap((objective) => objectiveSamples(objective, one, nowSeconds)),
  ];
}

function objectiveSamples(
  { name, verdict, targetRatio, evidence, cumulative }: Report["objectives"][number],
  one: (name: string, value: number, more?: Record<string, string>) => Sample,
  nowSeconds: number,
): Sample[] {
  const own = { [label.objective]: name };
  const numbers = evidence
    ? [
        one(metric.errorRatio, evidence.errorRatio, own),
        one(metric.budgetSpent, evidence.budgetSpent, own),
        one(metric.provedErrorRatio, evidence.provedAtLeast, { ...own, [label.bound]: "least" }),
        one(metric.provedErrorRatio, evidence.provedAtMost, { ...own, [label.bound]: "most" }),
        ...evidence.windows.flatMap((window) => {
          if (window.kind === "skipped") return [];
          const of = { ...own, [label.window]: `${Number(window.longSeconds.toFixed(1))}s` };
          return [one(metric.worstBurnRate, window.worstBurnRate, of), one(metric.burnRateThreshold, window.burnRateThreshold, of)];
        }),
      ]
    : [];
  const counts = cumulative
    .filter(({ atSeconds }) => nowSeconds - atSeconds < oldestSeconds)
    .flatMap(({ atSeconds, total, bad }) => [
      { ...one(metric.events, total, own), atMillis: Math.round(atSeconds * 1000) },
      { ...one(metric.badEvents, bad, own), atMillis: Math.round(atSeconds * 1000) },
    ]);
  return [
    ...verdicts.map((kind) => one(metric.objectiveVerdict, kind === verdict ? 1 : 0, { ...own, [label.verdict]: kind })),
    one(metric.targetRatio, targetRatio, own),
    ...numbers,
    ...counts,
  ];
}
