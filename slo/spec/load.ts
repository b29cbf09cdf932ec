import { closest, distance } from "fastest-levenshtein";
import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { placesOf, type Places } from "./place.ts";
import { specFileSchema, type SpecFile } from "./schema.ts";
import type { Indicator, Objective, Problem, Spec } from "./spec.ts";

/** Is a spec, or everything that is wrong with its text, in order of place. */
export type Loaded = { kind: "spec"; spec: Spec } | { kind: "problems"; problems: Problem[] };

const mostCharacters = 1024 * 1024;
const mostDepth = 32;

/** Reads a spec; with a scenario given, that scenario's allowances replace the targets. Never throws. */
export function loadSpec(text: string, file: string, scenario?: string): Loaded {
  const start = { file, line: 1, column: 1 };
  if (text.length > mostCharacters) return { kind: "problems", problems: [{ place: start, path: "", message: `is larger than ${mostCharacters} characters` }] };
  if (deepest(text) > mostDepth) return { kind: "problems", problems: [{ place: start, path: "", message: `is nested more than ${mostDepth} levels deep` }] };
  const lines = new LineCounter();
  const document = parseDocument(text.replace(/^\uFEFF/, ""), { lineCounter: lines, prettyErrors: false, uniqueKeys: true, stringKeys: true });
  const places = placesOf(document, lines, file);
  const broken = document.errors.map((error): Problem => ({ place: places.ofOffset(error.pos[0]), path: "", message: error.message }));
  if (broken.length > 0) return { kind: "problems", problems: broken };
  const value = plainValue(() => document.toJS({ maxAliasCount: 100 }) as unknown);
  if (value.kind === "problem") return { kind: "problems", problems: [{ place: start, path: "", message: value.message }] };
  const parsed = specFileSchema.safeParse(value.value);
  const problems = parsed.success ? crossProblems(parsed.data, places) : parsed.error.issues.flatMap((issue) => problemsOf(issue, places, value.value));
  if (problems.length > 0 || !parsed.success) return { kind: "problems", problems: problems.sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column) };
  return { kind: "spec", spec: specOf(parsed.data, places, scenario) };
}

/** Prints a problem on one line: `objectives/storage-api.yaml:5:13 target: must be below 100% (did you mean 99.9%?)`. */
export function formatProblem({ place, path, message, hint }: Problem): string {
  const where = path === "" ? "" : `${path}: `;
  return `${place.file}:${place.line}:${place.column} ${where}${message}${hint ? ` (${hint})` : ""}`;
}

function plainValue(read: () => unknown): { kind: "value"; value: unknown } | { kind: "problem"; message: string } {
  try {
    return { kind: "value", value: read() };
  } catch (error) {
    return { kind: "problem", message: error instanceof Error ? error.message : String(error) };
  }
}

/** Estimates how deep flow brackets and indentation nest, before a parser recurses into them. */
function deepest(text: string): number {
  let depth = 0;
  let most = 0;
  for (const character of text) {
    if (character === "[" || character === "{") most = Math.max(most, (depth += 1));
    if (character === "]" || character === "}") depth = Math.max(0, depth - 1);
  }
  const dashes = text.match(/^(?:[-?:] ?)+/gm) ?? [];
  return Math.max(most, ...dashes.map((line) => line.replaceAll(" ", "").length));
}

function problemsOf(issue: z.core.$ZodIssue, places: Places, value: unknown): Problem[] {
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(issue.path);
    return issue.keys.map((key) => ({ place: places.ofKey([...issue.path, key]), path: key, message: "is not known here", ...hintFor(key, known) }));
  }
  const last = issue.path.at(-1);
  const missing = issue.path.length > 0 && at(value, issue.path) === undefined;
  const path = typeof last === "string" ? last : "";
  if (missing) return [{ place: places.ofKey(issue.path.slice(0, -1)), path, message: "is missing" }];
  if (issue.code === "invalid_key") return [{ place: places.ofKey(issue.path), path, message: "must not be empty" }];
  return [{ place: places.ofValue(issue.path), path, message: issue.path.length === 0 && value === null ? "is empty" : issue.message, ...percentHint(at(value, issue.path), issue.message) }];
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((node, key) => (typeof node === "object" && node !== null && Object.hasOwn(node, key) ? (node as Record<PropertyKey, unknown>)[key] : undefined), value);
}

function percentHint(value: unknown, message: string): { hint?: string } {
  if (message.startsWith("must be below 100%")) return { hint: "did you mean 99.9%?" };
  if (typeof value === "number" && message.includes("percentage")) return { hint: `did you mean ${value < 1 ? Number((value * 100).toPrecision(10)) : value}%?` };
  if (typeof value === "number" && message.includes("duration")) return { hint: `did you mean ${value}ms?` };
  return {};
}

function hintFor(word: string, known: readonly string[]): { hint?: string } {
  if (known.length === 0) return {};
  const near = closest(word, [...known]);
  return distance(word.toLowerCase(), near.toLowerCase()) <= Math.max(2, Math.floor(near.length / 3)) ? { hint: `did you mean ${near}?` } : { hint: `known: ${known.join(", ")}` };
}

/** Lists the keys that a strict part of the schema knows, by where it is in the file. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  const names = path.filter((key): key is string => typeof key === "string");
  const last = names.at(-1);
  if (last === undefined) return ["version", "service", "confidence", "period", "objectives", "scenarios"];
  if (last === "objectives") return ["name", "target", "indicator"];
  if (last === "indicator") return ["errors", "latency", "ratio"];
  if (last === "errors") return ["side", "where"];
  if (last === "latency") return ["side", "atMost", "where"];
  if (last === "ratio") return ["bad", "total"];
  return names[0] === "scenarios" ? ["target"] : [];
}

function crossProblems(file: SpecFile, places: Places): Problem[] {
  const names = file.objectives.map((objective) => objective.name);
  const twice = file.objectives.flatMap(({ name }, i): Problem[] =>
    names.indexOf(name) < i ? [{ place: places.ofValue(["objectives", i, "name"]), path: "name", message: `two objectives are called ${JSON.stringify(name)}` }] : [],
  );
  const unknown = Object.entries(file.scenarios ?? {}).flatMap(([of, allowances]) =>
    Object.keys(allowances).flatMap((name): Problem[] =>
      names.includes(name) ? [] : [{ place: places.ofKey(["scenarios", of, name]), path: name, message: "is no objective of this file", ...hintFor(name, names) }],
    ),
  );
  return [...twice, ...unknown];
}

/** Reads "99.9%" as 0.999 exactly as the decimal says, without the noise of a division. */
export function ratioOf(percent: string): number {
  return Number(`${percent.slice(0, -1)}e-2`);
}

const unitSeconds: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

function secondsOf(duration: string): number {
  const unit = /[a-z]+$/.exec(duration)?.[0] ?? "";
  const amount = duration.slice(0, -unit.length);
  return unit === "ms" ? Number(`${amount}e-3`) : Number(amount) * (unitSeconds[unit] ?? Number.NaN);
}

function indicatorOf({ errors, latency, ratio }: SpecFile["objectives"][number]["indicator"]): Indicator {
  if (errors) return { kind: "errors", side: errors.side, where: errors.where ?? {} };
  if (latency) return { kind: "latency", side: latency.side, atMostSeconds: secondsOf(latency.atMost), where: latency.where ?? {} };
  if (ratio) return { kind: "ratio", ...ratio };
  throw new Error("the schema let an indicator without a kind pass");
}

function specOf(file: SpecFile, places: Places, scenario: string | undefined): Spec {
  const scenarios = Object.fromEntries(
    Object.entries(file.scenarios ?? {}).map(([of, allowances]) => [of, Object.fromEntries(Object.entries(allowances).map(([name, { target }]) => [name, { targetRatio: ratioOf(target) }]))]),
  );
  const allowances = scenario !== undefined && Object.hasOwn(scenarios, scenario) ? scenarios[scenario] : undefined;
  const objectives = file.objectives.map((raw, i): Objective => {
    const stated = ratioOf(raw.target);
    const allowed = allowances && Object.hasOwn(allowances, raw.name) ? allowances[raw.name] : undefined;
    const base = { name: raw.name, indicator: indicatorOf(raw.indicator), place: places.ofValue(["objectives", i, "target"]) };
    if (allowed === undefined || scenario === undefined) return { ...base, targetRatio: stated };
    return { ...base, targetRatio: allowed.targetRatio, allowance: { scenario, statedTargetRatio: stated } };
  });
  return {
    version: 1,
    service: file.service,
    confidence: ratioOf(file.confidence ?? "95%"),
    periodSeconds: secondsOf(file.period ?? "30d"),
    objectives,
    scenarios,
  };
}
