import { z } from "zod";
import { k6Labels } from "./names.ts";
import { durationPattern, durationRule, parseDuration, parsePercent, percentPattern, percentRule, type Parsed } from "./units.ts";

export const mappingRule = "must be a mapping of keys to values";
export const textRule = "must be text";
export const listRule = "must be a list";

/** Words every type problem: what is not there, what is empty, and else the rule. */
export const says = (rule: string) => (issue: { input?: unknown }) => {
  if (issue.input === undefined) return "is missing";
  return issue.input === null ? `has no value; it ${rule}` : rule;
};

/** Makes a mapping that takes no other keys; what it says of an unknown one are those that there are (`schemaProblems`). */
export const object = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? Object.keys(shape).join(" ") : says(mappingRule)(issue)),
  });

type Context = z.core.$RefinementCtx;

export function refuse(context: Context, message: string, hint?: string): void {
  context.addIssue({ code: "custom", message, params: { hint } });
}

export function taken(parsed: Parsed, context: Context): number {
  if (parsed.kind === "value") return parsed.value;
  refuse(context, parsed.message, parsed.hint);
  return z.NEVER;
}

/** A percentage, as a 0–1 ratio. */
export const percent = z
  .string({ error: says(percentRule) })
  .meta({ pattern: percentPattern, examples: ["99.9%"] })
  .transform((text, context) => taken(parsePercent(text), context));

/** A duration, in seconds. */
export const duration = (atMost: { seconds: number; text: string } | undefined, example: string) =>
  z
    .string({ error: says(durationRule) })
    .meta({ pattern: durationPattern, examples: [example] })
    .transform((text, context) => taken(parseDuration(text), context))
    .refine((seconds) => atMost === undefined || seconds <= atMost.seconds, { error: `must be at most ${atMost?.text}` });

/** Control characters, invisible ones, and marks that turn text round: with them two names look the same and are not. Joiners stay, since scripts need them. */
const hidden = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061C\u200B\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]/u;
const hiddenRule = ({ input }: { input?: unknown }): string =>
  `holds a character that cannot be seen or turns text round: U+${(hidden.exec(String(input))?.[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;

/** A text that is not empty. */
export const text = (most: number) =>
  z
    .string({ error: says(textRule) })
    .refine((given) => given.trim() !== "", { error: "must not be empty" })
    .refine((given) => given.length <= most, { error: `must be at most ${most} characters long` });
/** Refuses characters that hide. */
export const visible = (from: z.ZodString) => from.refine((given) => !hidden.test(given), { error: hiddenRule });
export const name = (most: number) => visible(text(most));

/** Labels that Plimsoll compares itself: a second comparison could make every bad event invisible. */
const { testid, expectedResponse, threshold, countedGood, countedRate } = k6Labels;
const ownLabels = ["__name__", "le", testid, expectedResponse, threshold, countedGood, countedRate];

const label = z
  .string()
  .refine((name) => name.trim() !== "", { error: "a label must have a name" })
  .refine((name) => !ownLabels.includes(name), { error: "is a label that Plimsoll sets itself" });
/** Labels and the values that they must have; none where nothing is said. */
export const where = z.record(label, name(200), { error: says(mappingRule) }).prefault({});
/** k6 writes every method in capitals; whichever way a service does, is matched when the query is made. */
export const whereAsked = where.transform((labels) =>
  labels["method"] === undefined ? labels : { ...labels, method: labels["method"].toUpperCase() },
);

/** The longest latency. */
export const anHour = { seconds: 3600, text: "1h" };
