import { z } from "zod";
import { anHour, duration, object, refuse, says, taken, text, where, whereAsked, type Context } from "./pieces.ts";
import { parseRate, ratePattern, rateRule } from "./units.ts";

const side = z.enum(["client", "server"], { error: says("must be client or server") });

/** A metric of k6 as the script writes it; k6 takes no other names (metrics/registry.go). */
const k6Name = z
  .string({ error: says("must be the name of a metric, as the script writes it") })
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,127}$/, { error: "must be the name of a metric, as the script writes it: letters, digits and _" });

const limitRule = "must be a duration (800ms) for a trend of times, or a number for any other";
const limit = z.union([duration(anHour, "800ms").transform((seconds) => ({ seconds })), z.number().positive()], {
  error: says(limitRule),
});
const perSecond = z
  .string({ error: says(rateRule) })
  .meta({ pattern: ratePattern, examples: ["100/s"] })
  .transform((text, context) => taken(parseRate(text), context));
const countable = z.enum(["requests", "iterations"], { error: says("must be requests or iterations") });

/** Everything that can be counted, as people write it: one of these keys. */
const indicatorKeys = {
  errors: object({ side, where: whereAsked.optional() }).optional(),
  latency: object({ side, atMost: duration(anHour, "250ms"), where: whereAsked.optional() }).optional(),
  ratio: object({ good: text(2000).optional(), bad: text(2000).optional(), total: text(2000) })
    .refine(({ good, bad }) => (good === undefined) !== (bad === undefined), { error: "must hold one of good and bad beside total" })
    .optional(),
  checks: object({ name: text(500).optional(), where: where.optional() }).optional(),
  counter: object({ bad: k6Name.optional(), good: k6Name.optional(), total: k6Name, where: where.optional() }).optional(),
  rate: object({ name: k6Name, good: z.boolean({ error: says("must be true or false") }), where: where.optional() }).optional(),
  trend: object({ name: k6Name, atMost: limit, where: where.optional() }).optional(),
  throughput: object({
    achieved: z.literal("iterations", { error: says("must be iterations") }).optional(),
    atLeast: perSecond.optional(),
    of: countable.optional(),
  }).optional(),
  integrity: object({ where: whereAsked.optional() }).optional(),
};
type Stated = z.output<z.ZodObject<typeof indicatorKeys>>;

/** Says what is counted; its output has a kind, in seconds and 0–1 ratios. */
export const indicator = object(indicatorKeys).transform((stated, context) => {
  const kinds = Object.values(stated).filter((one) => one !== undefined);
  const known = Object.keys(indicatorKeys);
  const read = kinds.length === 1 ? indicatorOf(stated, context) : undefined;
  if (read !== undefined) return read;
  if (kinds.length !== 1)
    refuse(context, `must hold ${kinds.length === 0 ? "one" : "only one"} of ${known.slice(0, -1).join(", ")} and ${known.at(-1)}`);
  return z.NEVER;
});

/** Reads the one indicator that is stated; undefined where something is wrong with it, which is told. */
function indicatorOf(stated: Stated, context: Context) {
  const { errors, latency, ratio, checks, rate, trend, integrity } = stated;
  if (errors) return { kind: "errors" as const, side: errors.side, where: errors.where ?? {} };
  if (latency) return { kind: "latency" as const, side: latency.side, atMostSeconds: latency.atMost, where: latency.where ?? {} };
  if (ratio?.good !== undefined) return { kind: "ratio" as const, of: "good" as const, events: ratio.good, total: ratio.total };
  if (ratio?.bad !== undefined) return { kind: "ratio" as const, of: "bad" as const, events: ratio.bad, total: ratio.total };
  if (checks) return { kind: "checks" as const, name: checks.name, where: checks.where ?? {} };
  if (rate) return { kind: "rate" as const, name: rate.name, goodIs: rate.good, where: rate.where ?? {} };
  if (trend) {
    const [ofTimes, atMost] = typeof trend.atMost === "number" ? [false, trend.atMost] : [true, trend.atMost.seconds];
    return { kind: "trend" as const, name: trend.name, ofTimes, atMost, where: trend.where ?? {} };
  }
  if (integrity) return { kind: "integrity" as const, where: integrity.where ?? {} };
  return counterOf(stated, context) ?? throughputOf(stated, context);
}

function counterOf({ counter }: Stated, context: Context) {
  if (counter === undefined) return undefined;
  const { bad, good, total, where = {} } = counter;
  const part = bad ?? good;
  if (part !== undefined && (bad === undefined || good === undefined))
    return { kind: "counter" as const, part, partIs: bad === undefined ? ("good" as const) : ("bad" as const), total, where };
  refuse(context, "needs bad or good, one of them: the metric that counts these events");
  return undefined;
}

function throughputOf({ throughput }: Stated, context: Context) {
  if (throughput === undefined) return undefined;
  const { achieved, atLeast, of } = throughput;
  if (achieved !== undefined && atLeast === undefined && of === undefined) return { kind: "achieved" as const };
  if (atLeast !== undefined && achieved === undefined)
    return { kind: "throughput" as const, perSecond: atLeast, of: of ?? ("requests" as const) };
  refuse(context, "needs achieved: iterations, or atLeast with a rate such as 100/s (of: requests or iterations)");
  return undefined;
}
