/** Names the reference service's metrics and labels, once, and says what each means (`names.json`); the SLO side reads them through `slo/spec/names.ts`. */
import names from "./names.json" with { type: "json" };

export const { targetMetrics, targetLabels, targetDetailLabels, processMetrics } = names;
