import { z } from "zod";
import { anHour, duration, object, refuse, says, taken, text, where, whereAsked } from "./pieces.ts";
import { parseRate, ratePattern, rateRule } from "./units.ts";

const side = z.enum(["client", "server"], { error: says("must be client or server") });

/** A metric of k6 as the script writes it; k6 takes no other names (metrics/registry.go). */
const k6Name = z
  .string({ error: says("must be the name of a metric, as the script writes it") })
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,127}$/, { error: "must be the name of a metric, as the script writes it: letters, digits and _" });

const limitRule = "must be a duration (800ms) for a trend of times, or a number for any other";
const limit = z.union([duration(anHour, "800ms").transform((seconds) => ({ seconds })), z.number().positive()], { error: says(limitRule) });
const perSecond = z
  .string({ error: says(rateRule) })
  .meta({ pattern: ratePattern, examples: ["100/s"] })
  .transform((text, context) => taken(parseRate(text), context));
const countable = z.enum(["requests", "iterations"], { error: says("must be requests or iterations") });

/** Chooses the one of good and bad events that is named; undefined where both or neither are. */
function partOf(good: string | undefined, bad: string | undefined) {
  if (good !== undefined && bad === undefined) return { is: "good" as const, named: good };
  return bad !== undefined && good === undefined ? { is: "bad" as const, named: bad } : undefined;
}

/** Everything that can be counted, as people write it: one of these keys; each gives its kind, in seconds and 0–1 ratios, or what is wrong with it. */
const indicatorKeys = {
  errors: object({ side, where: whereAsked }).transform((stated) => ({ ...stated, kind: "errors" as const })),
  latency: object({ side, atMost: duration(anHour, "250ms"), where: whereAsked }).transform(({ atMost, ...stated }) => {
    return { ...stated, kind: "latency" as const, atMostSeconds: atMost };
  }),
  ratio: object({ good: text(2000).optional(), bad: text(2000).optional(), total: text(2000) }).transform(
    ({ good, bad, total }, context) => {
      const part = partOf(good, bad);
      if (part !== undefined) return { kind: "ratio" as const, of: part.is, events: part.named, total };
      refuse(context, "must hold one of good and bad beside total");
      return z.NEVER;
    },
  ),
  checks: object({ name: text(500).optional(), where }).transform((stated) => ({ ...stated, kind: "checks" as const })),
  counter: object({ bad: k6Name.optional(), good: k6Name.optional(), total: k6Name, where }).transform(({ bad, good, total, where }) => {
    const part = partOf(good, bad);
    if (part === undefined) return "needs bad or good, one of them: the metric that counts these events";
    return { kind: "counter" as const, part: part.named, partIs: part.is, total, where };
  }),
  rate: object({ name: k6Name, good: z.boolean({ error: says("must be true or false") }), where }).transform(({ good, ...stated }) => {
    return { ...stated, kind: "rate" as const, goodIs: good };
  }),
  trend: object({ name: k6Name, atMost: limit, where }).transform(({ name, atMost, where }) => {
    const ofTimes = typeof atMost !== "number";
    return { kind: "trend" as const, name, ofTimes, atMost: ofTimes ? atMost.seconds : atMost, where };
  }),
  throughput: object({
    achieved: z.literal("iterations", { error: says("must be iterations") }).optional(),
    atLeast: perSecond.optional(),
    of: countable.optional(),
  }).transform(({ achieved, atLeast, of }) => {
    if (achieved !== undefined && atLeast === undefined && of === undefined) return { kind: "achieved" as const };
    if (atLeast === undefined || achieved !== undefined)
      return "needs achieved: iterations, or atLeast with a rate such as 100/s (of: requests or iterations)";
    return { kind: "throughput" as const, perSecond: atLeast, of: of ?? ("requests" as const) };
  }),
  integrity: object({ where: whereAsked }).transform((stated) => ({ ...stated, kind: "integrity" as const })),
};

/** Says what is counted: one of the keys. */
export const indicator = object(indicatorKeys)
  .partial()
  .transform((stated, context) => {
    const [one, ...more] = Object.values(stated).filter((one) => one !== undefined);
    if (one !== undefined && more.length === 0 && typeof one !== "string") return one;
    const known = Object.keys(indicatorKeys);
    const which = `must hold ${one === undefined ? "one" : "only one"} of ${known.slice(0, -1).join(", ")} and ${known.at(-1)}`;
    refuse(context, typeof one === "string" && more.length === 0 ? one : which);
    return z.NEVER;
  });
