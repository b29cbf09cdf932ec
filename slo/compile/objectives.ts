import { k6Labels, k6Metrics, warmupScenario } from "../spec/names.ts";
import type { Indicator, Objective, Spec, Where } from "../spec/spec.ts";
import { sumOfLast, type Reading } from "./counters.ts";
import type { Scope } from "./mapping.ts";
import { withLabels, is, isNot, selector, type Matcher, type PromQL } from "./promql.ts";
import type { SelectorProblem } from "./selector.ts";
import { ratioQueries, serverQueries, type ServerQueries } from "./service-objectives.ts";

/** Reads cumulative counts that k6 sent: each expression takes the range to look back over. */
export interface ClientQueries {
  kind: "client";
  objective: string;
  total: Reading;
  /** Bad for certain; their sum counts. */
  bad: Reading[];
  /** Must have a series, or our scenario's own counter of these events never reached Prometheus. */
  proof: { read: Reading; ofWhat: string } | undefined;
  /** Must be as many as `total`, or the tag that tells errors is not on every request. */
  tagged: Reading | undefined;
  /**
   * Where the client did not count slow requests itself: the native histogram of answered requests to read them from.
   * k6 gives a request that was never answered a duration of 0 or of its time-out, so those are counted apart.
   */
  histogram: { read: Reading; unanswered: Reading; atMostSeconds: number } | undefined;
  /** True when the objective is about every request, so that a dropped iteration is certainly bad. */
  unfiltered: boolean;
  /** For latency: above how many seconds a request is slow. */
  slowAboveSeconds: number | undefined;
}

/** What one objective asks of Prometheus. */
export type ObjectiveQueries = ClientQueries | ServerQueries;

/** Selects a k6 series of this run, in the judged scenarios only (neither setup nor warm-up). */
export function judged(metric: string, testid: string, ...more: Matcher[]): PromQL {
  return selector(metric, [is(k6Labels.testid, testid), isNot(k6Labels.scenario, ""), isNot(k6Labels.scenario, warmupScenario), ...more]);
}

/** Compares labels as k6 writes them: what a spec calls `route` is its `name`. */
export function clientWhere(where: Where): Matcher[] {
  return withLabels(where).map((matcher) => (matcher.label === "route" ? { ...matcher, label: k6Labels.name } : matcher));
}

type Sided = Extract<Indicator, { side: unknown }>;

/** K6's status of a request that got no answer. */
const unanswered = "0";

function clientQueries(objective: string, indicator: Sided, { testid }: Scope, ownCounts: boolean): ClientQueries {
  const where = clientWhere(indicator.where);
  const reads = (metric: string, ...more: Matcher[]): Reading => sumOfLast(judged(metric, testid, ...more, ...where));
  // What our scenarios count themselves stands at zero, without a method, from the start.
  const atZero = (metric: string, ...more: Matcher[]): Reading =>
    sumOfLast(selector(metric, [is(k6Labels.testid, testid), is(k6Labels.method, ""), ...more]));
  const counting = isNot(k6Labels.method, "");
  const unexpected = reads(k6Metrics.requests, is(k6Labels.expectedResponse, "false"));
  const base: ClientQueries = {
    kind: "client",
    objective,
    total: reads(k6Metrics.requests),
    bad: [],
    proof: undefined,
    tagged: undefined,
    histogram: undefined,
    unfiltered: where.length === 0,
    slowAboveSeconds: undefined,
  };
  switch (indicator.kind) {
    case "errors":
      return {
        ...base,
        bad: ownCounts ? [unexpected, reads(k6Metrics.wrongContents, counting)] : [unexpected],
        proof: ownCounts ? { read: atZero(k6Metrics.wrongContents), ofWhat: "wrong contents" } : undefined,
        tagged: reads(k6Metrics.requests, isNot(k6Labels.expectedResponse, "")),
      };
    case "latency": {
      const { atMostSeconds } = indicator;
      const slow = { ...base, slowAboveSeconds: atMostSeconds };
      const threshold = is(k6Labels.threshold, String(atMostSeconds)); // as the client labels it: seconds, shortest form
      const proof = { read: atZero(k6Metrics.slowRequests, threshold), ofWhat: "slow requests" };
      if (ownCounts) return { ...slow, bad: [reads(k6Metrics.slowRequests, counting, threshold)], proof };
      const read = reads(k6Metrics.requestDuration, isNot(k6Labels.status, unanswered));
      return { ...slow, histogram: { read, unanswered: reads(k6Metrics.requests, is(k6Labels.status, unanswered)), atMostSeconds } };
    }
  }
}

/** Says why a filter of the client's side would hide bad events instead of choosing requests. */
function whereProblem({ kind, where }: Sided, slowCounted: boolean): SelectorProblem | undefined {
  const problem = (text: string, message: string): SelectorProblem => ({ kind: "problem", text, message });
  for (const label of Object.keys(where)) {
    if (kind === "errors" && hidesErrors.has(label))
      return problem(label, "cannot be filtered by in an error objective: it would hide the errors");
    if (onlyAnswered.has(label))
      return problem(label, "cannot be filtered by: a request that was never answered has no such tag, so it would be hidden");
    if (slowCounted && !countedBy.has(label))
      return problem(label, `cannot be filtered by on the client side: our scenarios count by ${[...countedBy].join(", ")}`);
  }
  return undefined;
}

const hidesErrors = new Set<string>([k6Labels.status, k6Labels.expectedResponse, k6Labels.errorCode, "error"]);
/** The tags that k6 gives to a request by its connection or answer (k6, lib/netext/httpext/transport.go). */
const onlyAnswered = new Set(["proto", "subproto", "tls_version", "ocsp_status", "ip"]);
const countedBy = new Set<string>(["method", "route", k6Labels.name, k6Labels.scenario]);

/** What a spec compiles to, or why an objective cannot be asked about. */
export type Compiled =
  | { kind: "compiled"; queries: ObjectiveQueries[] }
  | { kind: "problems"; problems: (SelectorProblem & { objective: Objective })[] };

/**
 * Compiles the objectives of a spec into queries for one run.
 * `slowCounted` says that the scenario counts slow requests itself (ours do, a user script does not).
 */
export function compileObjectives(spec: Spec, scope: Scope, slowCounted: boolean): Compiled {
  const problems: (SelectorProblem & { objective: Objective })[] = [];
  const served = { ...scope, metrics: spec.metrics };
  const queries = spec.objectives.flatMap((objective): ObjectiveQueries[] => {
    const { name, indicator } = objective;
    const refuse = (...found: (SelectorProblem | undefined)[]): [] => {
      for (const problem of found) if (problem !== undefined) problems.push({ ...problem, objective });
      return [];
    };
    switch (indicator.kind) {
      case "errors":
      case "latency": {
        if (indicator.side === "client") {
          refuse(whereProblem(indicator, slowCounted));
          return [clientQueries(name, indicator, scope, slowCounted)];
        }
        const compiled = serverQueries(name, indicator, served);
        return compiled.kind === "problem" ? refuse(compiled) : [compiled];
      }
      case "ratio": {
        const compiled = ratioQueries(name, indicator, served);
        return compiled.kind === "problems" ? refuse(...compiled.problems) : [compiled.queries];
      }
    }
  });
  return problems.length > 0 ? { kind: "problems", problems } : { kind: "compiled", queries };
}

/** Lists the thresholds, in seconds, that the client has to count slow requests by. */
export function clientThresholds(spec: Spec): number[] {
  const seconds = spec.objectives.flatMap(({ indicator }): number[] => {
    switch (indicator.kind) {
      case "latency":
        return indicator.side === "client" ? [indicator.atMostSeconds] : [];
      case "errors":
      case "ratio":
        return [];
    }
  });
  return [...new Set(seconds)].toSorted((a, b) => a - b);
}
