import { k6Labels, k6Metrics, targetLabels, targetMetrics, warmupScenario } from "../spec/names.ts";
import type { Objective, Spec, Where } from "../spec/spec.ts";
import { counterQueries, sumOfLast, type CounterQueries, type Reading } from "./counters.ts";
import { promql, selector, type Matcher, type PromQL } from "./promql.ts";
import { parseSelector, type SelectorProblem } from "./selector.ts";

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
  return selector(metric, [
    { label: k6Labels.testid, is: testid },
    { label: k6Labels.scenario, isNot: "" },
    { label: k6Labels.scenario, isNot: warmupScenario },
    ...more,
  ]);
}

/** Prints a threshold as the client labels it: seconds, shortest form. */
export function thresholdLabel(atMostSeconds: number): string {
  return String(atMostSeconds);
}

function clientWhere(where: Where): Matcher[] {
  return Object.entries(where).map(([label, is]) => ({ label: label === targetLabels.route ? k6Labels.name : label, is }));
}

function serverWhere(scope: Scope, where: Where): Matcher[] {
  const stated = Object.entries({ ...scope.server, ...where }).map(([label, is]) => ({ label, is }));
  const open = scope.routes !== undefined && scope.routes.length > 0 && where[targetLabels.route] === undefined;
  return open ? [...stated, { label: targetLabels.route, in: scope.routes ?? [] }] : stated;
}

/** K6's status of a request that got no answer. */
const unanswered = "0";

function clientQueries(objective: Objective, { testid }: Scope, slowCounted: boolean): ClientQueries {
  const { indicator } = objective;
  if (indicator.kind === "ratio") throw new Error("a ratio has no client side");
  const where = clientWhere(indicator.where);
  const base = {
    kind: "client" as const,
    objective: objective.name,
    total: sumOfLast(judged(k6Metrics.requests, testid, ...where)),
    unfiltered: where.length === 0,
    slowAboveSeconds: indicator.kind === "latency" ? indicator.atMostSeconds : undefined,
  };
  if (indicator.kind === "errors") return { ...base, ...clientErrors(testid, where, slowCounted) };
  return { ...base, ...(slowCounted ? slowByCounter : slowByHistogram)(testid, where, indicator.atMostSeconds) };
}

type BadQueries = Pick<ClientQueries, "bad" | "proof" | "tagged" | "histogram">;

/** What our scenarios count themselves stands at zero, without a method, from the start. */
const atZero = (metric: string, testid: string, ...more: Matcher[]): Reading =>
  sumOfLast(selector(metric, [{ label: k6Labels.testid, is: testid }, { label: k6Labels.method, is: "" }, ...more]));
const counting: Matcher = { label: k6Labels.method, isNot: "" };

function clientErrors(testid: string, where: readonly Matcher[], contentsCounted: boolean): BadQueries {
  const tagged = (...tag: Matcher[]): Reading => sumOfLast(judged(k6Metrics.requests, testid, ...tag, ...where));
  return {
    bad: [
      tagged({ label: k6Labels.expectedResponse, is: "false" }),
      sumOfLast(judged(k6Metrics.wrongContents, testid, counting, ...where)),
    ],
    proof: contentsCounted ? { read: atZero(k6Metrics.wrongContents, testid), ofWhat: "wrong contents" } : undefined,
    tagged: tagged({ label: k6Labels.expectedResponse, isNot: "" }),
    histogram: undefined,
  };
}

function slowByCounter(testid: string, where: readonly Matcher[], atMostSeconds: number): BadQueries {
  const threshold: Matcher = { label: k6Labels.threshold, is: thresholdLabel(atMostSeconds) };
  const proof = { read: atZero(k6Metrics.slowRequests, testid, threshold), ofWhat: "slow requests" };
  const slow = judged(k6Metrics.slowRequests, testid, counting, threshold, ...where);
  return { bad: [sumOfLast(slow)], proof, tagged: undefined, histogram: undefined };
}

function slowByHistogram(testid: string, where: readonly Matcher[], atMostSeconds: number): BadQueries {
  const read = sumOfLast(judged(k6Metrics.requestDuration, testid, { label: k6Labels.status, isNot: unanswered }, ...where));
  const never = sumOfLast(judged(k6Metrics.requests, testid, { label: k6Labels.status, is: unanswered }, ...where));
  return { bad: [], proof: undefined, tagged: undefined, histogram: { read, unanswered: never, atMostSeconds } };
}

function serverQueries(objective: Objective, scope: Scope): ServerQueries {
  const { indicator } = objective;
  if (indicator.kind === "ratio") throw new Error("a ratio is compiled from its own selectors");
  const where = serverWhere(scope, indicator.where);
  const count = `${targetMetrics.requestDuration}_count`;
  const bucket = `${targetMetrics.requestDuration}_bucket`;
  const base = {
    kind: "server" as const,
    objective: objective.name,
    total: counterQueries(selector(count, where)),
    proof: undefined,
    countsRequests: true,
    compared: comparedQueries(indicator.where, scope),
    jobs: undefined,
  };
  if (indicator.kind === "errors") {
    const proof = counterQueries(selector(count, [...where, { label: targetLabels.status, isNot: "" }]));
    const counters = counterQueries(selector(count, [...where, { label: targetLabels.status, prefix: "5" }]));
    return { ...base, proof, bad: { kind: "counter", counters, mustExist: false } };
  }
  const buckets: Reading = (rangeSeconds) => promql`count by (le) (last_over_time(${selector(bucket, where)}[${{ rangeSeconds }}]))`;
  const below = (les: readonly string[]): CounterQueries => counterQueries(selector(bucket, [...where, { label: "le", in: les }]));
  return { ...base, bad: { kind: "above", atMostSeconds: indicator.atMostSeconds, buckets, below } };
}

/**
 * Compares the requests that an objective is about where k6 and the service name them alike, and else all of them:
 * a user script may name its requests otherwise, and whatever is missing in total may be missing from the filtered ones.
 */
function comparedQueries(where: Where, scope: Scope): ServerQueries["compared"] {
  const routes = scope.routes ?? [];
  const alike = routes.length > 0 && Object.keys(where).every((label) => namedAlike.has(label));
  const filter = alike ? where : {};
  const names: Matcher[] = routes.length > 0 && filter[targetLabels.route] === undefined ? [{ label: k6Labels.name, in: routes }] : [];
  const more = [...clientWhere(filter), ...names];
  const judgedSeries = judged(k6Metrics.requests, scope.testid, ...more);
  const all = selector(k6Metrics.requests, [{ label: k6Labels.testid, is: scope.testid }, ...more]);
  return {
    counters: counterQueries(selector(`${targetMetrics.requestDuration}_count`, serverWhere(scope, filter))),
    sent: (rangeSeconds, judgedOnly) =>
      promql`sum by (name, status) (last_over_time(${judgedOnly ? judgedSeries : all}[${{ rangeSeconds }}]))`,
  };
}

const namedAlike = new Set<string>([targetLabels.method, targetLabels.route]);

function ratioQueries(objective: Objective, scope: Scope, total: PromQL, bad: PromQL): ServerQueries {
  const jobsIn = (series: PromQL, rangeSeconds: number): PromQL => promql`count by (job) (last_over_time(${series}[${{ rangeSeconds }}]))`;
  const jobs: Reading = (rangeSeconds) => promql`${jobsIn(total, rangeSeconds)} or ${jobsIn(bad, rangeSeconds)}`;
  return {
    kind: "server",
    objective: objective.name,
    total: counterQueries(total),
    proof: undefined,
    countsRequests: false,
    compared: comparedQueries({}, scope),
    jobs,
    bad: { kind: "counter", counters: counterQueries(bad), mustExist: true },
  };
}

/** Says why a filter would hide bad events instead of choosing requests. */
function whereProblem({ indicator }: Objective, scope: Scope, slowCounted: boolean): SelectorProblem | undefined {
  if (indicator.kind === "ratio") return undefined;
  const problem = (text: string, message: string): SelectorProblem => ({ kind: "problem", text, message });
  for (const [label, is] of Object.entries(indicator.where)) {
    if (indicator.kind === "errors" && hidesErrors.has(label))
      return problem(label, "cannot be filtered by in an error objective: it would hide the errors");
    if (indicator.side === "server" && (scope.server[label] ?? is) !== is)
      return problem(label, `cannot be ${is}: the service that is watched has ${label} ${scope.server[label]}`);
    if (indicator.side === "client" && onlyAnswered.has(label))
      return problem(label, "cannot be filtered by: a request that was never answered has no such tag, so it would be hidden");
    if (indicator.side === "client" && slowCounted && !countedBy.has(label))
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
    const { indicator } = objective;
    const hidden = whereProblem(objective, scope, slowCounted);
    if (hidden) problems.push({ ...hidden, objective });
    if (indicator.kind !== "ratio")
      return [indicator.side === "client" ? clientQueries(objective, scope, slowCounted) : serverQueries(objective, scope)];
    const total = parseSelector(indicator.total);
    const bad = parseSelector(indicator.bad);
    for (const parsed of [total, bad]) if (parsed.kind === "problem") problems.push({ ...parsed, objective });
    return total.kind === "problem" || bad.kind === "problem" ? [] : [ratioQueries(objective, scope, total.series, bad.series)];
  });
  return problems.length > 0 ? { kind: "problems", problems } : { kind: "compiled", queries };
}

/** Lists the thresholds, in seconds, that the client has to count slow requests by. */
export function clientThresholds(spec: Spec): number[] {
  const seconds = spec.objectives.flatMap(({ indicator }) =>
    indicator.kind === "latency" && indicator.side === "client" ? [indicator.atMostSeconds] : [],
  );
  return [...new Set(seconds)].toSorted((a, b) => a - b);
}
