import type { Indicator, Side, Where } from "./spec.ts";

/** What a load that waits for the service (closed model) cannot show of an indicator: its slowness, which lowers the load, or what was offered. */
export type HiddenInClosedModel = "slowness" | "offer" | undefined;

/** Names the events that each kind of indicator counts, for messages, what a closed model hides of it, and whether its filter chooses requests. */
const kinds: Readonly<Record<Indicator["kind"], { noun: string; hidden: HiddenInClosedModel; asks?: true }>> = {
  errors: { noun: "requests", hidden: undefined, asks: true },
  latency: { noun: "requests", hidden: "slowness", asks: true },
  checks: { noun: "checks", hidden: undefined },
  counter: { noun: "events", hidden: undefined },
  ratio: { noun: "events", hidden: undefined },
  rate: { noun: "values", hidden: undefined },
  trend: { noun: "values", hidden: undefined },
  achieved: { noun: "iterations", hidden: "offer" },
  throughput: { noun: "seconds", hidden: undefined },
  integrity: { noun: "answers", hidden: undefined, asks: true },
};
const trendOfTimes = { noun: "times", hidden: "slowness" } as const;
const kindOf = (indicator: Indicator) => (indicator.kind === "trend" && indicator.ofTimes ? trendOfTimes : kinds[indicator.kind]);

export const nounOf = (indicator: Indicator): string => kindOf(indicator).noun;
export const hiddenInClosedModel = (indicator: Indicator): HiddenInClosedModel => kindOf(indicator).hidden;

/** Tells on which side an indicator counts; a ratio's counters are the service's own, and of events, not of requests. */
export function sideOf(indicator: Indicator): Side | "other" {
  if ("side" in indicator) return indicator.side;
  return indicator.kind === "ratio" ? "other" : "client";
}

/** Gives the filter of an objective that is about requests; undefined where it is about something else. */
export const requestsAsked = (indicator: Indicator): Where | undefined =>
  kinds[indicator.kind].asks && "where" in indicator ? indicator.where : undefined;
