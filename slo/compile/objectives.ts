import type { Objective, Spec } from "../spec/spec.ts";
import { clientQueries, ofAnswers, type ClientQueries, type Sided } from "./client.ts";
import { countedBy, ownQueries, type SecondsQueries } from "./own-metrics.ts";
import { ownProblem } from "./own-problems.ts";
import { inScenario, partOf } from "./phases.ts";
import type { Scope } from "./scope.ts";
import { refusal, type SelectorProblem } from "./selector.ts";
import { ratioQueries, serverQueries, type ServerQueries } from "./service-objectives.ts";

export type ObjectiveQueries = ClientQueries | SecondsQueries | ServerQueries;

/** Says why a filter of the client's side would hide bad events instead of choosing requests. */
function whereProblem({ kind, where }: Sided, slowCounted: boolean): SelectorProblem | undefined {
  for (const label of Object.keys(where)) {
    if (kind === "errors" && ofAnswers.has(label))
      return refusal(label, "cannot be filtered by in an error objective: it would hide the errors");
    if (onlyAnswered.has(label))
      return refusal(label, "cannot be filtered by: a request that was never answered has no such tag, so it would be hidden");
    if (slowCounted && !countedBy.has(label))
      return refusal(label, `cannot be filtered by on the client side: our scenarios count by ${[...countedBy].join(", ")}`);
  }
  return undefined;
}

/** The tags that k6 gives to a request by its connection or answer (k6, lib/netext/httpext/transport.go). */
const onlyAnswered = new Set(["proto", "subproto", "tls_version", "ocsp_status", "ip"]);

/** Compiles a spec's objectives for one run, or says why some cannot be asked about; `slowCounted`: the scenario counts slow requests itself, as ours do. */
export function compileObjectives(spec: Spec, scope: Scope, slowCounted: boolean) {
  const problems: (SelectorProblem & { objective: Objective })[] = [];
  const served = { ...scope, metrics: spec.metrics };
  const queries = spec.objectives.flatMap((objective): ObjectiveQueries[] => {
    const { name } = objective;
    const refuse = (...found: (SelectorProblem | undefined)[]): [] => {
      for (const problem of found) if (problem !== undefined) problems.push({ ...problem, objective });
      return [];
    };
    const part = partOf(objective, scope);
    if (part?.kind === "problem") return refuse(part);
    const scenario = part?.kind === "scenario" ? part.name : undefined;
    const indicator = scenario === undefined ? objective.indicator : inScenario(objective.indicator, scenario);
    const placed = (query: ClientQueries | SecondsQueries): ObjectiveQueries[] => {
      if (part?.kind !== "stretch" || query.kind === "seconds" || query.phased !== undefined) return [{ ...query, part }];
      const message = "cannot be judged for this indicator: its counts cannot be read at the borders of a part of the load";
      return refuse(refusal(`phase ${part.name}`, message));
    };
    if (indicator.kind !== "ratio" && !("side" in indicator)) {
      refuse(ownProblem(indicator, scope));
      return placed(ownQueries(name, indicator, scope, scenario));
    }
    if (indicator.kind !== "ratio" && indicator.side === "client") {
      refuse(whereProblem(indicator, slowCounted));
      return placed(clientQueries(name, indicator, scope, slowCounted));
    }
    const compiled = indicator.kind === "ratio" ? ratioQueries(name, indicator, served) : serverQueries(name, indicator, served);
    return Array.isArray(compiled) ? refuse(...compiled) : [compiled];
  });
  return problems.length > 0 ? { kind: "problems" as const, problems } : { kind: "compiled" as const, queries };
}

/** Lists the thresholds of latency, in seconds, of some sides: by the client's own slow requests are counted, by the service's they are sampled too. */
export function latencyThresholds({ objectives }: Spec, ...sides: readonly string[]): number[] {
  const seconds = objectives.flatMap(({ indicator: one }) =>
    one.kind === "latency" && sides.includes(one.side) ? [one.atMostSeconds] : [],
  );
  return [...new Set(seconds)].toSorted((a, b) => a - b);
}
