import { k6Labels, k6Metrics, ownClient } from "../spec/names.ts";
import type { Indicator } from "../spec/spec.ts";
import { sumOfLast, type Reading } from "./counters.ts";
import { sumsAt, type Part } from "./phases.ts";
import { is, isNot, type Matcher, type PromQL } from "./promql.ts";
import { clientWhere, judged, ofRun, type Scope } from "./scope.ts";

/** Reads cumulative counts that k6 sent: each expression takes the range to look back over. */
export interface ClientQueries {
  kind: "client";
  objective: string;
  /** What is counted, for messages: "requests". */
  noun: string;
  total: Reading;
  /** Why there is nothing to count where `total` has no series, and where to look for what there is: the values of a label. */
  nothing: { sentence: string; instead?: { read: Reading; label: string } };
  /** Bad for certain; their sum counts. */
  bad: Reading[];
  /** Must have a series, or nobody counted these events. */
  proof?: { read: Reading; missing: string } | undefined;
  /** Must be as many as `total`, or the tag that tells errors is not on every request. */
  tagged?: Reading | undefined;
  /**
   * Where the client did not count slow requests itself: the native histogram of answered requests to read them from.
   * k6 gives a request that was never answered a duration of 0 or of its time-out, so those are counted apart.
   */
  histogram?: { read: Reading; unanswered?: Reading; atMost: number; limit: string } | undefined;
  /** Requests of a user script that the client of `plimsoll/k6` has counted: where they are all of `total`, `bad` and `proof` stand for the histogram. */
  byClient?: Reading | undefined;
  /** The shares that k6 wrote of the same events, series by series, and the counts beside them: where they differ, not every event was counted. */
  shares?: { ofK6: Reading; counted: Reading } | undefined;
  /** Counters that a script may lower, which would take events away again. */
  rising: Reading[];
  /** What a script counted and no objective reads: where it has samples, they are so many events of the objective, or bad ones of an unknown number, or anything. */
  hidden: readonly { read: Reading; why: string; hides: "events" | "bad" | "any" }[];
  /** What an iteration that was not carried out stands for at worst: an iteration's requests, as many of these events, one event, or none. */
  unserved: "requests" | "events" | "one" | "none";
  /** True when the objective is about every request, so that a dropped iteration is certainly bad. */
  unfiltered: boolean;
  /** For latency: above how many seconds a request is slow. */
  slowAboveSeconds?: number | undefined;
  /** For latency: those bad ones that no delay of k6's own can have caused, whatever CPU it had. */
  refused?: Reading | undefined;
  part?: Part | undefined;
  /** The plain counters, which can be read at the borders of a stretch; undefined where there are none. */
  phased?: { total: PromQL; bad: PromQL[]; dropped: PromQL; sumsAt: typeof sumsAt } | undefined;
}

export type Sided = Extract<Indicator, { side: unknown }>;

/** K6's status of a request that got no answer. */
const unanswered = "0";
/** K6's code of a refused connection: https://grafana.com/docs/k6/latest/javascript-api/error-codes/. Time-outs and resets may come of a client that is slow. */
const refusedConnection = "1212";

/** What all client-side objectives have in common, as it is for requests. */
export function clientBase(objective: string, total: Reading): ClientQueries {
  return {
    kind: "client",
    objective,
    noun: "requests",
    total,
    nothing: { sentence: "Prometheus holds no request of this run that the objective is about" },
    bad: [],
    rising: [],
    hidden: [],
    unserved: "requests",
    unfiltered: false,
  };
}

export const phasedBy = (testid: string, total: PromQL, ...bad: PromQL[]): ClientQueries["phased"] => ({
  total,
  bad,
  dropped: judged(k6Metrics.droppedIterations, testid),
  sumsAt,
});

/** Reads what our scenarios count themselves, which stands at zero, without a method, from the start. */
const atZero = (testid: string, metric: string, ...more: Matcher[]): Reading =>
  sumOfLast(ofRun(metric, testid, is(k6Labels.method, ""), ...more));

export const contentsCounted = (testid: string): ClientQueries["proof"] => ({
  read: atZero(testid, k6Metrics.wrongContents),
  missing: "the client did not count wrong contents",
});

/** Labels that k6 gives to a request by its answer. */
export const ofAnswers = new Set<string>([k6Labels.status, k6Labels.expectedResponse, k6Labels.errorCode, "error"]);

/** Compiles an objective about requests as k6 saw them. */
export function clientQueries(objective: string, indicator: Sided, { testid }: Scope, ownCounts: boolean): ClientQueries {
  const where = clientWhere(indicator.where);
  const series = (metric: string, ...more: Matcher[]): PromQL => judged(metric, testid, ...more, ...where);
  const reads = (metric: string, ...more: Matcher[]): Reading => sumOfLast(series(metric, ...more));
  const counting = isNot(k6Labels.method, "");
  const unexpected = series(k6Metrics.requests, is(k6Labels.expectedResponse, "false"));
  const all = series(k6Metrics.requests);
  const base: ClientQueries = { ...clientBase(objective, sumOfLast(all)), unfiltered: where.length === 0 };
  const byClient = is(k6Labels.countedBy, ownClient);
  switch (indicator.kind) {
    case "errors": {
      const bad = [unexpected, series(k6Metrics.wrongContents, counting, ...(ownCounts ? [] : [byClient]))];
      return {
        ...base,
        bad: bad.map(sumOfLast),
        phased: phasedBy(testid, all, ...bad),
        proof: ownCounts ? contentsCounted(testid) : undefined,
        tagged: reads(k6Metrics.requests, isNot(k6Labels.expectedResponse, "")),
      };
    }
    case "latency": {
      const { atMostSeconds } = indicator;
      const refused = reads(k6Metrics.requests, is(k6Labels.status, unanswered), is(k6Labels.errorCode, refusedConnection));
      const slow = { ...base, slowAboveSeconds: atMostSeconds, refused };
      const threshold = is(k6Labels.threshold, String(atMostSeconds)); // as the client labels it: seconds, shortest form
      const proof = { read: atZero(testid, k6Metrics.slowRequests, threshold), missing: "the client did not count slow requests" };
      const slowOnes = series(k6Metrics.slowRequests, counting, threshold);
      if (ownCounts) return { ...slow, bad: [sumOfLast(slowOnes)], proof, phased: phasedBy(testid, all, slowOnes) };
      // What is counted carries the tags of its request, and no label of its answer.
      const exact = Object.keys(indicator.where).some((label) => ofAnswers.has(label))
        ? {}
        : { bad: [reads(k6Metrics.slowRequests, counting, threshold, byClient)], proof, byClient: reads(k6Metrics.requests, byClient) };
      const read = reads(k6Metrics.requestDuration, isNot(k6Labels.status, unanswered));
      const never = reads(k6Metrics.requests, is(k6Labels.status, unanswered));
      return { ...slow, ...exact, histogram: { read, unanswered: never, atMost: atMostSeconds, limit: `${atMostSeconds} s` } };
    }
  }
}
