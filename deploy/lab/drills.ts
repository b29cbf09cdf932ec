/** How the lab is broken, at an arrival rate; every way is taken back by `restore`. */
export type Fault =
  | { kind: "none" }
  | { kind: "rules"; rules: (rate: number) => readonly object[] }
  | { kind: "scaledToZero"; workload: string };

/** What must name a fault, each found by a query of its own. Labels, tags and attributes are those that the answer must have. */
export interface Signs {
  /** An objective that the gate must find exceeded; one of these. */
  objectives: readonly string[];
  alert: { name: string; labels: Record<string, string> };
  /** A trace of the run is searched by these tags and this duration; the guilty span in it has the attributes, and at least the duration. */
  trace: { tags: Record<string, string>; attributes: Record<string, string>; atLeastSeconds: number };
  /** LogQL behind the stream of the service; `$testid` is the run's. */
  log: string;
  /** A query of a panel in deploy/grafana/dashboards, what is asked of its value, and the labels of the series that shows it. */
  panel: { dashboard: string; title: string; refId: string; test: string; labels: Record<string, string> };
}

/** One bad day, and what must name it. */
export interface Drill {
  sentence: string;
  fault: Fault;
  /** What a pod of the service has in its status once the fault did its work, and the least seconds of load in which it must come to that. */
  mustHappen?: { status: string; withinSeconds: number };
  signs: Signs;
}

const bucket = "/api/buckets/:id";
const target = (title: string, refId: string, test: string, labels: Record<string, string> = {}) => ({
  dashboard: "target",
  title,
  refId,
  test,
  labels,
});
/** The fault that spoilt a request stands in its span and in its log line. */
const spoilt = (kind: string) => ({
  trace: { tags: { "plimsoll.fault": kind }, attributes: { "plimsoll.fault": kind }, atLeastSeconds: 0 },
  log: `| plimsoll_testid="$testid" | plimsoll_fault="${kind}"`,
});

/**
 * Two pods share the load, so the busier one leaks its whole limit within the seconds. That is slow enough for `MemoryNearLimit`, which wants
 * ten seconds above 80 % before the end, and leaves a load of `withinSeconds` time for the rollout.
 */
const leak = { pods: 2, limitBytes: 256 * 2 ** 20, seconds: 80 };
const leakBytes = (rate: number): number => Math.round((leak.pods * leak.limitBytes) / (rate * leak.seconds));

/** Every drill but the calm one, in the order in which they are told. */
export const drills: Record<string, Drill> = {
  "delete-answers-500": {
    sentence: "each DELETE that worked is answered 500",
    fault: { kind: "rules", rules: () => [{ kind: "delete-answers-500" }] },
    signs: {
      objectives: ["deletes work"],
      alert: { name: "RequestsFail", labels: { method: "DELETE", route: bucket } },
      ...spoilt("delete-answers-500"),
      panel: target("5xx share by route", "A", "> 0.5", { method: "DELETE", route: bucket }),
    },
  },
  "slow-store": {
    sentence: "the store takes 400 ms for each read",
    fault: { kind: "rules", rules: () => [{ kind: "slow-store", method: "GET", route: bucket, seconds: { constant: 0.4 } }] },
    signs: {
      objectives: ["read latency", "read latency, server"],
      alert: { name: "RequestsSlow", labels: { method: "GET", route: bucket } },
      trace: { tags: { "http.route": bucket }, attributes: { "db.operation.name": "get" }, atLeastSeconds: 0.35 },
      log: `| plimsoll_testid="$testid" | plimsoll_fault="slow-store"`,
      panel: target("p99 by route", "A", "> 0.25", { method: "GET", route: bucket }),
    },
  },
  "memory-leak": {
    sentence: "each request keeps memory for good, until the kernel ends the container",
    fault: { kind: "rules", rules: (rate) => [{ kind: "leak", bytes: leakBytes(rate) }] },
    mustHappen: { status: "OOMKilled", withinSeconds: 150 },
    signs: {
      objectives: ["availability", "server availability", "deletes work"],
      alert: { name: "MemoryNearLimit", labels: { job: "storage-api" } },
      ...spoilt("leak"),
      panel: target("Memory", "A", "> 190e6"),
    },
  },
  "crash-loop": {
    sentence: "each process ends at its 300th request",
    fault: { kind: "rules", rules: () => [{ kind: "crash", every: 300 }] },
    signs: {
      objectives: ["availability", "server availability", "deletes work"],
      alert: { name: "ContainerRestarts", labels: {} },
      ...spoilt("crash"),
      panel: target("Restarts", "A", "> 0"),
    },
  },
  "dropped-connections": {
    sentence: "each third connection is cut in the middle of its answer",
    fault: { kind: "rules", rules: () => [{ kind: "drop", every: 3 }] },
    signs: {
      objectives: ["availability", "deletes work"],
      alert: { name: "RequestsFail", labels: {} },
      ...spoilt("drop"),
      panel: target("Rate by status", "A", "> 0", { status_code: "599" }),
    },
  },
  "database-gone": {
    sentence: "the database is stopped",
    fault: { kind: "scaledToZero", workload: "statefulset/mongodb" },
    signs: {
      objectives: ["availability", "server availability", "deletes work"],
      alert: { name: "ProbeFails", labels: { service: "storage-api" } },
      trace: {
        tags: { error: "true" },
        attributes: { "db.system.name": "mongodb", error: "true" },
        atLeastSeconds: 0,
      },
      log: `| plimsoll_testid="$testid" |= "the store is unavailable"`,
      panel: target("5xx share by route", "A", "> 0.5", { method: "GET", route: bucket }),
    },
  },
};
