import { readFileSync } from "node:fs";
import { bundleScenario } from "../run/bundle/bundle.ts";
import { formatProblem } from "../spec/load.ts";
import type { Spec } from "../spec/spec.ts";
import { nearest, nearestFirst, quoted } from "../spec/words.ts";
import { shortList } from "./present.ts";

/** Reads a user script's sources, and names what a spec asks of it that stands nowhere in them. */
export async function slipsOf(script: string, spec: Spec): Promise<string[]> {
  const read = await bundleScenario({ entry: script });
  return read.kind === "problems" || read.hasUnread ? [] : unknownChecks(spec, read.inputs);
}

/** Names the checks whose names stand nowhere in a script: most likely slips, but never refused, since a script may compute a name. */
export function unknownChecks({ objectives }: Spec, files: readonly string[]): string[] {
  if (!objectives.some(({ indicator }) => indicator.kind === "checks")) return [];
  const text = files.map((path) => readFileSync(path, "utf8")).join("\n");
  // The keys of functions, as those that check() is given.
  const known = [...text.matchAll(/(["'`])((?:(?!\1)[^\\\n]|\\.)+)\1\s*:\s*(?:async\b|function\b|\(|[\w$]+\s*=>)/g)];
  return objectives.flatMap(({ name: path, place, indicator }) => {
    if (indicator.kind !== "checks" || indicator.name === undefined) return [];
    const { name } = indicator;
    const written = [JSON.stringify(name), ...['"', "'", "`"].map((quote) => quote + name + quote)];
    if (written.some((literal) => text.includes(literal)) || (/^\w+$/.test(name) && text.match(/\w+/g)?.includes(name))) return [];
    const names = nearestFirst(name, [...new Set(known.map(([, , one = ""]) => one))]);
    const there = names.length === 0 ? "" : `; there are: ${shortList(names)}`;
    const meant = nearest(name, names) ?? "unless the script computes that name, nothing is counted";
    return [formatProblem({ place, path, message: `no check of the script is named ${quoted(name)}${there} (${meant})` })];
  });
}
