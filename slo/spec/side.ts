import type { Indicator, Side } from "./spec.ts";

/** Tells on which side an indicator counts; a ratio's counters are the service's own, and of events, not of requests. */
export function sideOf(indicator: Indicator): Side | "other" {
  switch (indicator.kind) {
    case "errors":
    case "latency":
      return indicator.side;
    case "ratio":
      return "other";
  }
}
