import type { FaultRule } from "./rules.ts";

const bucket = "/api/buckets/:id";

/** Holds the named sets of fault rules, each a demonstration or a bad day that a gate must find. */
export const faultPresets = {
  /** The defect of the original service: a DELETE that worked is answered 500. */
  "delete-answers-500": [{ kind: "delete-answers-500" }],
  /** The original users route: 2 % of its answers are a failed database. */
  "users-database-errors": [{ kind: "error", method: "GET", route: "/api/users", share: 0.02, seed: 1, status: 500 }],
  "every-200th-500": [{ kind: "error", method: "*", route: "*", every: 200, status: 500 }],
  "slow-reads": [{ kind: "latency", method: "GET", route: bucket, every: 20, seconds: { constant: 0.4 } }],
  "stall-2s": [{ kind: "stall", method: "*", route: "*", afterSeconds: 5, forSeconds: 2, from: "first-request" }],
  "every-200th-dropped": [{ kind: "drop", method: "*", route: "*", every: 200 }],
  "wrong-contents": [{ kind: "wrong-contents", every: 100 }],
} as const satisfies Record<string, FaultRule[]>;
