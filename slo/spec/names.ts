/** Names every metric and label that Plimsoll reads or writes; the only place where they are spelled. */
export { targetLabels, targetMetrics } from "../../target/api/names.ts";

/** Names the series that k6 2.x remote-writes (its own, then the ones that our scenario client adds). */
export const k6Metrics = {
  requests: "k6_http_reqs_total",
  iterations: "k6_iterations_total",
  droppedIterations: "k6_dropped_iterations_total",
  /** Native histogram, seconds. */
  requestDuration: "k6_http_req_duration_seconds",
  vus: "k6_vus",
  /** Requests slower than the label `threshold` (seconds), or never answered. A series without `method` proves that they were counted. */
  slowRequests: "k6_slow_requests_total",
  /** Expected status, unexpected bytes. */
  wrongContents: "k6_wrong_contents_total",
  /** Gauge: Unix seconds at which a k6 scenario began. */
  scenarioStart: "k6_scenario_start_seconds",
} as const;

/** Names the labels on k6's series. */
export const k6Labels = {
  testid: "testid",
  instance: "instance_id",
  scenario: "scenario",
  method: "method",
  name: "name",
  status: "status",
  expectedResponse: "expected_response",
  threshold: "threshold",
} as const;

/** Is the `scenario` label of traffic that is sent to warm the service up and never judged. */
export const warmupScenario = "warmup";

/** Names the series that a finished run leaves in Prometheus. */
export const plimsollMetrics = { preflight: "plimsoll_preflight" } as const;
