import { z } from "zod";
import { operations } from "../api/contract.ts";
import presets from "./presets.json" with { type: "json" };

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
export const delaySchema = z.union(
  [
    z.strictObject({ constant: seconds }),
    z.strictObject({
      uniform: z.strictObject({ min: seconds, max: seconds }).refine((range) => range.min <= range.max, "min must not be above max"),
    }),
    z.strictObject({ exponential: z.strictObject({ mean: seconds, max: seconds.default(60) }) }),
  ],
  'must be such as { "constant": 0.4 } (seconds)',
);

export type Delay = z.infer<typeof delaySchema>;

const byKind = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("error"), ...place, ...pick, status: z.int().min(400).max(598).default(500) }),
  z.strictObject({ kind: z.literal("latency"), ...place, ...pick, seconds: delaySchema }),
  z.strictObject({ kind: z.literal("stall"), ...place, afterSeconds: seconds, forSeconds: seconds, from }),
  z.strictObject({ kind: z.literal("drop"), ...place, ...pick }),
  z.strictObject({ kind: z.literal("slow-store"), ...place, ...pick, seconds: delaySchema }),
  z.strictObject({ kind: z.literal("leak"), ...place, ...pick, bytes: z.int().min(1).max(1_073_741_824) }),
  z.strictObject({ kind: z.literal("crash"), ...place, ...pick }),
  z.strictObject({ kind: z.literal("delete-answers-500"), ...pick }),
  z.strictObject({ kind: z.literal("wrong-contents"), ...pick }),
]);

const says = (rule: Readonly<Record<string, unknown>>, how: "every" | "share"): boolean => rule[how] !== undefined;

export const faultRuleSchema = byKind
  .refine((rule) => !says(rule, "every") || !says(rule, "share"), "give `every` or `share`, not both")
  .refine(
    (rule) => !["error", "drop", "crash"].includes(rule.kind) || says(rule, "every") || says(rule, "share"),
    "say how often: `every` (1 is each request) or `share`",
  );

export type FaultRule = z.infer<typeof faultRuleSchema>;

export type FaultKind = FaultRule["kind"];

export const faultRulesSchema = z.array(faultRuleSchema).max(100);

/** Lists every kind of fault; each has a zero in the metrics on every route that it can touch. */
export const faultKinds: FaultKind[] = byKind.options.map(({ shape }) => shape.kind.value);

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

/** Holds the named sets of fault rules, each a demonstration or a bad day that a gate must find (target/README.md). */
export const faultPresets = z.record(z.string(), faultRulesSchema).parse(presets) as Record<keyof typeof presets, FaultRule[]>;

export type ParsedRules = { kind: "rules"; rules: FaultRule[] } | { kind: "problems"; problems: string[] };

/** Reads the text of the environment: a JSON array of rules, the name of a preset, or nothing. */
export function parseFaultText(text: string): ParsedRules {
  const trimmed = text.trim();
  if (trimmed === "") return { kind: "rules", rules: [] };
  if (!/^[[{"]/.test(trimmed)) return parsePreset(trimmed);
  try {
    return parseFaultRules(JSON.parse(trimmed));
  } catch (error) {
    return { kind: "problems", problems: [`is not JSON: ${error instanceof Error ? error.message : String(error)}`] };
  }
}

export function parsePreset(name: string): ParsedRules {
  const rules = Object.entries(faultPresets).find(([preset]) => preset === name)?.[1];
  if (rules !== undefined) return { kind: "rules", rules };
  return { kind: "problems", problems: [`no preset "${name}"; there are: ${Object.keys(faultPresets).join(", ")}`] };
}

/** Validates a list of rules; a rule that touches no operation of the service is a problem, not a silent nothing. */
export function parseFaultRules(value: unknown): ParsedRules {
  const parsed = faultRulesSchema.safeParse(value);
  if (!parsed.success)
    return {
      kind: "problems",
      problems: parsed.error.issues.map(({ path, message }) => `${z.core.toDotPath(path) || "the list"}: ${message}`),
    };
  const there = operations.map(({ method, route }) => `${method} ${route}`).join(", ");
  const problems = parsed.data.flatMap((rule, index) => {
    if (fixedOperation(rule.kind) !== undefined || operations.some(({ method, route }) => ruleMatches(rule, method, route))) return [];
    return [`[${index}]: no route of this service matches; there are: ${there}`];
  });
  return problems.length > 0 ? { kind: "problems", problems } : { kind: "rules", rules: parsed.data };
}
