import { z } from "zod";

/** A metric that a script makes for itself, as k6 knows it; `ofTimes`: its values are times, milliseconds in the script. */
export const scriptMetric = z.object({ name: z.string(), kind: z.enum(["counter", "gauge", "rate", "trend"]), ofTimes: z.boolean() });
export type ScriptMetric = z.infer<typeof scriptMetric>;

const counted = z.object({ kind: z.literal("counted") });
const not = z.object({ kind: z.literal("not"), reason: z.string() });
/** What a user script shows when k6 reads it. */
export const scriptFacts = z.object({
  /** Whether its checks and rates are counted beside k6's shares; else why they cannot be. */
  counted: z.discriminatedUnion("kind", [counted, not]),
  /** The metrics that it makes; undefined where some of them may be made by a module that was not read. */
  metrics: z.array(scriptMetric).optional(),
});
export type ScriptFacts = z.infer<typeof scriptFacts>;
