import { z } from "zod";
import { indicator } from "./indicator.ts";
import { duration, listRule, mappingRule, name, object, percent, refuse, says, text, visible, where } from "./pieces.ts";
import { presetNamed, presetNames, resolveMapping } from "./presets.ts";
import { percentText } from "./units.ts";

/** Below 50%, one count could prove both a claim and its opposite. */
const confidence = percent.superRefine((ratio, context) => {
  if (ratio < 0.5) refuse(context, "must be at least 50%", `did you mean ${percentText(1 - ratio)}?`);
});

const presetRule = `must be one of ${presetNames.join(", ")}`;
const preset = z.enum(presetNames, { error: says(presetRule) });
const statusRule = 'must be a class of statuses such as "5xx", or one status such as "429"';
const status = z
  .union([
    z.string({ error: says(statusRule) }).regex(/^([1-5]xx|[1-9]\d\d)$/, { error: statusRule }),
    z.int({ error: statusRule }).min(100, { error: statusRule }).max(999, { error: statusRule }),
  ])
  .transform(String);
const scrape = object({
  path: text(200)
    .refine((path) => path.startsWith("/"), { error: "must begin with a slash" })
    .optional(),
  scheme: z.enum(["http", "https"], { error: says("must be http or https") }).optional(),
  port: z
    .int({ error: says("must be a port, 1 to 65535") })
    .min(1)
    .max(65_535)
    .optional(),
});

/** How a service counts: a preset, or a mapping that may start from one. */
const metrics = z
  .union([
    preset.transform(presetNamed),
    object({
      preset: preset.optional(),
      duration: name(200).optional(),
      requests: name(200).optional(),
      unit: z.enum(["s", "ms"], { error: says("must be s or ms") }).optional(),
      labels: object({ method: name(200).optional(), route: name(200).optional(), status: name(200).optional() }).optional(),
      errors: z
        .union([
          status.transform((one) => [one]),
          z.array(status, { error: says(listRule) }).min(1, { error: "must hold at least one status" }),
        ])
        .optional(),
      where: where.optional(),
      scrape: scrape.optional(),
    }).transform((mapping, context) => {
      const resolved = resolveMapping(mapping);
      if (typeof resolved !== "string") return resolved;
      refuse(context, resolved);
      return z.NEVER;
    }),
  ])
  .prefault("fastify");

const scenarioNames = z
  .union([name(200).transform((one) => [one]), z.array(name(200)).min(1)], {
    error: says("must be the name of a scenario, or a list of them"),
  })
  .optional();

const objective = object({
  name: name(100),
  target: percent,
  indicator,
  required: z.boolean({ error: says("must be true or false") }).optional(),
  only: scenarioNames,
  phase: name(200).optional(),
}).transform(({ name, target, indicator, ...apart }): Promised & Apart => ({ name, targetRatio: target, indicator, ...apart }));

interface Promised {
  name: string;
  targetRatio: number;
  indicator: z.output<typeof indicator>;
}
/** What sets an objective apart from others; absent where nothing is said. */
interface Apart {
  /** False: judged and shown, and no part of the run's verdict. */
  required?: boolean | undefined;
  /** The scenarios that it is about. */
  only?: string[] | undefined;
  /** The part of the load that it is about: a phase of our shapes, or a k6 scenario of a script. */
  phase?: string | undefined;
}
const override = object({ target: percent }).transform(({ target }) => ({ targetRatio: target }));

/** Tells whether an objective decides the run; an advisory one is judged and shown. */
export const isRequired = ({ required }: { required?: boolean | undefined }): boolean => required !== false;

/** Describes a spec file as people write it; its output has every default filled in, in seconds and 0–1 ratios. */
export const specFileSchema = object({
  version: z.literal(1, { error: says("must be 1") }),
  service: name(100),
  metrics,
  confidence: confidence.prefault("95%"),
  period: duration(undefined, "30d").prefault("30d"),
  objectives: z
    .array(objective, { error: says(listRule) })
    .min(1, { error: "must hold at least one objective" })
    .refine((all) => all.length === 0 || all.some(isRequired), { error: "must hold at least one objective that is required" }),
  scenarios: z
    .record(visible(z.string()), z.record(z.string(), override, { error: says(mappingRule) }), {
      error: says(mappingRule),
    })
    .prefault({}),
});

/** A spec file once it was read. */
export type SpecFile = z.output<typeof specFileSchema>;
