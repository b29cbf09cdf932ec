import { k6Counters, k6Labels, k6Times } from "../spec/names.ts";
import type { Indicator } from "../spec/spec.ts";
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
      return trendProblem(indicator, scope);
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

function trendProblem({ name, ofTimes }: Extract<Indicator, { kind: "trend" }>, scope: Scope): SelectorProblem | undefined {
  const problem = (message: string): SelectorProblem => refusal(name, message);
  if (k6Times.includes(name) && !ofTimes) return problem("is a trend of times: give atMost with its unit, such as 800ms");
  if (k6Times.includes(name)) return name === callTime ? uncountable("the times of gRPC calls", scope) : undefined;
  if (name.startsWith("http_req_")) return problem("is about requests: use latency, which counts those without an answer too");
  const unknown = unknownMetric(name, "trend", scope) ?? uncountable(`the trend ${name}`, scope);
  if (unknown !== undefined) return unknown;
  const own = scope.script?.metrics?.find((metric) => metric.name === name && metric.kind === "trend");
  if (own === undefined || own.ofTimes === ofTimes) return undefined;
  if (own.ofTimes) return problem("is a trend of times in the script: give atMost with its unit, such as 800ms");
  return problem(`is no trend of times in the script (new Trend("${name}", true) makes one): give atMost as a number`);
}
