import type { SpecFile } from "./schema.ts";

/** Says what is counted, and on which side. On the client side the label `route` is k6's `name`. */
export type Indicator = SpecFile["objectives"][number]["indicator"];

/** Where events are counted: by k6, or by the service itself. */
export type Side = Extract<Indicator, { side: unknown }>["side"];

/** Label equalities, e.g. { method: "GET", route: "/api/buckets/:id" }. On the client side `route` is k6's `name`. */
export type Where = Extract<Indicator, { where: unknown }>["where"];

/** A place in a file that a person can jump to; line and column begin at 1. */
export interface Place {
  file: string;
  line: number;
  column: number;
}

/** What a service promises, and how it is counted: its `targetRatio` is from 0 up and below 1. */
export type Objective = SpecFile["objectives"][number] & {
  /** The scenario override, when a scenario's own target replaced the objective's. */
  scenarioOverride?: { scenario: string; statedTargetRatio: number };
  place: Place;
};

/** A spec with every default filled in. Seconds and 0–1 ratios; `confidence` is one-sided and of every proof, `scenarios` holds the targets that differ there. */
export type Spec = Omit<SpecFile, "objectives" | "period"> & { periodSeconds: number; objectives: Objective[] };

/** `objectives/storage-api.yaml:5:13 target: must be below 100% (did you mean 99.9%?)` */
export interface Problem {
  place: Place;
  /** The key that the problem is about; empty when it is about the file. */
  path: string;
  message: string;
  /** Stands in brackets after the message. */
  hint?: string | undefined;
}
