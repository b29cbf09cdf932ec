import { formatProblem, loadSpec } from "./load.ts";
import type { Spec } from "./spec.ts";

/** Reads a spec and gives its problems as people see them. */
export const problemsOf = (text: string): string[] => {
  const loaded = loadSpec(text, "s.yaml");
  return loaded.kind === "problems" ? loaded.problems.map(formatProblem) : [];
};

/** Reads a spec that has no problem; throws where it has one. */
export function specOf(text: string, scenario?: string): Spec {
  const loaded = loadSpec(text, "s.yaml", scenario);
  if (loaded.kind === "problems") throw new Error(loaded.problems.map(formatProblem).join("\n"));
  return loaded.spec;
}

/** A spec without a problem, with every kind of indicator. */
export const good = `version: 1
service: shop
objectives:
  - name: availability
    target: 99.9%
    indicator: { errors: { side: client } }
  - name: read latency
    target: 99%
    indicator:
      latency:
        side: server
        atMost: 250ms
        where: { method: GET, route: "/api/buckets/:id" }
  - name: checkout works
    target: 99.5%
    indicator: { ratio: { bad: 'orders_total{result="failed"}', total: 'orders_total' } }
scenarios:
  spike: { availability: { target: 99% }, read latency: { target: 99.5% } }
  constructor: { availability: { target: 98% } }
`;
