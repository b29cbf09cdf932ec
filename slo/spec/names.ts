/** Names every metric and label that Plimsoll reads or writes; `names.json` is the only place where they are spelled, and says what each means. */
import names from "./names.json" with { type: "json" };

export const { k6Metrics, k6Labels, k6Times, k6Counters, plimsollMetrics, plimsollLabels } = names;
export { processMetrics, targetDetailLabels, targetLabels, targetMetrics } from "../../target/api/names.ts";

/** The value of the label of what the client of `plimsoll/k6` has counted. */
export const ownClient = "plimsoll";

/** Names the series that k6 writes of a script's own metric. */
export const ownMetric = {
  counter: (name: string): string => `k6_${name}_total`,
  rateShare: (name: string): string => `k6_${name}_rate`,
  /** Native histograms; times are milliseconds in the script and seconds here. */
  trend: (name: string, ofTimes: boolean): string => `k6_${name}${ofTimes ? "_seconds" : ""}`,
} as const;

/** The `scenario` label of traffic that is sent to warm the service up and never judged. */
export const warmupScenario = "warmup";

/** A pattern of the `group` label that k6 gives to what setup() and teardown() do, which has no scenario. */
export const groupOfSetup = "::(setup|teardown)(::.*)?";
/** The same of teardown() alone. */
export const groupOfTeardown = "::teardown(::.*)?";

/** Tells by the `scenario` label whether traffic is judged: setup and teardown have none, and the warm-up is not. */
export function isJudgedScenario(scenario: string | undefined): boolean {
  return scenario !== undefined && scenario !== "" && scenario !== warmupScenario;
}

export const isJudged = (labels: Readonly<Record<string, string>>): boolean => isJudgedScenario(labels[k6Labels.scenario]);

/** Tells metrics of a process and its language, which count no requests. */
export const ofRuntime = /^(go|process|python|nodejs|jvm)_/;

/** Names the series that Prometheus writes of each scrape. */
export const scrapeMetrics = { up: "up", duration: "scrape_duration_seconds" } as const;

export const scrapeLabels = { job: "job", instance: "instance" } as const;
