import { valueAt, type ReadDocument } from "./document.ts";
import type { Problem } from "./spec.ts";
import { nearest, printable, quoted } from "./words.ts";

/** Checks what no single value shows: names that stand twice, and overrides for objectives that there are not. */
export function crossProblems(document: ReadDocument): Problem[] {
  const objectives = valueAt(document.value, ["objectives"]);
  const named = (Array.isArray(objectives) ? objectives : []).flatMap((objective: unknown, index) => {
    const name = valueAt(objective, ["name"]);
    return typeof name === "string" ? [{ name, place: document.placeOf(["objectives", index, "name"]) }] : [];
  });
  const first = new Map(named.toReversed().map(({ name, place }) => [name, place]));
  const twice = named.flatMap(({ name, place }): Problem[] => {
    const before = first.get(name);
    if (before === undefined || before === place) return [];
    return [{ place, path: "name", message: `${quoted(name)} is the name of an objective on line ${before.line} already` }];
  });
  const overrides = keysIn(document, ["scenarios"]).flatMap((scenario) =>
    unknownKeys(document, ["scenarios", scenario], [...first.keys()], "no objective has this name"),
  );
  return [...twice, ...overrides];
}

/** Points at the scenarios of a spec that are none of the `known` ones: typing errors, or names of scripts that only their users know. */
export function unknownScenarios(document: ReadDocument, known: readonly string[]): Problem[] {
  const overrides = unknownKeys(document, ["scenarios"], known, "is no scenario here: its targets hold only for a script of this name");
  const objectives = valueAt(document.value, ["objectives"]);
  const named = (Array.isArray(objectives) ? objectives : []).flatMap((objective: unknown, index) => {
    const only = valueAt(objective, ["only"]);
    return (Array.isArray(only) ? only : [only]).flatMap((name: unknown): Problem[] => {
      if (typeof name !== "string" || known.includes(name)) return [];
      const message = `${quoted(name)} is no scenario here: the objective holds only for a script of this name`;
      return [{ place: document.placeOf(["objectives", index, "only"]), path: "only", message, hint: nearest(name, known) }];
    });
  });
  return [...overrides, ...named];
}

function keysIn({ value }: ReadDocument, path: readonly string[]): string[] {
  const inner = valueAt(value, path);
  return typeof inner === "object" && inner !== null && !Array.isArray(inner) ? Object.keys(inner) : [];
}

function unknownKeys(document: ReadDocument, path: readonly string[], known: readonly string[], message: string): Problem[] {
  const there = new Set(known);
  return keysIn(document, path).flatMap((key): Problem[] => {
    if (there.has(key)) return [];
    return [{ place: document.placeOfKey([...path, key]), path: printable(key), message, hint: nearest(key, known) }];
  });
}
