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

/** Names the labels that only one metric each has: errors by type, faults by kind, collections by kind. */
export const targetDetailLabels = { errorType: "type", fault: "fault", collection: "kind" } as const;

/** Names the series of prom-client's default metrics: what a Node process says of its own resources. */
export const processMetrics = {
  /** Counter of CPU seconds, user and system. */
  cpu: "process_cpu_seconds_total",
  residentMemory: "process_resident_memory_bytes",
  heapUsed: "nodejs_heap_size_used_bytes",
  heapTotal: "nodejs_heap_size_total_bytes",
  eventLoopLagMedian: "nodejs_eventloop_lag_p50_seconds",
  eventLoopLagP99: "nodejs_eventloop_lag_p99_seconds",
  /** Histogram of seconds, by kind of collection. */
  garbageCollection: "nodejs_gc_duration_seconds",
  openFiles: "process_open_fds",
  openFilesLimit: "process_max_fds",
  /** Gauge: Unix seconds. */
  startTime: "process_start_time_seconds",
} as const;
