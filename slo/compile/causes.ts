import { k6Labels, k6Metrics } from "../spec/names.ts";
import type { Indicator } from "../spec/spec.ts";
import { over, type Reading } from "./counters.ts";
import { is, isNot, promql, type Matcher, type PromQL } from "./promql.ts";
import { clientWhere, judged } from "./scope.ts";

/** Whose events are asked about; all of the objective's where it is left out. */
export interface Subject {
  method: string;
  route: string;
}

/** Some counters of k6 that belong to an objective, to be read in groups and over time. */
export interface CauseCounters {
  /** How many, by whatever may be a cause of them, over the time to look back over. */
  grouped: Reading;
  /** How many of one subject so far. */
  soFar: (subject: Subject | undefined, rangeSeconds: number) => PromQL;
}

/** Bad events of one sort: unexpected answers, wrong contents, slow ones; or a histogram whose buckets tell the slow ones. */
export type BadCounters = CauseCounters & { kind: "answer" | "wrongContents" | "slow" | "histogram" };

/** The questions what the bad events of a client-side objective have in common. */
export interface CauseQueries {
  total: CauseCounters;
  bad: BadCounters[];
  /** Above how many seconds an answer is slow; for latency only. */
  atMostSeconds: number | undefined;
}

function countersOf(series: (...more: Matcher[]) => PromQL): CauseCounters {
  const last = (rangeSeconds: number, ...more: Matcher[]): PromQL => over("last_over_time", series(...more))(rangeSeconds);
  const only = ({ method, route }: Subject): Matcher[] => [is(k6Labels.method, method), is(k6Labels.name, route)];
  return {
    grouped: (range) => promql`sum by (method, name, status, error_code, instance_id) (${last(range)})`,
    soFar: (subject, range) => promql`sum(${last(range, ...(subject ? only(subject) : []))})`,
  };
}

/** Compiles the questions; `ownCounts` says that the scenario counts slow requests and wrong contents itself. */
export function causeQueries(
  indicator: Extract<Indicator, { kind: "errors" | "latency" }>,
  testid: string,
  ownCounts: boolean,
): CauseQueries {
  const where = clientWhere(indicator.where);
  const counters = (metric: string, ...fixed: Matcher[]): CauseCounters =>
    countersOf((...more) => judged(metric, testid, ...fixed, ...where, ...more));
  const total = counters(k6Metrics.requests);
  const counting = isNot(k6Labels.method, "");
  switch (indicator.kind) {
    case "errors": {
      const unexpected: BadCounters = { kind: "answer", ...counters(k6Metrics.requests, is(k6Labels.expectedResponse, "false")) };
      const wrong: BadCounters = { kind: "wrongContents", ...counters(k6Metrics.wrongContents, counting) };
      return { total, bad: ownCounts ? [unexpected, wrong] : [unexpected], atMostSeconds: undefined };
    }
    case "latency": {
      const { atMostSeconds } = indicator;
      const slow = counters(k6Metrics.slowRequests, counting, is(k6Labels.threshold, String(atMostSeconds)));
      if (ownCounts) return { total, bad: [{ kind: "slow", ...slow }], atMostSeconds };
      const answered = counters(k6Metrics.requestDuration, isNot(k6Labels.status, "0"));
      const unanswered = counters(k6Metrics.requests, is(k6Labels.status, "0"));
      return {
        total,
        bad: [
          { kind: "histogram", ...answered },
          { kind: "answer", ...unanswered },
        ],
        atMostSeconds,
      };
    }
  }
}
