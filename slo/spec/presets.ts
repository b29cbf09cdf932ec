import { z } from "zod";
import { targetLabels, targetMetrics } from "./names.ts";
import documented from "./presets.json" with { type: "json" };
import { listRule, name, object, refuse, says, text, where } from "./pieces.ts";

/** Says how a service counts its requests, with every default filled in; an undefined name is one that its metrics do not have. */
export interface Metrics {
  /** The counter of requests: one of its own, or the count of the histogram. */
  requests: string;
  /** The histogram of latencies, without `_bucket`; its bounds are `unitsPerSecond` times seconds. */
  duration: { metric: string; unitsPerSecond: 1 | 1000 } | undefined;
  labels: Record<"method" | "route" | "status", string | undefined>;
  /** Which statuses are errors: whole classes ("5xx") and single ones ("429"). */
  errors: readonly string[];
  /** Labels, by the metrics' own names, that tell this service's series from those of others in the same place. */
  where: Readonly<Record<string, string>>;
  /** Where a Prometheus that is started for the run reads the metrics; undefined: as the target itself is reached. */
  scrape: { path: string; scheme: "http" | "https" | undefined; port: number | undefined };
}

/** How libraries and proxies count, as their makers document it, written as a spec would write it, and which labels beside the status tell errors; the first is that of our own target. */
const known = {
  fastify: {
    source: "github.com/SkeLLLa/fastify-metrics, README: routeMetrics.",
    duration: targetMetrics.requestDuration,
    labels: targetLabels,
    tellsErrors: [],
  },
  ...documented,
};

type PresetName = keyof typeof known;

/** Labels that tell errors from the rest: a preset's status, what stands beside it, and what others have. */
export const errorLabels = new Set(
  Object.values(known)
    .flatMap(({ labels, tellsErrors }) => [labels.status, ...tellsErrors])
    .concat("grpc_status", "error", "error_code", "expected_response", "status_class"),
);

export const presetNames = Object.keys(known) as PresetName[];

export function presetNamed(name: PresetName): Metrics {
  const { source: _, tellsErrors: _beside, ...written } = known[name];
  const resolved = resolveMapping(mapping.parse(written));
  if (typeof resolved === "string") throw new Error(`${name} ${resolved}`);
  return resolved;
}

const preset = z.enum(presetNames, { error: says(`must be one of ${presetNames.join(", ")}`) });
const statusRule = 'must be a class of statuses such as "5xx", or one status such as "429"';
const status = z
  .union([
    z.string({ error: says(statusRule) }).regex(/^([1-5]xx|[1-9]\d\d)$/, { error: statusRule }),
    z.int({ error: statusRule }).min(100, { error: statusRule }).max(999, { error: statusRule }),
  ])
  .transform(String);

/** A mapping as people write it: what it leaves out is the preset's, or nothing where it starts from none; "none" takes a preset's name away. */
const mapping = object({
  preset: preset.optional(),
  duration: name(200).optional(),
  requests: name(200).optional(),
  unit: z.enum(["s", "ms"], { error: says("must be s or ms") }).optional(),
  labels: object({ method: name(200), route: name(200), status: name(200) })
    .partial()
    .optional(),
  errors: z
    .union([
      status.transform((one) => [one]),
      z.array(status, { error: says(listRule) }).min(1, { error: "must hold at least one status" }),
    ])
    .optional(),
  where: where.optional(),
  scrape: object({
    path: text(200).refine((path) => path.startsWith("/"), { error: "must begin with a slash" }),
    scheme: z.enum(["http", "https"], { error: says("must be http or https") }),
    port: z
      .int({ error: says("must be a port, 1 to 65535") })
      .min(1)
      .max(65_535),
  })
    .partial()
    .optional(),
});

/** How a service counts: a preset, or a mapping that may start from one. */
export const metrics = z
  .union([
    preset.transform(presetNamed),
    mapping.transform((stated, context) => {
      const resolved = resolveMapping(stated);
      if (typeof resolved !== "string") return resolved;
      refuse(context, resolved);
      return z.NEVER;
    }),
  ])
  .prefault("fastify");

const none = "none";
const stated = (given: string | undefined, otherwise: string | undefined): string | undefined =>
  (given ?? otherwise) === none ? undefined : (given ?? otherwise);

const perSecond = { s: 1, ms: 1000 } as const;

/** Tells by a metric's name how many of its units a second has; undefined where the name does not say it. */
const unitsInName = (metric: string): 1 | 1000 | undefined =>
  /_(milliseconds|millis|ms)$/.test(metric) ? 1000 : metric.endsWith("_seconds") ? 1 : undefined;

/** Fills in what a mapping leaves out; a sentence where that cannot be done. */
export function resolveMapping(mapped: z.output<typeof mapping>): Metrics | string {
  const { preset, duration, requests, unit, labels = {}, errors, where, scrape } = mapped;
  const from = preset === undefined ? undefined : presetNamed(preset);
  const metric = stated(duration, from?.duration?.metric);
  const own = from?.duration === undefined || from.requests !== `${from.duration.metric}_count` ? from?.requests : undefined;
  const counter = stated(requests, own) ?? (metric === undefined ? undefined : `${metric}_count`);
  if (counter === undefined) return "must name a histogram (duration), a counter (requests) or a preset";
  const usual = metric === undefined ? 1 : metric === from?.duration?.metric ? from.duration.unitsPerSecond : unitsInName(metric);
  const unitsPerSecond = unit === undefined ? (usual ?? (from?.duration?.unitsPerSecond === 1 ? 1 : undefined)) : perSecond[unit];
  if (unitsPerSecond === undefined) return `must say the unit of ${metric}, s or ms: its name does not tell`;
  if (duration !== undefined && metric !== undefined && (unitsInName(metric) ?? unitsPerSecond) !== unitsPerSecond)
    return `says that ${metric} is in ${unitsPerSecond === 1 ? "s" : "ms"}, and its name says otherwise`;
  const at = from?.scrape ?? { path: "/metrics", scheme: undefined, port: undefined };
  return {
    requests: counter,
    duration: metric === undefined ? undefined : { metric, unitsPerSecond },
    labels: {
      method: stated(labels.method, from?.labels.method),
      route: stated(labels.route, from?.labels.route),
      status: stated(labels.status, from?.labels.status),
    },
    errors: errors ?? from?.errors ?? ["5xx"],
    where: { ...from?.where, ...where },
    scrape: { path: scrape?.path ?? at.path, scheme: scrape?.scheme ?? at.scheme, port: scrape?.port ?? at.port },
  };
}
