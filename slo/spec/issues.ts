import type { z } from "zod";
import type { Path, ReadDocument } from "./document.ts";
import { mappingRule, specFileSchema, textRule } from "./schema.ts";
import type { Problem } from "./spec.ts";
import { durationRule, meantPercent, percentRule } from "./units.ts";
import { nearest, printable } from "./words.ts";

/** Turns what the schema found into problems, each at the key or value in the file that it is about. */
export function schemaProblems(issues: readonly z.core.$ZodIssue[], document: ReadDocument): Problem[] {
  const misspelt = new Set(issues.filter(({ code }) => code === "unrecognized_keys").map(({ path }) => JSON.stringify(path)));
  return issues.flatMap((issue): Problem[] => {
    // A mapping that lacks a key because the key is misspelt has one problem, not two.
    if (issue.code === "custom" && misspelt.has(JSON.stringify(issue.path))) return [];
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        place: document.placeOfKey([...issue.path, key]),
        path: printable(key),
        message: "unknown key",
        ...hinted(nearest(key, keysAt(specFileSchema, issue.path))),
      }));
    }
    if (issue.code === "invalid_key") {
      const message = issue.issues[0]?.message ?? issue.message;
      return [{ place: document.placeOfKey(issue.path), path: pathText(issue.path), message }];
    }
    const written = valueAt(document.value, issue.path);
    const stated = issue.code === "custom" ? issue.params?.["hint"] : undefined;
    return [
      {
        place: document.placeOf(issue.path),
        path: pathText(issue.path),
        message: issue.message,
        ...hinted(typeof stated === "string" ? stated : meant(issue, written)),
      },
    ];
  });
}

const hinted = (hint: string | undefined): { hint?: string } => (hint === undefined ? {} : { hint });

/** Names the last key of a path, with the indices behind it. */
export function pathText(path: Path): string {
  const from = path.findLastIndex((part) => typeof part !== "number");
  const indices = path.slice(from + 1).map((part) => `[${String(part)}]`);
  return `${from < 0 ? "" : printable(String(path[from]))}${indices.join("")}`;
}

function meant(issue: z.core.$ZodIssue, written: unknown): string | undefined {
  if (issue.code === "invalid_value" && typeof written === "string") {
    return nearest(
      written,
      issue.values.filter((value) => typeof value === "string"),
    );
  }
  const is = (rule: string): boolean => issue.message.endsWith(rule);
  if (is(textRule) && ["number", "boolean", "bigint"].includes(typeof written)) return `write it in quotes: "${String(written)}"`;
  if (typeof written !== "number") return undefined;
  if (is(percentRule)) {
    const percent = meantPercent(written);
    return percent === undefined ? undefined : `did you mean ${percent}?`;
  }
  if (is(durationRule) && written > 0) return `did you mean ${written}${bareUnit(issue.path)}?`;
  return undefined;
}

/** A bare number is days for the period; for a latency it is milliseconds, or seconds where it is small. */
function bareUnit(path: Path): string {
  return path.at(-1) === "period" ? "d" : "ms";
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, part) => (isRecord(inner) && Object.hasOwn(inner, part) ? inner[part] : undefined), value);
}

const isRecord = (value: unknown): value is Record<PropertyKey, unknown> => typeof value === "object" && value !== null;

type Definition = z.core.$ZodTypes["_zod"]["def"];

/** Lists the keys that the schema knows at a path. */
function keysAt(schema: z.core.$ZodType, path: Path): string[] {
  const { def } = schema as unknown as { def: Definition };
  switch (def.type) {
    case "optional":
    case "prefault":
      return keysAt(def.innerType, path);
    case "pipe":
      return keysAt(def.in, path);
    case "array":
      return keysAt(def.element, path.slice(1));
    case "record":
      return keysAt(def.valueType, path.slice(1));
    case "object": {
      const [first, ...rest] = path;
      if (first === undefined) return Object.keys(def.shape);
      const inner = def.shape[String(first)];
      return inner === undefined ? [] : keysAt(inner, rest);
    }
    default:
      return [];
  }
}

/** Words a file that holds no mapping at all. */
export const notAMapping = `the file ${mappingRule}`;
