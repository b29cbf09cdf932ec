/** Names every metric and label that Plimsoll reads or writes; the only place where they are spelled. */
export { processMetrics, targetDetailLabels, targetLabels, targetMetrics } from "../../target/api/names.ts";

/** Names the series that k6 2.x remote-writes (its own, then the ones that our scenario client adds). */
export const k6Metrics = {
  requests: "k6_http_reqs_total",
  iterations: "k6_iterations_total",
  droppedIterations: "k6_dropped_iterations_total",
  /** Native histogram, seconds. */
  requestDuration: "k6_http_req_duration_seconds",
  vus: "k6_vus",
  vusMax: "k6_vus_max",
  /** Native histograms, seconds: an iteration, and the phases of a request that `requestDuration` leaves out or sums up. */
  iterationDuration: "k6_iteration_duration_seconds",
  requestBlocked: "k6_http_req_blocked_seconds",
  requestConnecting: "k6_http_req_connecting_seconds",
  requestTls: "k6_http_req_tls_handshaking_seconds",
  requestSending: "k6_http_req_sending_seconds",
  requestWaiting: "k6_http_req_waiting_seconds",
  requestReceiving: "k6_http_req_receiving_seconds",
  dataSent: "k6_data_sent_total",
  dataReceived: "k6_data_received_total",
  /** Requests slower than the label `threshold` (seconds), or never answered. A series without `method` proves that they were counted. */
  slowRequests: "k6_slow_requests_total",
  /** Expected status, unexpected bytes. */
  wrongContents: "k6_wrong_contents_total",
  /** What a user script's checks and rates were, counted beside them where it was bundled for that (slo/run/bundle/k6). */
  countedChecks: "k6_plimsoll_checks_total",
  countedRates: "k6_plimsoll_rates_total",
  /** Values that k6 refused to take for a metric of the script. */
  refusedValues: "k6_plimsoll_refused_total",
  /** The share of k6's own, without its denominator. */
  checksShare: "k6_checks_rate",
  /** Gauge: Unix seconds at which a k6 scenario began. */
  scenarioStart: "k6_scenario_start_seconds",
} as const;

export const k6Labels = {
  testid: "testid",
  instance: "instance_id",
  scenario: "scenario",
  method: "method",
  name: "name",
  status: "status",
  expectedResponse: "expected_response",
  threshold: "threshold",
  errorCode: "error_code",
  group: "group",
  check: "check",
  /** On what is counted beside a script's checks and rates: whether it passed (or was true), and which rate it is. */
  countedGood: "plimsoll_good",
  countedRate: "plimsoll_rate",
  /** On values that k6 refused: which metric they were for. */
  refusedBy: "plimsoll_metric",
  /** On requests of a user script whose answers the client of `plimsoll/k6` has counted, and on what it counted of them. */
  countedBy: "counted_by",
} as const;

/** The value of the label of what the client of `plimsoll/k6` has counted. */
export const ownClient = "plimsoll";

/** Names the series that k6 writes of a script's own metric. */
export const ownMetric = {
  counter: (name: string): string => `k6_${name}_total`,
  rateShare: (name: string): string => `k6_${name}_rate`,
  /** Native histograms; times are milliseconds in the script and seconds here. */
  trend: (name: string, ofTimes: boolean): string => `k6_${name}${ofTimes ? "_seconds" : ""}`,
} as const;

/** The `scenario` label of traffic that is sent to warm the service up and never judged. */
export const warmupScenario = "warmup";

/** A pattern of the `group` label that k6 gives to what setup() and teardown() do, which has no scenario. */
export const groupOfSetup = "::(setup|teardown)(::.*)?";
/** The same of teardown() alone. */
export const groupOfTeardown = "::teardown(::.*)?";

/** Tells by the `scenario` label whether traffic is judged: setup and teardown have none, and the warm-up is not. */
export function isJudgedScenario(scenario: string | undefined): boolean {
  return scenario !== undefined && scenario !== "" && scenario !== warmupScenario;
}

export const isJudged = (labels: Readonly<Record<string, string>>): boolean => isJudgedScenario(labels[k6Labels.scenario]);

/** Names the series that Prometheus writes of each scrape. */
export const scrapeMetrics = { up: "up" } as const;

export const scrapeLabels = { job: "job", instance: "instance" } as const;

/**
 * Names the series that a run leaves in Prometheus: `preflight` before the load, the rest with the verdict, one sample each unless said otherwise.
 * Those of the verdict have the labels testid, service and scenario, and of an objective its name as well. Ratios are 0-1.
 */
export const plimsollMetrics = {
  preflight: "plimsoll_preflight",
  /** Unix seconds of Prometheus's clock at which a load pod of a run was ready to begin; one series for each pod. */
  podReady: "plimsoll_pod_ready_seconds",
  /** The moment at which all of them begin, on the same clock. */
  podsBegin: "plimsoll_pods_begin_seconds",
  /** What k6 had counted of the judged load by the last event of each of its pushes, by `of`: requests, iterations; only where an objective asks for seconds. */
  pushed: "plimsoll_pushed_total",
  /** One series for each value of `verdict` (met, exceeded, inconclusive): 1 on what was found, 0 on the others, so that a later gate overrules. */
  runVerdict: "plimsoll_run_verdict",
  objectiveVerdict: "plimsoll_objective_verdict",
  targetRatio: "plimsoll_objective_target_ratio",
  errorRatio: "plimsoll_objective_error_ratio",
  /** By `bound`: the error ratio is proved to be at `least` and at `most` this. */
  provedErrorRatio: "plimsoll_objective_proved_error_ratio",
  budgetSpent: "plimsoll_objective_budget_spent_ratio",
  /** Cumulative over the run, from 0, with the samples at the times at which they were read. */
  events: "plimsoll_objective_events_total",
  badEvents: "plimsoll_objective_bad_events_total",
  /** By `window`, the length of the long window as a duration ("30s"): the worst burn rate that was found, and the one that is a fast burn. */
  worstBurnRate: "plimsoll_objective_worst_burn_rate",
  burnRateThreshold: "plimsoll_objective_burn_rate_threshold",
} as const;

/** Names the labels on the series that a finished run leaves. */
export const plimsollLabels = {
  testid: "testid",
  service: "service",
  scenario: "scenario",
  objective: "objective",
  verdict: "verdict",
  bound: "bound",
  window: "window",
  of: "of",
} as const;
