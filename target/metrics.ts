import promClient, { Counter, Gauge, Histogram, Registry } from "@platformatic/prom-client";
import fastifyMetrics, { type IMetricsPluginOptions } from "fastify-metrics";
import { z } from "zod";
import type { Api } from "./api/routes.ts";
import { targetLabels, targetMetrics } from "./api/names.ts";
import { operations } from "./api/contract.ts";
import { type FaultKind, faultKinds, type FaultRule, fixedOperation, ruleMatches } from "./faults/rules.ts";

/** The route label of a request that no registered route serves. */
export const unknownRoute = "__unknown__";

/** The status label of a request whose client left before the answer was sent (nginx's number for it). */
export const clientGoneStatus = 499;

/** The status label of a request whose connection a fault cut; it was never sent, but the service failed. */
export const droppedStatus = 599;

const errorTypes = {
  400: "bad_request",
  404: "not_found",
  413: "too_large",
  415: "unsupported_media_type",
  499: "client_gone",
  500: "internal",
  503: "unavailable",
} as const;

/** The value of the label `type` of the error counter. */
export type ErrorType = (typeof errorTypes)[keyof typeof errorTypes] | "other" | "injected" | "malformed";

export type Metrics = Awaited<ReturnType<typeof registerMetrics>>;

/** Tells the type of an error by its status (400 or more) and whether a fault made it. */
export function errorTypeOf(status: number, injected: boolean): ErrorType {
  if (injected) return "injected";
  if (status in errorTypes) return errorTypes[status as keyof typeof errorTypes];
  return status >= 500 ? "internal" : "other";
}

/** Registers fastify-metrics with a registry of its own, `GET /metrics`, and every documented label set at zero. Call it before any route. */
export async function registerMetrics(api: Api, durationBuckets: readonly number[]) {
  const [registry, name] = [new Registry(), targetMetrics.requestDuration];
  const documented: Labels[] = [];
  api.addHook("onRoute", ({ method, url, schema }) => {
    const statuses = [...Object.keys(schema?.response ?? {}).map(Number), clientGoneStatus, 500];
    for (const verb of [method].flat()) documented.push(...statuses.map((status) => labelsOf(verb, url, status)));
  });
  const options = {
    promClient: { ...promClient, Histogram: RouteHistogram, register: registry },
    endpoint: { url: "/metrics", schema: { hide: true, response: { 200: z.string() } } },
    defaultMetrics: { enabled: true, register: registry },
    routeMetrics: {
      enabled: { histogram: true, summary: false },
      registeredRoutesOnly: false,
      invalidRouteGroup: unknownRoute,
      methodBlacklist: [],
      overrides: {
        labels: targetLabels,
        histogram: {
          name,
          help: "Seconds from request received to response sent",
          buckets: [...durationBuckets],
          registers: [registry],
        },
        summary: { registers: [] },
      },
    },
  };
  // It is typed by prom-client, and takes @platformatic/prom-client when it runs.
  await api.register(fastifyMetrics.default, options as unknown as IMetricsPluginOptions);
  const histogram = registry.getSingleMetric(name);
  if (!(histogram instanceof RouteHistogram)) throw new Error("fastify-metrics did not use the histogram that it was given");
  const createAtZero = zeroKeeper(histogram);
  api.addHook("onReady", () => createAtZero([...documented, ...unknownRouteSets]));
  return {
    ...createCounters(registry),
    /** Counts a request that never came to a route, with no duration. */
    unrouted: (method: string, status: number): void => histogram.observe(labelsOf(method, unknownRoute, status), 0),
    /** Creates the label sets that these rules can give, at zero, where they are not there yet. */
    expectFaults: (rules: readonly FaultRule[]): Promise<void> => createAtZero(rules.flatMap(statusesOf)),
  };
}

/** Times without the arrays and copies of prom-client's own timer, which cost about 2 µs a request (measured 2026-11-21). */
class RouteHistogram extends Histogram<string> {
  override startTimer(): ReturnType<Histogram<string>["startTimer"]> {
    const start = performance.now();
    return (labels = {}) => {
      const seconds = (performance.now() - start) / 1_000;
      this.observe(labels, seconds);
      return seconds;
    };
  }
}

type Labels = Partial<Record<string, string | number>>;

const unknownRouteSets = ["GET", "PUT", "POST", "DELETE"].flatMap((method) =>
  [400, 404, clientGoneStatus].map((status) => labelsOf(method, unknownRoute, status)),
);

function labelsOf(method: string, route: string, status: number): Record<string, string> {
  return { [targetLabels.method]: method, [targetLabels.route]: route, [targetLabels.status]: String(status) };
}

/** Lists the label sets that a rule adds to the documented ones. */
function statusesOf(rule: FaultRule): Labels[] {
  const status = rule.kind === "error" ? rule.status : rule.kind === "drop" || rule.kind === "crash" ? droppedStatus : undefined;
  if (status === undefined) return [];
  const matched = operations.filter(({ method, route }) => ruleMatches(rule, method, route));
  return matched.map(({ method, route }) => labelsOf(method, route, status));
}

/** Creates label sets that are not there; prom-client's `zero` alone would set one that counts back to nothing. */
function zeroKeeper(histogram: Histogram<string>): (sets: readonly Labels[]) => Promise<void> {
  const keyOf = (labels: Labels): string => JSON.stringify(Object.values(targetLabels).map((name) => `${labels[name]}`));
  return async (sets) => {
    const present = new Set((await histogram.get()).values.map(({ labels }) => keyOf(labels)));
    for (const labels of sets) {
      if (!present.has(keyOf(labels))) histogram.zero(labels as Record<string, string>);
      present.add(keyOf(labels));
    }
  };
}

function createCounters(registry: Registry) {
  const registers = [registry];
  let active = 0;
  const collect = (): void => gauge.set(active);
  const gauge = new Gauge({ name: targetMetrics.activeRequests, help: "Requests in flight", registers, collect });
  const errors = new Counter({ name: targetMetrics.errors, help: "Failed requests by type", labelNames: ["type"], registers });
  const labelNames = [targetLabels.method, targetLabels.route, "fault"];
  const help = "Faults injected on purpose, by operation and kind";
  const faults = new Counter({ name: targetMetrics.faultsInjected, help, labelNames, registers });
  /** Counts one injected fault; 0 creates its label set. */
  const fault = (method: string, route: string, kind: FaultKind, times = 1): void =>
    faults.inc({ [targetLabels.method]: method, [targetLabels.route]: route, fault: kind }, times);
  for (const type of [...Object.values(errorTypes), "other", "injected", "malformed"]) errors.inc({ type }, 0);
  for (const kind of faultKinds) {
    const fixed = fixedOperation(kind);
    for (const { method, route } of fixed === undefined ? operations : [fixed]) fault(method, route, kind, 0);
  }
  return {
    arrived: (): void => void (active += 1),
    left: (): void => void (active -= 1),
    error: (type: ErrorType): void => errors.inc({ type }),
    fault,
  };
}
