import type { Indicator, Side } from "./spec.ts";

/** Names the events that each kind of indicator counts, for messages. */
const nouns: Readonly<Record<Indicator["kind"], string>> = {
  errors: "requests",
  latency: "requests",
  checks: "checks",
  counter: "events",
  ratio: "events",
  rate: "values",
  trend: "values",
  achieved: "iterations",
  throughput: "seconds",
  integrity: "answers",
};

/** Names the events that an indicator counts, for messages. */
export const nounOf = (indicator: Indicator): string => (indicator.kind === "trend" && indicator.ofTimes ? "times" : nouns[indicator.kind]);

/** Tells on which side an indicator counts; a ratio's counters are the service's own, and of events, not of requests. */
export function sideOf(indicator: Indicator): Side | "other" {
  if ("side" in indicator) return indicator.side;
  return indicator.kind === "ratio" ? "other" : "client";
}
