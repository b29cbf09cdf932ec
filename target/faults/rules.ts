import { z } from "zod";

const everyNth = z.int().min(1).max(1_000_000_000).describe("every Nth matching request, counted exactly: the Nth, the 2Nth, ...");
const share = z.number().min(0).max(1).describe("share of the matching requests, drawn from the rule's seed");
const seed = z.int().min(0).max(0xffff_ffff).describe("seed of the draw; the rule's place in the list, from 1, when absent");
const seconds = z.number().min(0).max(3_600);
const from = z.enum(["activation", "first-request"]).default("first-request");

const pick = { every: everyNth.optional(), share: share.optional(), seed: seed.optional() };
const place = {
  method: z.enum(["GET", "PUT", "POST", "DELETE", "*"]).default("*"),
  route: z.string().default("*").describe('a route pattern such as "/api/buckets/:id", or "*" for every route below /api/'),
};

/** Validates how long a latency rule waits, in seconds. */
export const delaySchema = z.union([
  z.strictObject({ constant: seconds }),
  z.strictObject({
    uniform: z.strictObject({ min: seconds, max: seconds }).refine((range) => range.min <= range.max, "min must not be above max"),
  }),
  z.strictObject({ exponential: z.strictObject({ mean: seconds, max: seconds.default(60) }) }),
]);

/** How long a latency rule waits, in seconds. */
export type Delay = z.infer<typeof delaySchema>;

const byKind = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("error"), ...place, ...pick, status: z.int().min(400).max(598).default(500) }),
  z.strictObject({ kind: z.literal("latency"), ...place, ...pick, seconds: delaySchema }),
  z.strictObject({ kind: z.literal("stall"), ...place, afterSeconds: seconds, forSeconds: seconds, from }),
  z.strictObject({ kind: z.literal("drop"), ...place, ...pick }),
  z.strictObject({ kind: z.literal("delete-answers-500"), ...pick }),
  z.strictObject({ kind: z.literal("wrong-contents"), ...pick }),
]);

/** Validates one fault rule. */
export const faultRuleSchema = byKind
  .refine((rule) => !("every" in rule && rule.every !== undefined && "share" in rule && rule.share !== undefined), {
    message: "give `every` or `share`, not both",
  })
  .refine((rule) => (rule.kind !== "error" && rule.kind !== "drop") || rule.every !== undefined || rule.share !== undefined, {
    message: "say how often: `every` (1 is each request) or `share`",
  });

/** One fault rule, its defaults filled in. */
export type FaultRule = z.infer<typeof faultRuleSchema>;

/** The name of a kind of fault. */
export type FaultKind = FaultRule["kind"];

/** Validates a list of fault rules. */
export const faultRulesSchema = z.array(faultRuleSchema).max(100);

/** Lists every kind of fault; each has a zero in the metrics on every route that it can touch. */
export const faultKinds = ["error", "latency", "stall", "drop", "delete-answers-500", "wrong-contents"] as const satisfies FaultKind[];

/** Gives the one operation that a kind is made for, or `undefined` where a rule says it by method and route. */
export function fixedOperation(kind: FaultKind): { method: string; route: string } | undefined {
  if (kind === "delete-answers-500") return { method: "DELETE", route: "/api/buckets/:id" };
  if (kind === "wrong-contents") return { method: "GET", route: "/api/buckets/:id" };
  return undefined;
}

/** Tells whether a rule touches an operation. `*` leaves health, metrics and admin routes alone. */
export function ruleMatches(rule: FaultRule, method: string, route: string): boolean {
  const place = fixedOperation(rule.kind) ?? ("route" in rule ? rule : { method: "*", route: "*" });
  if (place.method !== "*" && place.method !== method) return false;
  return place.route === "*" ? route.startsWith("/api/") : place.route === route;
}
