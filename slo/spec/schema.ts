import { z } from "zod";

const percent = z
  .string("must be a percentage such as 99.9%")
  .regex(/^\d+(\.\d+)?%$/, "must be a percentage such as 99.9%");
const target = percent.refine((text) => Number.parseFloat(text) > 0, "must be above 0%").refine((text) => Number.parseFloat(text) < 100, "must be below 100% (a target without any budget can never be proved)");
const duration = z
  .string("must be a duration with its unit, such as 250ms, 1.5s or 30d")
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d|w)$/, "must be a duration with its unit, such as 250ms, 1.5s or 30d")
  .refine((text) => Number.parseFloat(text) > 0, "must be longer than nothing");
const name = z.string("must be a text").min(1, "must not be empty").max(200, "must be at most 200 characters");
const side = z.enum(["client", "server"], "must be client or server");
const where = z.record(name, z.string("must be a text: put it in quotes"));
const selector = z.string("must be a PromQL selector").min(1, "must not be empty");

const indicator = z
  .strictObject({
    errors: z.strictObject({ side, where: where.optional() }).optional(),
    latency: z.strictObject({ side, atMost: duration, where: where.optional() }).optional(),
    ratio: z.strictObject({ bad: selector, total: selector }).optional(),
  })
  .refine((kinds) => Object.values(kinds).filter((kind) => kind !== undefined).length === 1, "must be exactly one of errors, latency and ratio");

const objective = z.strictObject({ name, target, indicator });

/** Describes a spec as people write it, in YAML. Percentages and durations carry their unit. */
export const specFileSchema = z.strictObject({
  version: z.literal(1, "must be 1"),
  service: name,
  confidence: percent.refine((text) => Number.parseFloat(text) >= 50 && Number.parseFloat(text) < 100, "must be at least 50% and below 100%").optional(),
  period: duration.optional(),
  objectives: z.array(objective, "must be a list").min(1, "must have at least one objective"),
  scenarios: z.record(name, z.record(name, z.strictObject({ target }))).optional(),
});

/** Is a spec file that passed the schema. */
export type SpecFile = z.infer<typeof specFileSchema>;
