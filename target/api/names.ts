/** Names the reference service's metrics and labels, once; the SLO side reads them through `slo/spec/names.ts`. */
export const targetMetrics = {
  /** Histogram of seconds from request received to response sent, by method, route and status_code. */
  requestDuration: "http_request_duration_seconds",
  /** Gauge of requests in flight. */
  activeRequests: "http_requests_active",
  /** Counter of failed requests, by type. */
  errors: "http_errors_total",
  /** Counter of injected faults, by route and fault. */
  faultsInjected: "faults_injected_total",
} as const;

/** Names the labels on the reference service's metrics. */
export const targetLabels = { method: "method", route: "route", status: "status_code" } as const;
