/** Says who counted: k6, or the service itself. */
export type Side = "client" | "server";
/** Label equalities, e.g. { method: "GET", route: "/api/buckets/:id" }. On the client side `route` is k6's `name`. */
export type Where = Record<string, string>;

export type Indicator =
  | { kind: "errors"; side: Side; where: Where }
  | { kind: "latency"; side: Side; atMostSeconds: number; where: Where }
  | { kind: "ratio"; bad: string; total: string };

export interface Place {
  file: string;
  line: number;
  column: number;
}

export interface Objective {
  name: string;
  /** 0–1, below 1. */
  targetRatio: number;
  indicator: Indicator;
  /** The stated allowance, when a scenario's own target replaced the objective's. */
  allowance?: { scenario: string; statedTargetRatio: number };
  place: Place;
}

/** A spec with every default filled in. Seconds and 0–1 ratios. */
export interface Spec {
  version: 1;
  service: string;
  /** One-sided confidence of every proof, 0–1. */
  confidence: number;
  periodSeconds: number;
  objectives: Objective[];
  /** scenario → objective name → the target that holds there. */
  scenarios: Record<string, Record<string, { targetRatio: number }>>;
}

/** `objectives/storage-api.yaml:5:13 target: must be below 100% (did you mean 99.9%?)` */
export interface Problem {
  place: Place;
  path: string;
  message: string;
  hint?: string;
}
