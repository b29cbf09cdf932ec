import { k6Counters, k6Labels, k6Times } from "../spec/names.ts";
import { nearest } from "../spec/words.ts";
import { callTime, countedBy, type Own } from "./own-metrics.ts";
import type { Scope } from "./scope.ts";
import { refusal, type SelectorProblem } from "./selector.ts";

/** The tags that k6 puts on every sample, whichever metric it is of. */
const onEverySample = new Set<string>([k6Labels.scenario, k6Labels.group]);
/** Says why an objective about k6's own counts cannot be asked about under this load. */
export function ownProblem(indicator: Own, scope: Scope): SelectorProblem | undefined {
  switch (indicator.kind) {
    case "checks":
      return uncountable("checks", scope);
    case "rate":
      return uncountable(`the rate ${indicator.name}`, scope) ?? unknownMetric(indicator.name, "rate", scope);
    case "counter": {
      const label = Object.keys(indicator.where).find((name) => !onEverySample.has(name));
      if (label !== undefined)
        return refusal(
          label,
          "cannot be filtered by: only scenario and group are certain to be on both counters, and what lacks the tag would be hidden",
        );
      const unknown = [indicator.part, indicator.total].flatMap((name) => unknownMetric(name, "counter", scope) ?? []).at(0);
      return unknown ?? uncountable(`the counter ${indicator.part}`, scope);
    }
    case "trend":
      if (k6Times.includes(indicator.name)) return indicator.name === callTime ? uncountable("the times of gRPC calls", scope) : undefined;
      if (indicator.name.startsWith("http_req_"))
        return refusal(indicator.name, "is about requests: use latency, which counts those without an answer too");
      return unknownMetric(indicator.name, "trend", scope) ?? uncountable(`the trend ${indicator.name}`, scope);
    case "integrity": {
      const labels = Object.keys(indicator.where);
      if (labels.every((label) => countedBy.has(label))) return undefined;
      return refusal(labels.join(", "), "cannot be filtered by: contents are counted by method, route, name, scenario");
    }
    case "achieved":
    case "throughput":
      return undefined;
  }
}

/** Refuses what nothing counts beside k6: shares have no denominator, and of values nobody knows how many k6 refused. */
function uncountable(what: string, { script }: Scope): SelectorProblem | undefined {
  return script?.counted.kind === "not" ? refusal(what, `cannot be counted: ${script.counted.reason}`) : undefined;
}

function unknownMetric(name: string, kind: "counter" | "rate" | "trend", { script }: Scope): SelectorProblem | undefined {
  if (script?.metrics === undefined || (kind === "counter" && k6Counters.includes(name))) return undefined;
  const own = script.metrics.filter((metric) => metric.kind === kind).map((metric) => metric.name);
  if (own.includes(name)) return undefined;
  const meant = nearest(name.replace(/^k6_/, "").replace(/_total$/, ""), own);
  const there = own.length === 0 ? `it has no ${kind}` : `it has ${own.join(", ")}`;
  return refusal(name, `is no ${kind} of the script: ${there}${meant === undefined ? "" : ` (${meant})`}`);
}
