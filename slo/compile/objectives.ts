import { k6Labels, k6Metrics, targetLabels, targetMetrics, warmupScenario } from "../spec/names.ts";
import type { Indicator, Objective, Spec, Where } from "../spec/spec.ts";
import { counterQueries, over, sumOfLast, type CounterQueries, type Reading } from "./counters.ts";
import { withLabels, is, isNot, isOneOf, promql, selector, startsWith, type Matcher, type PromQL } from "./promql.ts";
import { parseRatio, type SelectorProblem } from "./selector.ts";

/** Says whose series are read: one run's on the client side, one service's on the server side. */
export interface Scope {
  testid: string;
  /** Labels that pick the service's own series, e.g. { job: "storage-api" }. */
  server: Where;
  /** The routes that the load asks for, where they are known: a service's own probes and scrapes are not its users' requests. */
  routes?: readonly string[];
}

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

/**
 * Names the service's own counters, whose growth over the load counts.
 * `mustExist`: a ratio's own selector without a series may be a typing error, so it is never read as zero.
 */
export interface ServerQueries {
  kind: "server";
  objective: string;
  total: CounterQueries;
  /** Must grow as much as `total`, or the label that tells bad events is not on every series. */
  proof: CounterQueries | undefined;
  /** False for a ratio, whose counters are of events. */
  countsRequests: boolean;
  /** Both sides of the same requests: what k6 sent must be in these counters. */
  compared: { counters: CounterQueries; sent: (rangeSeconds: number, judgedOnly: boolean) => PromQL };
  /** The service whose scrapes these counters come from: the spec's own, or, for a ratio, the jobs that these series carry. */
  jobs: Reading | undefined;
  bad:
    | { kind: "counter"; counters: CounterQueries; mustExist: boolean }
    | { kind: "above"; atMostSeconds: number; buckets: Reading; below: (les: readonly string[]) => CounterQueries };
}

/** What one objective asks of Prometheus. */
export type ObjectiveQueries = ClientQueries | ServerQueries;

/** Selects a k6 series of this run, in the judged scenarios only (neither setup nor warm-up). */
export function judged(metric: string, testid: string, ...more: Matcher[]): PromQL {
  return selector(metric, [is(k6Labels.testid, testid), isNot(k6Labels.scenario, ""), isNot(k6Labels.scenario, warmupScenario), ...more]);
}

/** Compares labels as k6 writes them: what a spec calls `route` is its `name`. */
export function clientWhere(where: Where): Matcher[] {
  return withLabels(where).map((matcher) => (matcher.label === targetLabels.route ? { ...matcher, label: k6Labels.name } : matcher));
}

function serverWhere(scope: Scope, where: Where): Matcher[] {
  const stated = withLabels({ ...scope.server, ...where });
  const { routes = [] } = scope;
  return routes.length > 0 && where[targetLabels.route] === undefined ? [...stated, isOneOf(targetLabels.route, routes)] : stated;
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

const requestCount = `${targetMetrics.requestDuration}_count`;

function serverQueries(objective: string, indicator: Sided, scope: Scope): ServerQueries {
  const where = serverWhere(scope, indicator.where);
  const counters = (metric: string, ...more: Matcher[]): CounterQueries => counterQueries(selector(metric, [...where, ...more]));
  const base: Omit<ServerQueries, "bad"> = {
    kind: "server",
    objective,
    total: counters(requestCount),
    proof: undefined,
    countsRequests: true,
    compared: comparedQueries(indicator.where, scope),
    jobs: undefined,
  };
  switch (indicator.kind) {
    case "errors": {
      const bad = { kind: "counter" as const, counters: counters(requestCount, startsWith(targetLabels.status, "5")), mustExist: false };
      return { ...base, proof: counters(requestCount, isNot(targetLabels.status, "")), bad };
    }
    case "latency": {
      const bucket = `${targetMetrics.requestDuration}_bucket`;
      const last = over("last_over_time", selector(bucket, where));
      const buckets: Reading = (rangeSeconds) => promql`count by (le) (${last(rangeSeconds)})`;
      const below = (les: readonly string[]): CounterQueries => counters(bucket, isOneOf("le", les));
      return { ...base, bad: { kind: "above", atMostSeconds: indicator.atMostSeconds, buckets, below } };
    }
  }
}

/**
 * Compares the requests that an objective is about where k6 and the service name them alike, and else all of them:
 * a user script may name its requests otherwise, and whatever is missing in total may be missing from the filtered ones.
 */
function comparedQueries(where: Where, scope: Scope): ServerQueries["compared"] {
  const { routes = [], testid } = scope;
  const alike = routes.length > 0 && Object.keys(where).every((label) => namedAlike.has(label));
  const filter = alike ? where : {};
  const names = routes.length > 0 && filter[targetLabels.route] === undefined ? [isOneOf(k6Labels.name, routes)] : [];
  const more = [...clientWhere(filter), ...names];
  const ofJudged = over("last_over_time", judged(k6Metrics.requests, testid, ...more));
  const ofAll = over("last_over_time", selector(k6Metrics.requests, [is(k6Labels.testid, testid), ...more]));
  return {
    counters: counterQueries(selector(requestCount, serverWhere(scope, filter))),
    sent: (rangeSeconds, judgedOnly) => promql`sum by (name, status) (${(judgedOnly ? ofJudged : ofAll)(rangeSeconds)})`,
  };
}

const namedAlike = new Set<string>([targetLabels.method, targetLabels.route]);

function ratioQueries(objective: string, scope: Scope, total: PromQL, bad: PromQL): ServerQueries {
  const jobsIn = (series: PromQL, rangeSeconds: number): PromQL => promql`count by (job) (${over("last_over_time", series)(rangeSeconds)})`;
  return {
    kind: "server",
    objective,
    total: counterQueries(total),
    proof: undefined,
    countsRequests: false,
    compared: comparedQueries({}, scope),
    jobs: (rangeSeconds) => promql`${jobsIn(total, rangeSeconds)} or ${jobsIn(bad, rangeSeconds)}`,
    bad: { kind: "counter", counters: counterQueries(bad), mustExist: true },
  };
}

/** Says why a filter would hide bad events instead of choosing requests. */
function whereProblem({ kind, side, where }: Sided, scope: Scope, slowCounted: boolean): SelectorProblem | undefined {
  const problem = (text: string, message: string): SelectorProblem => ({ kind: "problem", text, message });
  for (const [label, value] of Object.entries(where)) {
    if (kind === "errors" && hidesErrors.has(label))
      return problem(label, "cannot be filtered by in an error objective: it would hide the errors");
    if (side === "server" && (scope.server[label] ?? value) !== value)
      return problem(label, `cannot be ${value}: the service that is watched has ${label} ${scope.server[label]}`);
    if (side === "client" && onlyAnswered.has(label))
      return problem(label, "cannot be filtered by: a request that was never answered has no such tag, so it would be hidden");
    if (side === "client" && slowCounted && !countedBy.has(label))
      return problem(label, `cannot be filtered by on the client side: our scenarios count by ${[...countedBy].join(", ")}`);
  }
  return undefined;
}

const hidesErrors = new Set<string>([targetLabels.status, k6Labels.status, k6Labels.expectedResponse, "error", k6Labels.errorCode, "code"]);
/** The tags that k6 gives to a request by its connection or answer (k6, lib/netext/httpext/transport.go). */
const onlyAnswered = new Set(["proto", "subproto", "tls_version", "ocsp_status", "ip"]);
const countedBy = new Set<string>([targetLabels.method, targetLabels.route, k6Labels.name, k6Labels.scenario]);

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
  const queries = spec.objectives.flatMap((objective): ObjectiveQueries[] => {
    const { name, indicator } = objective;
    switch (indicator.kind) {
      case "errors":
      case "latency": {
        const problem = whereProblem(indicator, scope, slowCounted);
        if (problem) problems.push({ ...problem, objective });
        return [indicator.side === "client" ? clientQueries(name, indicator, scope, slowCounted) : serverQueries(name, indicator, scope)];
      }
      case "ratio": {
        const ratio = parseRatio(indicator);
        if (ratio.kind === "ratio") return [ratioQueries(name, scope, ratio.total, ratio.bad)];
        problems.push(...ratio.problems.map((problem) => ({ ...problem, objective })));
        return [];
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
