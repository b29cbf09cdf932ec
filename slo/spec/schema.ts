import { z } from "zod";
import { k6Labels } from "./names.ts";
import { presetNamed, presetNames, resolveMapping } from "./presets.ts";
import {
  durationPattern,
  durationRule,
  parseDuration,
  parsePercent,
  percentPattern,
  percentRule,
  percentText,
  type Parsed,
} from "./units.ts";

type Says = NonNullable<Parameters<typeof z.strictObject>[1]>;

export const mappingRule = "must be a mapping of keys to values";
export const textRule = "must be text";
export const listRule = "must be a list";
export const missing = "is missing";

/** Words every type problem: what is not there, what is empty, and else the rule. */
const says = (rule: string) => (issue: { input?: unknown }) => {
  if (issue.input === undefined) return missing;
  return issue.input === null ? `has no value; it ${rule}` : rule;
};

const object = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape, { error: says(mappingRule) } satisfies Says);

type Context = z.core.$RefinementCtx;

function refuse(context: Context, message: string, hint?: string): void {
  context.addIssue({ code: "custom", message, params: { hint } });
}

function taken(parsed: Parsed, context: Context): number {
  if (parsed.kind === "value") return parsed.value;
  refuse(context, parsed.message, parsed.hint);
  return z.NEVER;
}

const percent = z
  .string({ error: says(percentRule) })
  .meta({ pattern: percentPattern, examples: ["99.9%"] })
  .transform((text, context) => taken(parsePercent(text), context));

const duration = (atMost: { seconds: number; text: string } | undefined, example: string) =>
  z
    .string({ error: says(durationRule) })
    .meta({ pattern: durationPattern, examples: [example] })
    .transform((text, context) => taken(parseDuration(text), context))
    .refine((seconds) => atMost === undefined || seconds <= atMost.seconds, { error: `must be at most ${atMost?.text}` });

/** Below 50%, one count could prove both a claim and its opposite. */
const confidence = percent.superRefine((ratio, context) => {
  if (ratio < 0.5) refuse(context, "must be at least 50%", `did you mean ${percentText(1 - ratio)}?`);
});

/** Control characters, invisible ones, and marks that turn text round: with them two names look the same and are not. Joiners stay, since scripts need them. */
const hidden = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061C\u200B\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]/u;
const hiddenRule = ({ input }: { input?: unknown }): string =>
  `holds a character that cannot be seen or turns text round: U+${(hidden.exec(String(input))?.[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;

const text = (most: number) =>
  z
    .string({ error: says(textRule) })
    .refine((given) => given.trim() !== "", { error: "must not be empty" })
    .refine((given) => given.length <= most, { error: `must be at most ${most} characters long` });
const visible = (from: z.ZodString) => from.refine((given) => !hidden.test(given), { error: hiddenRule });
const name = (most: number) => visible(text(most));

/** Labels that Plimsoll compares itself: a second comparison could make every bad event invisible. */
const ownLabels: readonly string[] = ["__name__", "le", k6Labels.testid, k6Labels.expectedResponse, k6Labels.threshold];

const label = z
  .string()
  .refine((name) => name.trim() !== "", { error: "a label must have a name" })
  .refine((name) => !ownLabels.includes(name), { error: "is a label that Plimsoll sets itself" });
const where = z.record(label, name(200), { error: says(mappingRule) });
/** k6 writes every method in capitals; whichever way a service does, is matched when the query is made. */
const whereAsked = where.transform((labels) =>
  labels["method"] === undefined ? labels : { ...labels, method: labels["method"].toUpperCase() },
);

const side = z.enum(["client", "server"], { error: says("must be client or server") });
const anHour = { seconds: 3600, text: "1h" };

const indicator = object({
  errors: object({ side, where: whereAsked.optional() }).optional(),
  latency: object({ side, atMost: duration(anHour, "250ms"), where: whereAsked.optional() }).optional(),
  ratio: object({ good: text(2000).optional(), bad: text(2000).optional(), total: text(2000) })
    .refine(({ good, bad }) => (good === undefined) !== (bad === undefined), { error: "must hold one of good and bad beside total" })
    .optional(),
}).transform(({ errors, latency, ratio }, context) => {
  const stated = [errors, latency, ratio].filter((one) => one !== undefined);
  if (stated.length === 1) {
    if (errors) return { kind: "errors" as const, side: errors.side, where: errors.where ?? {} };
    if (latency) return { kind: "latency" as const, side: latency.side, atMostSeconds: latency.atMost, where: latency.where ?? {} };
    if (ratio?.good !== undefined) return { kind: "ratio" as const, of: "good" as const, events: ratio.good, total: ratio.total };
    if (ratio?.bad !== undefined) return { kind: "ratio" as const, of: "bad" as const, events: ratio.bad, total: ratio.total };
  }
  refuse(context, `must hold ${stated.length === 0 ? "one" : "only one"} of errors, latency and ratio`);
  return z.NEVER;
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
      if (resolved !== undefined) return resolved;
      refuse(context, "must name a histogram (duration), a counter (requests) or a preset");
      return z.NEVER;
    }),
  ])
  .prefault("fastify");

const objective = object({ name: name(100), target: percent, indicator }).transform(({ name, target, indicator }) => ({
  name,
  targetRatio: target,
  indicator,
}));
const override = object({ target: percent }).transform(({ target }) => ({ targetRatio: target }));

/** Describes a spec file as people write it; its output has every default filled in, in seconds and 0–1 ratios. */
export const specFileSchema = object({
  version: z.literal(1, { error: says("must be 1") }),
  service: name(100),
  metrics,
  confidence: confidence.prefault("95%"),
  period: duration(undefined, "30d").prefault("30d"),
  objectives: z.array(objective, { error: says(listRule) }).min(1, { error: "must hold at least one objective" }),
  scenarios: z
    .record(visible(z.string()), z.record(z.string(), override, { error: says(mappingRule) }), {
      error: says(mappingRule),
    })
    .prefault({}),
});

/** A spec file once it was read. */
export type SpecFile = z.output<typeof specFileSchema>;
