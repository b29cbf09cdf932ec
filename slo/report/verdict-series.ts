import type { Report } from "./schema.ts";
import { plimsollLabels as label, plimsollMetrics as metric } from "../spec/names.ts";

const verdicts = ["met", "exceeded", "inconclusive"] as const;

/** Prometheus refuses what is older than its head, about an hour; older points are left out. */
const oldestSeconds = 3000;

export type Sample = ReturnType<typeof verdictSeries>[number];

/** Lists the series that a verdict leaves, for Grafana: each verdict 1 or 0, the numbers behind it, the counts over time. */
export function verdictSeries({ testid, service, scenario, verdict, objectives }: Report, nowSeconds: number) {
  const run = { [label.testid]: testid, [label.service]: service, [label.scenario]: scenario };
  const one = (name: string, value: number, more: Record<string, string>, atSeconds = nowSeconds) => {
    const labels: Record<string, string> = { __name__: name, ...run, ...more };
    return { labels, value, atMillis: Math.round(atSeconds * 1000) };
  };
  const each = (name: string, found: Report["verdict"], more: Record<string, string>) =>
    verdicts.map((kind) => one(name, kind === found ? 1 : 0, { ...more, [label.verdict]: kind }));
  const ofObjective = ({ name, verdict: found, targetRatio, evidence, cumulative }: Report["objectives"][number]) => {
    const own = { [label.objective]: name };
    const numbers = evidence && [
      one(metric.errorRatio, evidence.errorRatio, own),
      one(metric.budgetSpent, evidence.budgetSpent, own),
      one(metric.provedErrorRatio, evidence.provedAtLeast, { ...own, [label.bound]: "least" }),
      one(metric.provedErrorRatio, evidence.provedAtMost, { ...own, [label.bound]: "most" }),
      ...evidence.windows.flatMap((window) => {
        if (window.kind === "skipped") return [];
        const of = { ...own, [label.window]: `${Number(window.longSeconds.toFixed(1))}s` };
        return [one(metric.worstBurnRate, window.worstBurnRate, of), one(metric.burnRateThreshold, window.burnRateThreshold, of)];
      }),
    ];
    const counts = cumulative
      .filter(({ atSeconds }) => nowSeconds - atSeconds < oldestSeconds)
      .flatMap(({ atSeconds, total, bad }) => [one(metric.events, total, own, atSeconds), one(metric.badEvents, bad, own, atSeconds)]);
    return [...each(metric.objectiveVerdict, found, own), one(metric.targetRatio, targetRatio, own), ...(numbers ?? []), ...counts];
  };
  const found = verdict === "interrupted" ? "inconclusive" : verdict;
  return [...each(metric.runVerdict, found, {}), ...objectives.flatMap(ofObjective)];
}
