import { groupOfSetup, groupOfTeardown, ownClient, ownMetric, warmupScenario } from "../spec/names.ts";
import { k6Labels, k6Metrics, k6Times, plimsollLabels, plimsollMetrics } from "../spec/names.ts";
import type { Indicator } from "../spec/spec.ts";
import { nounOf } from "../spec/side.ts";
import { clientBase, contentsCounted, phasedBy, type ClientQueries } from "./client.ts";
import { over, samplesOf, sumOfLast, valuesOfLabel, type Reading } from "./counters.ts";
import { is, isNot, matches, matchesNot, promql, type Matcher } from "./promql.ts";
import type { Part } from "./phases.ts";
import { clientWhere, judged, ofRun, type Scope } from "./scope.ts";

/** What k6 counts apart from requests: its iterations, and what a script makes itself. */
export type Own = Exclude<Indicator, { side: unknown } | { kind: "ratio" }>;
type Of<Kind extends Own["kind"]> = Extract<Own, { kind: Kind }>;

/** How long gRPC calls took. */
export const callTime = "grpc_req_duration";

export const countedBy = new Set<string>(["method", "route", k6Labels.name, k6Labels.scenario]);

/** Reads, push by push, how many requests or iterations k6 had counted, to judge each second. */
export interface SecondsQueries {
  kind: "seconds";
  objective: string;
  /** Every sample of the marks that the relay wrote, one with each push. */
  marks: Reading;
  perSecond: number;
  of: "requests" | "iterations";
  part?: Part | undefined;
}

/** Leaves open what a script counts that nobody asked for when it ran: of its checks and rates k6 wrote shares alone, and what it refused of its values nobody counted. */
const uncounted: Hidden = {
  read: () => promql`vector(1)`,
  why: "the script ran without counters of its checks and rates, and of what k6 refuses of its values: no objective was about them when it was loaded, or it was not loaded by Plimsoll; load it with this spec",
  hides: "any",
};

/** Tells whether an indicator is about what only a script counts, and k6 does not by itself, as the gRPC calls that ran out of time. */
const isOfScript = (indicator: Indicator): boolean =>
  ["checks", "counter", "rate"].includes(indicator.kind) ||
  (indicator.kind === "trend" && (indicator.name === callTime || !k6Times.includes(indicator.name)));

export function ownQueries(objective: string, indicator: Own, scope: Scope, scenario?: string): ClientQueries | SecondsQueries {
  const query = queriesOf(objective, indicator, scope, scenario);
  if (query.kind === "seconds") return query;
  const isUncounted = isOfScript(indicator) && scope.isUserScript === true && scope.script === undefined;
  return { ...query, noun: nounOf(indicator), hidden: isUncounted ? [uncounted] : query.hidden };
}

function queriesOf(objective: string, indicator: Own, scope: Scope, scenario?: string): ClientQueries | SecondsQueries {
  const { testid } = scope;
  switch (indicator.kind) {
    case "checks":
    case "rate":
      return sharesQueries(objective, indicator, scope);
    case "counter":
      return counterQueries(objective, indicator, scope);
    case "trend":
      return trendQueries(objective, indicator, scope);
    case "achieved": {
      const all = judged(k6Metrics.iterations, testid, ...(scenario === undefined ? [] : [is(k6Labels.scenario, scenario)]));
      const total: Reading = (range) => promql`${sumOfLast(all)(range)} or vector(0)`;
      return { ...clientBase(objective, total), unserved: "one", unfiltered: true, phased: phasedBy(testid, all) };
    }
    case "integrity":
      return integrityQueries(objective, indicator, scope);
    case "throughput": {
      const marks = ofRun(plimsollMetrics.pushed, testid, is(plimsollLabels.of, indicator.of));
      return { kind: "seconds", objective, marks: samplesOf(marks), perSecond: indicator.perSecond, of: indicator.of };
    }
  }
}

/** What tells a script's checks, or one of its rates, from what else it counts. */
function sharesOf(indicator: Of<"checks" | "rate">) {
  const { countedChecks, checksShare, countedRates } = k6Metrics;
  const { name, kind } = indicator;
  if (kind === "rate")
    return { counted: countedRates, share: ownMetric.rateShare(name), which: [is(k6Labels.countedRate, name)], named: [] };
  return { counted: countedChecks, share: checksShare, which: [], named: name === undefined ? [] : [is(k6Labels.check, name)] };
}

/** Reads what was counted beside a script's checks or rates: all of it, and what was bad. */
function sharesQueries(objective: string, indicator: Of<"checks" | "rate">, scope: Scope): ClientQueries {
  const { testid } = scope;
  const { counted, share, which, named } = sharesOf(indicator);
  const where = [...named, ...clientWhere(indicator.where)];
  const isBad = is(k6Labels.countedGood, String(indicator.kind === "rate" && !indicator.goodIs));
  const total = judged(counted, testid, ...which, ...where);
  const bad = judged(counted, testid, isBad, ...which, ...where);
  const nothing =
    indicator.kind === "rate"
      ? { sentence: `the script added nothing to the rate ${indicator.name} that the objective is about` }
      : {
          sentence: "the script made no check that the objective is about",
          instead: { read: valuesOfLabel(judged(counted, testid), k6Labels.check), label: k6Labels.check },
        };
  return {
    ...clientBase(objective, sumOfLast(total)),
    nothing,
    bad: [sumOfLast(bad)],
    phased: phasedBy(testid, total, bad),
    shares: { ofK6: over("last_over_time", judged(share, testid, ...where)), counted: over("last_over_time", total) },
    hidden: [
      badInTeardown(scope, counted, isBad, ...which, ...where),
      ...(indicator.kind === "rate" ? [refusedValues(scope, indicator.name, "events")] : []),
      unopened(scope),
    ],
    unserved: "events",
  };
}

type Hidden = ClientQueries["hidden"][number];

/** Counts series whose samples carry no scenario, outside of setup and teardown, or that of a warm-up that no client of `plimsoll/k6` sent. */
function withoutScenario({ testid }: Scope, ...metrics: string[]): Hidden {
  const read: Reading = (range) => {
    const last = (metric: string, ...more: Matcher[]) => over("last_over_time", ofRun(metric, testid, ...more))(range);
    const warmup = is(k6Labels.scenario, warmupScenario);
    const ours = last(k6Metrics.requests, warmup, is(k6Labels.countedBy, ownClient));
    const notJudged = (metric: string) =>
      promql`(${last(metric, warmup)} unless on () ${ours}) or ${last(metric, is(k6Labels.scenario, ""), matchesNot(k6Labels.group, groupOfSetup))}`;
    return promql`count(${metrics.map(notJudged).reduce((all, one) => promql`${all} or ${one}`)})`;
  };
  const why = `some samples carry scenario="${warmupScenario}", or no scenario outside of setup and teardown, and are not judged: leave the tag as k6 sets it, or give that scenario another name`;
  return { read, why, hides: "any" };
}

/** Counts the bad events that a script found in teardown(), as where it asks the service at the end what became of the load. */
function badInTeardown({ testid }: Scope, metric: string, ...which: Matcher[]): Hidden {
  const why = "some of its bad events were counted in teardown(), which is no part of the load: nobody knows of how many";
  return { read: sumOfLast(ofRun(metric, testid, matches(k6Labels.group, groupOfTeardown), ...which)), why, hides: "bad" };
}

/** Counts what a script gave a metric and k6 refused, as it does with what is no number (a field that an answer lacks). */
function refusedValues({ testid }: Scope, name: string, hides: Hidden["hides"]): Hidden {
  const why = `k6 refused values that the script gave to ${name} (see k6.log): what is no number is in no count, and may be bad`;
  return { read: sumOfLast(judged(k6Metrics.refusedValues, testid, is(k6Labels.refusedBy, name))), why, hides };
}

/** Counts WebSocket sessions that were never opened: what a script does in a session is neither checked nor timed there. */
const unopened = ({ testid }: Scope): Hidden => ({
  read: sumOfLast(judged(ownMetric.counter("ws_sessions"), testid, isNot(k6Labels.status, switched))),
  why: "as many WebSocket sessions were never opened, and nothing in them was checked or timed",
  hides: "events",
});
/** The status of a WebSocket session that was opened. */
const switched = "101";
/** The status of a gRPC call that nobody answered; a server may say so itself. */
const unavailable = "14";

function counterQueries(objective: string, { part, partIs, total, where }: Of<"counter">, scope: Scope): ClientQueries {
  const series = (name: string) => judged(ownMetric.counter(name), scope.testid, ...clientWhere(where));
  const [all, own] = [sumOfLast(series(total)), sumOfLast(series(part))];
  const isThere = scope.script?.metrics?.some(({ name, kind }) => name === part && kind === "counter") ?? false;
  const missing = `k6 wrote no counter ${part}, and nothing proves that the script has one: is its name right?`;
  return {
    ...clientBase(objective, all),
    nothing: { sentence: `k6 counted nothing as ${total} that the objective is about` },
    bad: [partIs === "bad" ? own : (range) => promql`${all(range)} - (${own(range)} or vector(0))`],
    // A counter that the script makes and that was never raised has no series: then it is 0.
    proof: isThere ? undefined : { read: sumOfLast(ofRun(ownMetric.counter(part), scope.testid)), missing },
    rising: [part, total].map((name) => (range) => promql`sum(${over("resets", series(name))(range)}) > 0`),
    hidden: [
      withoutScenario(scope, ownMetric.counter(part), ownMetric.counter(total)),
      refusedValues(scope, part, partIs === "bad" ? "bad" : "any"),
      refusedValues(scope, total, "any"),
      ...(partIs === "bad" ? [badInTeardown(scope, ownMetric.counter(part))] : []),
    ],
    unserved: "events",
    phased: partIs === "bad" ? phasedBy(scope.testid, series(total), series(part)) : undefined,
  };
}

function trendQueries(objective: string, { name, ofTimes, atMost, where }: Of<"trend">, scope: Scope): ClientQueries {
  const reads = (...more: Matcher[]) => sumOfLast(judged(ownMetric.trend(name, ofTimes), scope.testid, ...more, ...clientWhere(where)));
  const counted =
    (some: Reading): Reading =>
    (range) =>
      promql`histogram_count(${some(range)})`;
  const opened = ["ws_session_duration", "ws_connecting"].includes(name) ? [is(k6Labels.status, switched)] : [];
  const read = name === callTime ? reads(isNot(k6Labels.status, unavailable)) : reads(...opened);
  const refused = refusedValues(scope, name, "events");
  const ofCalls: Hidden[] = [
    { ...refused, why: "k6 does not time a call that ran out of its time" },
    { read: counted(reads(is(k6Labels.status, unavailable))), why: "nobody answered these calls (UNAVAILABLE)", hides: "events" },
  ];
  return {
    ...clientBase(objective, counted(read)),
    nothing: {
      sentence: `the script added nothing to the trend ${name} ${ofTimes ? "of times (atMost has a unit)" : "of numbers (atMost has no unit)"} that the objective is about`,
    },
    histogram: { read, atMost, limit: ofTimes ? `${atMost} s` : String(atMost) },
    hidden: [withoutScenario(scope, ownMetric.trend(name, ofTimes)), ...(name === callTime ? ofCalls : [refused]), unopened(scope)],
    unserved: "events",
    slowAboveSeconds: ofTimes ? atMost : undefined,
  };
}

/** How far before the judged load the scenario said which routes it verifies: before a warm-up of an hour at most. */
const lookbackSeconds = 2 * 3600;

/**
 * Counts the answers of the routes whose contents the scenario verifies, which have a counter of wrong ones from the start; of a user script those
 * that its client got. Wrong ones of a route that only some calls verify would be compared with none of its answers.
 */
function integrityQueries(objective: string, { where }: Of<"integrity">, { testid, isUserScript = false }: Scope): ClientQueries {
  const filter = clientWhere(where);
  const byClient = isUserScript ? [is(k6Labels.countedBy, ownClient)] : [];
  const atStart = [isNot(k6Labels.method, ""), ...(isUserScript ? [is(k6Labels.countedBy, "")] : [])];
  const verified: Reading = (range) => over("last_over_time", ofRun(k6Metrics.wrongContents, testid, ...atStart))(range + lookbackSeconds);
  const answers = over("last_over_time", judged(k6Metrics.requests, testid, is(k6Labels.expectedResponse, "true"), ...byClient, ...filter));
  const wrong = judged(k6Metrics.wrongContents, testid, isNot(k6Labels.method, ""), ...byClient, ...filter);
  const elsewhere: Hidden = {
    read: (range) => promql`count(${over("last_over_time", wrong)(range)} unless on (method, name) ${verified(range)})`,
    why: "some wrong contents are of a route that not every call of the script verifies, so nobody knows of how many answers: give each call of it isRight",
    hides: "any",
  };
  return {
    ...clientBase(objective, (range) => promql`sum(${answers(range)} and on (method, name) ${verified(range)})`),
    nothing: { sentence: "no answer that the objective is about came from a route whose contents every call of the scenario verifies" },
    bad: [sumOfLast(wrong)],
    proof: contentsCounted(testid),
    hidden: isUserScript ? [elsewhere] : [],
    unserved: "none", // contents are promised of answers, and what was not asked has none
  };
}
