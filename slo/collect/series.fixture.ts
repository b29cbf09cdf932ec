import { presetNamed } from "../spec/presets.ts";
import type { Indicator, Spec } from "../spec/spec.ts";

/** One sample as it is written to Prometheus; Unix seconds. */
export type Sample = [labels: Record<string, string>, value: number, atSeconds: number];

const now = Math.floor(Date.now() / 1000);
/** When the load of these tests began and when all of it was counted, Unix seconds; k6 ended at `ended`. */
export const [from, ended, until] = [now - 100, now - 44, now - 40];

/** Gives samples in order of time, as scrapes and pushes would have come, in the shape that is written. */
export function inOrder(samples: readonly Sample[]): { labels: Record<string, string>; value: number; atMillis: number }[] {
  return samples.toSorted((a, b) => a[2] - b[2]).map(([labels, value, at]) => ({ labels, value, atMillis: at * 1000 }));
}

/** A spec with one objective, of a service that counts as fastify-metrics does where nothing else is said. */
export const specOf = (indicator: Indicator, metrics = presetNamed("fastify")): Spec => ({
  version: 1,
  service: "s",
  confidence: 0.95,
  periodSeconds: 1,
  objectives: [{ name: "o", targetRatio: 0.99, indicator, place: { file: "s", line: 1, column: 1 } }],
  metrics,
  scenarios: {},
});

/** An objective about all errors of one side. */
export const errors = (side: "client" | "server"): Indicator => ({ kind: "errors", side, where: {} });

/** Labels requests as k6 counts them. */
export const k6 = (testid: string, more: Record<string, string>): Record<string, string> => ({
  __name__: "k6_http_reqs_total",
  testid,
  scenario: "main",
  name: "/x",
  method: "GET",
  ...more,
});

/** Labels requests as the service counts them. */
export const count = (job: string, status: string, instance = "a:1"): Record<string, string> => ({
  __name__: "http_request_duration_seconds_count",
  job,
  instance,
  status_code: status,
  route: "/x",
  method: "GET",
});

/** Labels a bucket of the service's histogram. */
export const bucket = (job: string, le: string): Record<string, string> => ({
  __name__: "http_request_duration_seconds_bucket",
  job,
  instance: "a:1",
  le,
  route: "/x",
  method: "GET",
});

/** Labels when a process began, by its own word. */
export const began = (job: string, instance = "a:1"): Record<string, string> => ({ __name__: "process_start_time_seconds", job, instance });

/** Makes the scrapes of an instance: `up` is 0 where it did not answer. */
export const scraped = (job: string, at: readonly number[], instance = "a:1", up = 1): Sample[] =>
  at.map((t): Sample => [{ __name__: "up", job, instance }, up, t]);
