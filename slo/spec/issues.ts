import type { z } from "zod";
import { valueAt, type Path, type ReadDocument } from "./document.ts";
import { textRule } from "./pieces.ts";
import type { Problem } from "./spec.ts";
import { meantPercent, percentRule } from "./units.ts";
import { nearest, printable } from "./words.ts";

/** Turns what the schema found into problems, each at the key or value in the file that it is about. */
export function schemaProblems(issues: readonly z.core.$ZodIssue[], document: ReadDocument): Problem[] {
  const misspelt = new Set(issues.filter(({ code }) => code === "unrecognized_keys").map(({ path }) => JSON.stringify(path)));
  return issues.flatMap((issue): Problem[] => {
    const { path } = issue;
    if (issue.code === "unrecognized_keys") {
      const known = issue.message.split(" ");
      return issue.keys.map((key) => {
        const place = document.placeOfKey([...path, key]);
        return { place, path: printable(key), message: "unknown key", hint: nearest(key, known) };
      });
    }
    if (issue.code === "invalid_union") {
      // Of what may be a text or more, the problems of the one that was meant: the text comes first.
      const isText = typeof valueAt(document.value, path) !== "object";
      const meantOne = (isText ? issue.errors[0] : issue.errors.at(-1)) ?? [];
      const inWhole = meantOne.map((inner) => ({ ...inner, path: [...path, ...inner.path] }));
      return schemaProblems(inWhole, document);
    }
    if (issue.code === "invalid_key")
      return [{ place: document.placeOfKey(path), path: pathText(path), message: issue.issues[0]?.message ?? issue.message }];
    // A mapping that lacks a key because the key is misspelt has one problem, not two.
    if (issue.code === "custom" && misspelt.has(JSON.stringify(path))) return [];
    const stated: unknown = issue.code === "custom" ? issue.params?.["hint"] : undefined;
    const hint = typeof stated === "string" ? stated : meant(issue, valueAt(document.value, path));
    return [{ place: document.placeOf(path), path: pathText(path), message: issue.message, hint }];
  });
}

/** Names the last key of a path, with the indices behind it. */
function pathText(path: Path): string {
  const from = path.findLastIndex((part) => typeof part !== "number");
  const indices = path.slice(from + 1).map((part) => `[${String(part)}]`);
  return `${from < 0 ? "" : printable(String(path[from]))}${indices.join("")}`;
}

function meant(issue: z.core.$ZodIssue, written: unknown): string | undefined {
  if (issue.code === "invalid_value" && typeof written === "string") {
    const known = issue.values.filter((value) => typeof value === "string");
    return nearest(written, known);
  }
  const is = (rule: string): boolean => issue.message.endsWith(rule);
  if (is(textRule) && ["number", "boolean", "bigint"].includes(typeof written)) return `write it in quotes: "${String(written)}"`;
  const percent = typeof written === "number" && is(percentRule) ? meantPercent(written) : undefined;
  return percent && `did you mean ${percent}?`;
}
