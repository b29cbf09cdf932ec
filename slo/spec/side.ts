import type { Indicator, Side } from "./spec.ts";

/** Names the events that an indicator counts, for messages. */
export function nounOf(indicator: Indicator): string {
  switch (indicator.kind) {
    case "errors":
    case "latency":
      return "requests";
    case "checks":
      return "checks";
    case "counter":
    case "ratio":
      return "events";
    case "rate":
      return "values";
    case "trend":
      return indicator.ofTimes ? "times" : "values";
    case "achieved":
      return "iterations";
    case "throughput":
      return "seconds";
    case "integrity":
      return "answers";
  }
}

/** Tells on which side an indicator counts; a ratio's counters are the service's own, and of events, not of requests. */
export function sideOf(indicator: Indicator): Side | "other" {
  switch (indicator.kind) {
    case "errors":
    case "latency":
      return indicator.side;
    case "checks":
    case "counter":
    case "rate":
    case "trend":
    case "achieved":
    case "throughput":
    case "integrity":
      return "client";
    case "ratio":
      return "other";
  }
}
