import type { Count } from "../collect/measurement.ts";
import { complement } from "./clopper-pearson.ts";

/**
 * Gives the share of a period's error budget that a run spent: bad ÷ (rate × period × (1 − target)); 1 is all of it, more is possible.
 * Assumes that the service has the run's own request rate during the whole period; at a lower rate the same bad events spend more.
 * Gives undefined where there is no rate: no request, or a run without length.
 */
export function periodBudgetSpent(run: {
  count: Count;
  runSeconds: number;
  periodSeconds: number;
  targetRatio: number;
}): number | undefined {
  const { count, runSeconds, periodSeconds, targetRatio } = run;
  const eventsInPeriod = (count.total / runSeconds) * periodSeconds;
  return count.total > 0 && runSeconds > 0 && periodSeconds > 0 ? count.bad / (eventsInPeriod * complement(targetRatio)) : undefined;
}
