import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "@platformatic/prom-client";
import type { FastifyReply } from "fastify";
import { z } from "zod";
import { operations } from "./api/contract.ts";
import { targetDetailLabels, targetLabels, targetMetrics } from "./api/names.ts";
import type { Api } from "./api/routes.ts";
import { type FaultKind, faultKinds, type FaultRule, fixedOperation, ruleMatches } from "./faults/rules.ts";

/** The route label of a request that no registered route serves. */
const unknownRoute = "__unknown__";

/** The status label of a request whose client left before the answer was sent (nginx's number for it). */
export const clientGoneStatus = 499;

/** The status label of a request whose connection a fault cut; it was never sent, but the service failed. */
export const droppedStatus = 599;

const errorTypes: Record<number, string> = {
  400: "bad_request",
  404: "not_found",
  413: "too_large",
  415: "unsupported_media_type",
  499: "client_gone",
  500: "internal",
  503: "unavailable",
};

/** What the service counts of itself. */
export type Metrics = ReturnType<typeof registerMetrics>;

/** Tells the type of an error by its status (400 or more) and whether a fault made it. */
export function errorTypeOf(status: number, injected: boolean): string {
  return injected ? "injected" : (errorTypes[status] ?? (status >= 500 ? "internal" : "other"));
}

/** Registers `GET /metrics` with a registry of its own, and every documented label set at zero. Call it before any route. */
export function registerMetrics(api: Api, buckets: readonly number[]) {
  const registry = new Registry();
  const registers = [registry];
  const histogram = new Histogram({
    name: targetMetrics.requestDuration,
    help: "Seconds from request received to response sent",
    labelNames: Object.values(targetLabels),
    buckets: [...buckets],
    registers,
  });
  collectDefaultMetrics({ register: registry });
  const documented = [...unknownRouteSets];
  api.addHook("onRoute", ({ method, url, schema }) => {
    const statuses = [...Object.keys(schema?.response ?? {}).map(Number), clientGoneStatus, 500];
    for (const verb of [method].flat()) documented.push(...statuses.map((status) => labelsOf(verb, url, status)));
  });
  api.addHook("onReady", () => createAtZero(histogram, documented));
  api.get("/metrics", { schema: { hide: true, response: { 200: z.string() } } }, async (_request, reply) => {
    const text = await registry.metrics();
    return reply.code(200).type(registry.contentType).send(text);
  });

  const active = new Gauge({ name: targetMetrics.activeRequests, help: "Requests in flight", registers });
  const errorLabels = [targetDetailLabels.errorType];
  const errors = new Counter({ name: targetMetrics.errors, help: "Failed requests by type", labelNames: errorLabels, registers });
  /** Counts one failed request by its type. */
  const error = (type: string, times = 1): void => errors.inc({ [targetDetailLabels.errorType]: type }, times);
  for (const type of [...Object.values(errorTypes), "other", "injected", "malformed"]) error(type, 0);
  const faults = new Counter({
    name: targetMetrics.faultsInjected,
    help: "Faults injected on purpose, by operation and kind",
    labelNames: [targetLabels.method, targetLabels.route, targetDetailLabels.fault],
    registers,
  });
  /** Counts one injected fault; 0 creates its label set. */
  const fault = (method: string, route: string, kind: FaultKind, times = 1): void =>
    faults.inc({ [targetLabels.method]: method, [targetLabels.route]: route, [targetDetailLabels.fault]: kind }, times);
  for (const kind of faultKinds) {
    const fixed = fixedOperation(kind);
    for (const { method, route } of fixed === undefined ? operations : [fixed]) fault(method, route, kind, 0);
  }
  return {
    /** Counts a request in flight. */
    arrived: (): void => active.inc(),
    /** Counts it out again, with its duration, and its error if it was one. */
    answered: ({ request, statusCode, elapsedTime }: FastifyReply): void => {
      active.dec();
      histogram.observe(labelsOf(request.method, request.routeOptions.url ?? unknownRoute, statusCode), elapsedTime / 1_000);
      if (statusCode >= 400) error(errorTypeOf(statusCode, request.injectedFault !== null));
    },
    /** Counts a request that never came to a route, with no duration. */
    unrouted: (method: string, status: number): void => histogram.observe(labelsOf(method, unknownRoute, status), 0),
    error,
    fault,
    /** Creates the label sets that these rules can give, at zero, where they are not there yet. */
    expectFaults: (rules: readonly FaultRule[]): Promise<void> => createAtZero(histogram, rules.flatMap(labelsOfRule)),
  };
}

type Labels = Record<string, string>;

function labelsOf(method: string, route: string, status: number): Labels {
  return { [targetLabels.method]: method, [targetLabels.route]: route, [targetLabels.status]: String(status) };
}

const unknownRouteSets = ["GET", "PUT", "POST", "DELETE"].flatMap((method) =>
  [400, 404, clientGoneStatus].map((status) => labelsOf(method, unknownRoute, status)),
);

/** Lists the label sets that a rule adds to the documented ones. */
function labelsOfRule(rule: FaultRule): Labels[] {
  const status = rule.kind === "error" ? rule.status : rule.kind === "drop" ? droppedStatus : undefined;
  if (status === undefined) return [];
  const matched = operations.filter(({ method, route }) => ruleMatches(rule, method, route));
  return matched.map(({ method, route }) => labelsOf(method, route, status));
}

/** Creates label sets that are not there; prom-client's `zero` alone would set one that counts back to nothing. */
async function createAtZero(histogram: Histogram<string>, sets: readonly Labels[]): Promise<void> {
  const keyOf = (labels: Partial<Record<string, string | number>>): string =>
    JSON.stringify(Object.values(targetLabels).map((name) => labels[name]));
  const present = new Set((await histogram.get()).values.map(({ labels }) => keyOf(labels)));
  for (const labels of sets) {
    if (!present.has(keyOf(labels))) histogram.zero(labels);
    present.add(keyOf(labels));
  }
}
