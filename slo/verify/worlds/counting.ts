import { presetNamed, resolveMapping } from "../../spec/presets.ts";
import type { Random } from "./world.ts";
import type { Labels } from "./write.ts";

export const routes = ["/a/:id", "/b"] as const;

const braces = (route: string): string => route.replace(/:(\w+)/g, "{$1}");

/** How a service counts its requests where nothing about that is odd. */
const plain = (random: Random) => ({
  metrics: presetNamed("fastify"),
  method: "GET",
  routeOf: (route: string) => route,
  statusOf: (status: number) => String(status),
  /** Where its histogram has buckets, times the threshold. */
  buckets: random.pick([[1], [1], [1], [0.02, 1, 10], [0.8, 1.04], [0.5, 1.5], [3], [0.7]]),
  /** Its histogram is a native one, and nothing else counts its requests. */
  isNative: false,
  badStatus: random.pick([500, 503]),
  /** What is no route of the load is counted in series of its own, whatever the service knows of routes. */
  sharesNothing: false,
  /** Each request is counted in a second set of series as well; these tell them apart. */
  elsewhere: undefined as Labels | undefined,
  /** And nothing in the mapping leaves the second ones out. */
  isTwice: false,
  /** Every so many requests have a status that is none; 0: none has. */
  oddEvery: 0,
  /** What went wrong has no latency. */
  timesErrors: true,
  /** How often the histogram is added up where there is a counter of requests beside it, seconds; 0: at once. */
  flushSeconds: 0,
  /** And after how many requests; 0: at once. */
  flushEvery: 0,
});
export type Counting = ReturnType<typeof plain>;

const own = resolveMapping({ requests: "hits_total", labels: { route: "path", status: "class" } });

const kinds: (() => Partial<Counting>)[] = [
  () => ({}),
  () => ({ metrics: presetNamed("promhttp"), method: "get" }),
  () => ({ metrics: presetNamed("otel"), routeOf: braces }),
  () => ({ metrics: presetNamed("micrometer"), routeOf: braces }),
  () => ({ metrics: presetNamed("otel"), isNative: true }),
  () => ({ metrics: presetNamed("istio"), elsewhere: { reporter: "source" } }),
  () => ({ metrics: presetNamed("nginx-ingress") }),
  () => ({ metrics: presetNamed("envoy") }),
  () => ({ metrics: { ...presetNamed("envoy"), where: { envoy_cluster_name: "shop" } }, sharesNothing: true }),
  () => ({ metrics: typeof own === "string" ? presetNamed("fastify") : own, statusOf: (status) => `${Math.floor(status / 100)}xx` }),
];

export function countingOf(random: Random): Counting {
  const kind = random.chance(0.3) ? {} : random.pick(kinds)();
  const counting = { ...plain(random), ...kind };
  if (kind.statusOf !== undefined || random.chance(0.8)) return counting;
  const metrics = { ...counting.metrics, errors: ["5xx", "429"] };
  return { ...counting, metrics, badStatus: 429 };
}

/** Tells whether a route's requests are in the counters that an objective without a filter reads. */
export function isCountedRoute({ metrics, sharesNothing }: Counting, script: string, route: string): boolean {
  if (routes.some((one) => one === route)) return true;
  return !sharesNothing && (script !== "none" || metrics.labels.route === undefined);
}

/** Tells whether the buckets around the threshold leave nothing open: fast requests take up to 0.6 of it, slow ones from 1.05. */
export const tellsSlow = ({ buckets, isNative }: Counting): boolean =>
  !isNative && buckets.some((bound) => bound >= 0.6 && bound <= 1) && buckets.some((bound) => bound >= 1 && bound <= 1.05);

export function seriesLabels(
  counting: Counting,
  { route = "", status }: { route: string | undefined; status: number },
  isOdd: boolean,
): Labels {
  const { metrics, method, routeOf, statusOf, sharesNothing } = counting;
  const { labels } = metrics;
  const named: [string | undefined, string][] = [
    [labels.method, method],
    [labels.route, routeOf(route)],
    [labels.status, isOdd ? "UNKNOWN" : statusOf(status)],
  ];
  const apart = sharesNothing && !routes.some((one) => one === route) ? { envoy_cluster_name: "other" } : {};
  return {
    ...metrics.where,
    ...apart,
    ...Object.fromEntries(named.flatMap(([label, value]) => (label === undefined ? [] : [[label, value]]))),
  };
}
