import { isJudged, k6Labels, k6Metrics, plimsollLabels, plimsollMetrics } from "../../spec/names.ts";
import type { PushedSeries } from "./body.ts";
import type { SentCounts } from "./sent-totals.ts";

/**
 * Notes, as samples of its own, how many judged requests and iterations k6 had counted by the last event of a push.
 * k6 stamps each series with its own last event, so the series alone do not tell what came in which second. All of a push together does:
 * what it holds, and all before it, ended by its latest stamp, and whatever comes in later pushes ended after that. Gives nothing for a push without a later stamp.
 */
export function marksOf(pushed: readonly PushedSeries[], sent: Pick<SentCounts, "sumOf">, afterMillis: number): PushedSeries[] {
  const labels = pushed.find(({ labels }) => labels[k6Labels.testid] !== undefined)?.labels;
  const atMillis = pushed.reduce((latest, one) => Math.max(latest, one.atMillis), afterMillis);
  if (labels === undefined || atMillis <= afterMillis) return [];
  const { [k6Labels.testid]: testid = "", [k6Labels.instance]: instance = "" } = labels;
  return (["requests", "iterations"] as const).map((of) => ({
    labels: { __name__: plimsollMetrics.pushed, [k6Labels.testid]: testid, [k6Labels.instance]: instance, [plimsollLabels.of]: of },
    value: sent.sumOf(k6Metrics[of], isJudged),
    atMillis,
  }));
}
