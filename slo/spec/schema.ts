import { z } from "zod";
import { indicator } from "./indicator.ts";
import { duration, listRule, mappingRule, name, object, percent, refuse, says, visible } from "./pieces.ts";
import { metrics } from "./presets.ts";
import { percentText } from "./units.ts";

/** Below 50%, one count could prove both a claim and its opposite. */
const confidence = percent.superRefine((ratio, context) => {
  if (ratio < 0.5) refuse(context, "must be at least 50%", `did you mean ${percentText(1 - ratio)}?`);
});

const scenarioNames = z
  .union([name(200).transform((one) => [one]), z.array(name(200)).min(1)], {
    error: says("must be the name of a scenario, or a list of them"),
  })
  .optional();

const objective = object({
  name: name(100),
  target: percent,
  indicator,
  /** False: judged and shown, and no part of the run's verdict. */
  required: z.boolean({ error: says("must be true or false") }).optional(),
  /** The scenarios that it is about; all where nothing is said. */
  only: scenarioNames,
  /** The part of the load that it is about: a phase of our shapes, or a k6 scenario of a script. */
  phase: name(200).optional(),
}).transform(({ target, ...stated }) => ({ ...stated, targetRatio: target }));
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

export type SpecFile = z.output<typeof specFileSchema>;
