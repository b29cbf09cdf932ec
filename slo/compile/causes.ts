import { k6Labels, k6Metrics } from "../spec/names.ts";
import type { Indicator } from "../spec/spec.ts";
import { over, sumOfLast } from "./counters.ts";
import { is, isNot, promql, type Matcher, type PromQL } from "./promql.ts";
import { clientWhere, judged } from "./scope.ts";

/** Whose events are asked about; all of the objective's where it is left out. */
export interface Subject {
  method: string;
  route: string;
}

/** The questions what the bad events of a client-side objective have in common; `atMostSeconds` is above how many seconds an answer is slow, for latency. */
export type CauseQueries = ReturnType<typeof causeQueries>;

/** Compiles the questions; `ownCounts` says that the scenario counts slow requests and wrong contents itself. */
export function causeQueries(indicator: Extract<Indicator, { kind: "errors" | "latency" }>, testid: string, ownCounts: boolean) {
  const where = clientWhere(indicator.where);
  // The questions about some counters of k6, by the sort of bad event that they count; a histogram's buckets tell the slow ones.
  const counters = (kind: "answer" | "wrongContents" | "slow" | "histogram", metric: string, ...fixed: Matcher[]) => {
    const series = (...more: Matcher[]) => judged(metric, testid, ...fixed, ...where, ...more);
    const all = over("last_over_time", series());
    return {
      kind,
      /** How many, by whatever may be a cause of them, over the time to look back over. */
      grouped: (range: number): PromQL => promql`sum by (method, name, status, error_code, instance_id) (${all(range)})`,
      soFar: (subject: Subject | undefined, range: number): PromQL =>
        sumOfLast(series(...(subject ? [is(k6Labels.method, subject.method), is(k6Labels.name, subject.route)] : [])))(range),
    };
  };
  const { requests, wrongContents, slowRequests, requestDuration } = k6Metrics;
  const total = counters("answer", requests);
  const counting = isNot(k6Labels.method, "");
  switch (indicator.kind) {
    case "errors": {
      const unexpected = counters("answer", requests, is(k6Labels.expectedResponse, "false"));
      const bad = ownCounts ? [unexpected, counters("wrongContents", wrongContents, counting)] : [unexpected];
      return { total, bad, atMostSeconds: undefined };
    }
    case "latency": {
      const { atMostSeconds } = indicator;
      const slow = counters("slow", slowRequests, counting, is(k6Labels.threshold, String(atMostSeconds)));
      const answered = counters("histogram", requestDuration, isNot(k6Labels.status, "0"));
      const unanswered = counters("answer", requests, is(k6Labels.status, "0"));
      return { total, bad: ownCounts ? [slow] : [answered, unanswered], atMostSeconds };
    }
  }
}
