import { k6Labels, k6Metrics } from "../spec/names.ts";
import { errorLabels, type Metrics } from "../spec/presets.ts";
import type { Indicator, Where } from "../spec/spec.ts";
import { counterQueries, over, type CounterQueries, type HistogramPart, type Reading } from "./counters.ts";
import { isError, isNoError, isOurs, isRoute, isSameRoute, sentWhere, servedWhere, type ServiceScope } from "./mapping.ts";
import { is, isOneOf, matches, matchesNot, promql, selector, type Matcher, type PromQL } from "./promql.ts";
import { judged, ofRun } from "./scope.ts";
import { missingIn, parseCounters, refusal, zeroProof, type SelectorProblem, type Term, type ZeroProof } from "./selector.ts";

/** Names the service's own counters, whose growth over the load counts; several are added up. */
export interface ServerQueries {
  kind: "server";
  objective: string;
  total: readonly CounterQueries[];
  /** False for a ratio, whose counters are of events. */
  countsRequests: boolean;
  /** Both sides of the same requests: what k6 sent must be in these counters. */
  compared: {
    counters: CounterQueries;
    /** Of a histogram: the service's own counter of the same requests, where it has one. */
    requests?: CounterQueries | undefined;
    sent: (rangeSeconds: number, judgedOnly: boolean) => PromQL;
    /** k6's judged answers whose status is an error of the service: as far as k6 and the service name what the objective is about alike. */
    failed: Reading;
    /** Where they do not: the service's own errors of as much. */
    failures?: CounterQueries | undefined;
  };
  /** Of a filtered objective where all requests are compared: what names no route or method, and may be what the filter asks for. */
  unnamed: readonly CounterQueries[];
  /** The service's own words for what was asked for, and for the answer. */
  labels: Metrics["labels"];
  /** The service whose scrapes these counters come from: the spec's own, or, for a ratio, the jobs that these series carry. */
  jobs?: Reading;
  bad: BadQueries;
  /** The same of the native histograms, for a service that has no classic ones. */
  native?: ServerQueries | undefined;
}

/** What tells the bad events from the total: statuses, the buckets of a histogram, or counters of their own. */
export type BadQueries =
  | { kind: "statuses"; label: string; errors: CounterQueries; noErrors: CounterQueries }
  | {
      kind: "buckets";
      atMostSeconds: number;
      unitsPerSecond: number;
      buckets: Reading;
      below: (les: readonly string[]) => CounterQueries;
      /** What has a latency, buckets or not. */
      timed: CounterQueries;
    }
  | { kind: "native"; atMostSeconds: number; certainlyFast: CounterQueries; maybeFast: CounterQueries }
  | {
      kind: "events";
      counters: readonly CounterQueries[];
      /** The counters are of the good events. */
      good: boolean;
      /** Proofs of those, and of the total's, that may have no series as yet. */
      zeros: ReadonlyMap<CounterQueries, ZeroProof>;
    };

type Served = Extract<Indicator, { kind: "errors" | "latency" }>;

/** Compiles an objective about the service's own counts, or says what its metrics lack for it or its filter hides. */
export function serverQueries(objective: string, indicator: Served, scope: ServiceScope): ServerQueries | SelectorProblem[] {
  const { metrics } = scope;
  const problem = whereProblem(indicator, scope);
  if (problem !== undefined) return [problem];
  const where = servedWhere(scope, indicator.where);
  const told = (counted: Counted, bad: BadQueries, native?: ServerQueries): ServerQueries => ({
    ...servedBase(objective, counted, indicator.where, scope),
    total: [countersOf(counted, where)],
    countsRequests: true,
    unnamed: unnamedIn(counted, indicator.where, scope),
    bad,
    native,
  });
  switch (indicator.kind) {
    case "errors": {
      const label = metrics.labels.status;
      if (label === undefined) return [lacks("errors", "have no label of the status; name it in metrics.labels.status")];
      const byStatus = (of: Counted, native?: ServerQueries): ServerQueries => {
        const errors = countersOf(of, [...where, isError(label, metrics)]);
        return told(of, { kind: "statuses", label, errors, noErrors: countersOf(of, [...where, ...isNoError(label, metrics)]) }, native);
      };
      const [classic, native] = countedRequests(metrics);
      return byStatus(classic, native && byStatus(native));
    }
    case "latency": {
      if (metrics.duration === undefined) return [lacks("latency", "have no histogram of latencies; name it in metrics.duration")];
      const { metric, unitsPerSecond } = metrics.duration;
      const { atMostSeconds } = indicator;
      const bucket = `${metric}_bucket`;
      const last = over("last_over_time", selector(bucket, where));
      const buckets: Reading = (rangeSeconds) => promql`count by (le) (${last(rangeSeconds)})`;
      const below = (les: readonly string[]): CounterQueries => counterQueries(selector(bucket, [...where, isOneOf("le", les)]));
      const upTo = (kind: "certainlyUpTo" | "maybeUpTo"): CounterQueries =>
        counterQueries(selector(metric, where), { kind, limitSeconds: atMostSeconds, unitsPerSecond });
      const [certainlyFast, maybeFast] = [upTo("certainlyUpTo"), upTo("maybeUpTo")];
      const native = told(nativeOf(metric), { kind: "native", atMostSeconds, certainlyFast, maybeFast });
      const timed = countersOf({ metric: `${metric}_count` }, where);
      // The last bucket, not the count: series without buckets would look like slow requests.
      const whole = { metric: bucket, only: [is("le", "+Inf")] };
      return told(whole, { kind: "buckets", atMostSeconds, unitsPerSecond, buckets, below, timed }, native);
    }
  }
}

function servedBase(objective: string, counted: Counted, where: Where, scope: ServiceScope) {
  return { kind: "server" as const, objective, compared: comparedQueries(counted, where, scope), labels: scope.metrics.labels };
}

/** What counts requests: a counter, or a native histogram. */
interface Counted {
  metric: string;
  only?: readonly Matcher[];
  part?: HistogramPart;
}

const nativeOf = (metric: string): Counted => ({ metric, part: { kind: "all" } });

const countersOf = ({ metric, only = [], part }: Counted, where: readonly Matcher[]): CounterQueries =>
  counterQueries(selector(metric, [...where, ...only]), part);

/** Gives what counts all requests; and, where that is the count of a histogram, the same of a native one. */
function countedRequests({ requests, duration }: Metrics): [classic: Counted, native: Counted | undefined] {
  const ofHistogram = duration !== undefined && requests === `${duration.metric}_count`;
  return [{ metric: requests }, ofHistogram ? nativeOf(duration.metric) : undefined];
}

/** Compares an objective's requests where k6 and the service name them alike, and else all of them: what is missing in total may be missing from the filtered ones. */
function comparedQueries(counted: Counted, where: Where, scope: ServiceScope): ServerQueries["compared"] {
  const { routes = [], testid, metrics } = scope;
  const { route, status } = metrics.labels;
  const isNamedAlike = ([label, value]: [string, string]): boolean =>
    label === "method" || (label === "route" && routes.some((one) => isSameRoute(one, value)));
  const isAlike = Object.entries(where).every(isNamedAlike);
  const alike = Object.fromEntries(Object.entries(where).filter(isNamedAlike));
  const filter = routes.length > 0 && isAlike ? where : {};
  const names = route !== undefined && routes.length > 0 && filter["route"] === undefined ? [isRoute(k6Labels.name, routes)] : [];
  const asked = [...sentWhere(filter), ...names];
  const failed = judged(k6Metrics.requests, testid, ...sentWhere(alike), ...names, isError(k6Labels.status, metrics));
  const served = servedWhere(scope, filter);
  const isHistogram = counted.part === undefined && counted.metric === `${metrics.duration?.metric}_bucket`;
  const hasCounter = isHistogram && metrics.requests !== `${metrics.duration?.metric}_count`;
  return {
    counters: countersOf(counted, served),
    requests: hasCounter ? countersOf({ metric: metrics.requests }, served) : undefined,
    sent: (rangeSeconds, judgedOnly) => {
      const series = (judgedOnly ? judged : ofRun)(k6Metrics.requests, testid, ...asked);
      return promql`sum by (name, status) (${over("last_over_time", series)(rangeSeconds)})`;
    },
    failed: (rangeSeconds) => promql`sum by (name) (${over("last_over_time", failed)(rangeSeconds)})`,
    failures: isAlike || status === undefined ? undefined : countersOf(counted, [...servedWhere(scope, alike), isError(status, metrics)]),
  };
}

/** What libraries write where they do not know the route or method of a request. */
const nameless = "|unknown|UNKNOWN|NOT_FOUND|_OTHER|undefined|null";

function unnamedIn(counted: Counted, where: Where, scope: ServiceScope): CounterQueries[] {
  const { labels } = scope.metrics;
  // Where the load's routes are known, k6's requests are compared by them, and what has another name is missing.
  if ((scope.routes ?? []).length > 0) return [];
  return (["route", "method"] as const).flatMap((word, i, words) => {
    const [label, before] = [labels[word], words.slice(0, i)];
    if (where[word] === undefined || label === undefined) return [];
    // What has no route was counted as such already.
    const rest = before.flatMap((one) =>
      where[one] === undefined || labels[one] === undefined ? [] : [matchesNot(labels[one], nameless)],
    );
    return [countersOf(counted, [...servedWhere(scope, {}), matches(label, nameless), ...rest])];
  });
}

type Ratio = Extract<Indicator, { kind: "ratio" }>;

export function ratioQueries(objective: string, { of, events, total }: Ratio, scope: ServiceScope): ServerQueries | SelectorProblem[] {
  const [whole, part] = [parseCounters(total), parseCounters(events)];
  if (whole.kind === "problem" || part.kind === "problem") return [whole, part].filter((one) => one.kind === "problem");
  const apart = part.terms.map((term) => missingIn(whole.terms, term)).find((label) => label !== undefined);
  if (apart !== undefined)
    return [refusal(total, `leaves out all ${of} events, by its label ${apart}: what is ${of} must be in the total`)];
  const terms = [...whole.terms, ...part.terms];
  const isOfTotal = ({ metric }: Term): boolean => whole.terms.some((one) => one.metric === metric);
  // That good events have not been counted makes all of the total bad: only the total's own metric can prove that.
  const zeros = terms.flatMap((term): [CounterQueries, ZeroProof][] => {
    const proof = of === "bad" || isOfTotal(term) ? zeroProof(term, of === "good" && part.terms.includes(term)) : undefined;
    return proof ? [[term.counters, proof]] : [];
  });
  const jobsIn = (rangeSeconds: number): string[] => terms.map(({ counters }) => `count by (job) (${counters.last(rangeSeconds).promql})`);
  const told = (counted: Counted, native?: ServerQueries): ServerQueries => ({
    ...servedBase(objective, counted, {}, scope),
    total: whole.terms.map(({ counters }) => counters),
    countsRequests: false,
    unnamed: [],
    jobs: (rangeSeconds) => ({ promql: jobsIn(rangeSeconds).join(" or ") }),
    bad: { kind: "events", counters: part.terms.map(({ counters }) => counters), good: of === "good", zeros: new Map(zeros) },
    native,
  });
  const [classic, native] = countedRequests(scope.metrics);
  return told(classic, native && told(native));
}

const lacks = (text: string, what: string): SelectorProblem =>
  refusal(text, `cannot be told on the server's side: the metrics of this service ${what}`);

/** Says why a filter cannot be asked of the service, or would hide bad events instead of choosing requests. */
function whereProblem({ kind, where }: Served, { server, metrics }: ServiceScope): SelectorProblem | undefined {
  const fixed: Where = { ...metrics.where, ...server };
  for (const [label, value] of Object.entries({ ...metrics.where, ...where })) {
    if (kind === "errors" && (label === metrics.labels.status || errorLabels.has(label)))
      return refusal(label, "cannot be filtered by in an error objective: it would hide the errors");
    if (isOurs(label) && where[label] === value && metrics.labels[label] === undefined)
      return lacks(label, `have no label of the ${label}; name it in metrics.labels.${label}`);
    if ((fixed[label] ?? value) !== value)
      return refusal(label, `cannot be ${value}: the service that is watched has ${label} ${fixed[label]}`);
  }
  return undefined;
}
