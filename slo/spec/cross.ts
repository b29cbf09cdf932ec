import type { ReadDocument } from "./document.ts";
import type { Problem } from "./spec.ts";
import { nearest, printable, quoted } from "./words.ts";

/** Checks what no single value shows: names that stand twice, and overrides for objectives that there are not. */
export function crossProblems(document: ReadDocument): Problem[] {
  const named = namesOf(document);
  return [...doubleNames(document, named), ...unknownAllowances(document, named)];
}

interface Named {
  index: number;
  name: string;
}

function namesOf({ value }: ReadDocument): Named[] {
  const objectives = entriesOf(value).find(([key]) => key === "objectives")?.[1];
  if (!Array.isArray(objectives)) return [];
  return objectives.flatMap((objective: unknown, index) => {
    const name = entriesOf(objective).find(([key]) => key === "name")?.[1];
    return typeof name === "string" ? [{ index, name }] : [];
  });
}

function doubleNames(document: ReadDocument, named: readonly Named[]): Problem[] {
  const first = new Map<string, number>();
  return named.flatMap(({ index, name }) => {
    const place = document.placeOf(["objectives", index, "name"]);
    const line = first.get(name);
    if (line === undefined) first.set(name, place.line);
    return line === undefined
      ? []
      : [{ place, path: "name", message: `${quoted(name)} is the name of an objective on line ${line} already` }];
  });
}

function unknownAllowances(document: ReadDocument, named: readonly Named[]): Problem[] {
  const known = [...new Set(named.map(({ name }) => name))];
  const scenarios = entriesOf(document.value).find(([key]) => key === "scenarios")?.[1];
  const there = new Set(known);
  return entriesOf(scenarios).flatMap(([scenario, overrides]) =>
    entriesOf(overrides).flatMap(([name]) => {
      if (there.has(name)) return [];
      const hint = nearest(name, known);
      const place = document.placeOfKey(["scenarios", scenario, name]);
      return [{ place, path: printable(name), message: "no objective has this name", ...(hint === undefined ? {} : { hint }) }];
    }),
  );
}

/** Points at the scenarios of a spec that are none of the `known` ones: typing errors, or names of scripts that only their users know. */
export function unknownScenarios(document: ReadDocument, known: readonly string[]): Problem[] {
  const scenarios = entriesOf(document.value).find(([key]) => key === "scenarios")?.[1];
  return entriesOf(scenarios).flatMap(([name]) => {
    if (known.includes(name)) return [];
    const hint = nearest(name, known);
    const message = "is no scenario here: its targets hold only for a script of this name";
    const place = document.placeOfKey(["scenarios", name]);
    return [{ place, path: printable(name), message, ...(hint === undefined ? {} : { hint }) }];
  });
}

const entriesOf = (value: unknown): [string, unknown][] =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
