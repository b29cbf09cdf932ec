import { readDocument, valueAt, type ReadDocument } from "./document.ts";
import { schemaProblems } from "./issues.ts";
import { mappingRule } from "./pieces.ts";
import { isRequired, specFileSchema, type SpecFile } from "./schema.ts";
import type { Objective, Problem, Spec } from "./spec.ts";
import { nearest, printable, quoted } from "./words.ts";

/** A spec that was read, with the objectives that are about other scenarios apart; or every problem that it has, in order of place. */
export type LoadedSpec = { kind: "spec"; spec: Spec; leftOut: Objective[] } | { kind: "problems"; problems: Problem[] };

/** Reads a spec from YAML text; problems carry `file`. With `scenario` its overrides replace the targets, and objectives about others are left out. Never throws. */
export function loadSpec(text: string, file: string, scenario?: string): LoadedSpec {
  const document = readDocument(text, file);
  if (document.kind === "problems") return { kind: "problems", problems: inOrder(document.problems) };
  if (typeof document.value !== "object" || document.value === null || Array.isArray(document.value)) {
    const message = document.value === undefined ? "the file is empty" : `the file ${mappingRule}`;
    return { kind: "problems", problems: [{ place: document.placeOf([]), path: "", message }] };
  }
  const parsed = specFileSchema.safeParse(document.value);
  const problems = [...(parsed.success ? [] : schemaProblems(parsed.error.issues, document)), ...crossProblems(document)];
  if (!parsed.success || problems.length > 0) return { kind: "problems", problems: inOrder(problems) };
  const whole = specOf(parsed.data, document, scenario);
  const isAbout = ({ only }: Objective): boolean => scenario === undefined || only === undefined || only.includes(scenario);
  const objectives = whole.objectives.filter(isAbout);
  if (!objectives.some(isRequired)) {
    const left = objectives.length === 0 ? "no objective" : "no required objective";
    const named = [...new Set(whole.objectives.flatMap(({ only = [] }) => only))].map(quoted).join(", ");
    const message = `${left} is about the scenario ${quoted(scenario ?? "")}, so nothing could be proved: only names ${named}`;
    return { kind: "problems", problems: [{ place: document.placeOf(["objectives"]), path: "objectives", message }] };
  }
  return { kind: "spec", spec: { ...whole, objectives }, leftOut: whole.objectives.filter((one) => !isAbout(one)) };
}

/** Points at the scenarios of a spec without problems that are none of the `known` ones: typing errors, or names of scripts that only their users know. */
export function unknownScenarios(text: string, file: string, known: readonly string[]): Problem[] {
  const document = readDocument(text, file);
  if (document.kind === "problems") return [];
  const overrides = unknownKeys(document, ["scenarios"], known, "is no scenario here: its targets hold only for a script of this name");
  const named = objectivesIn(document).flatMap((objective, index) => {
    return [valueAt(objective, ["only"])].flat().flatMap((name: unknown): Problem[] => {
      if (typeof name !== "string" || known.includes(name)) return [];
      const message = `${quoted(name)} is no scenario here: the objective holds only for a script of this name`;
      return [{ place: document.placeOf(["objectives", index, "only"]), path: "only", message, hint: nearest(name, known) }];
    });
  });
  return [...overrides, ...named];
}

/** Writes a problem as one line: `objectives/storage-api.yaml:5:13 target: must be below 100% (did you mean 99.9%?)`. */
export function formatProblem({ place, path, message, hint }: Problem): string {
  const about = path === "" ? "" : `${path}: `;
  return `${place.file}:${place.line}:${place.column} ${about}${message}${hint === undefined ? "" : ` (${hint})`}`;
}

function specOf(read: SpecFile, document: ReadDocument, scenario: string | undefined): Spec {
  const objectives = read.objectives.map((stated, index): Objective => {
    const objective = { ...stated, place: document.placeOf(["objectives", index]) };
    return scenario === undefined ? objective : overridden(objective, scenario, read.scenarios);
  });
  const { version, service, metrics, confidence, period, scenarios } = read;
  return { version, service, metrics, confidence, periodSeconds: period, objectives, scenarios };
}

function overridden(objective: Objective, scenario: string, scenarios: Spec["scenarios"]): Objective {
  const overrides = Object.hasOwn(scenarios, scenario) ? scenarios[scenario] : undefined;
  const override = overrides !== undefined && Object.hasOwn(overrides, objective.name) ? overrides[objective.name] : undefined;
  if (override === undefined || override.targetRatio === objective.targetRatio) return objective;
  return { ...objective, targetRatio: override.targetRatio, scenarioOverride: { scenario, statedTargetRatio: objective.targetRatio } };
}

/** Sorts by place; what an alias repeats is told once. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const once = [...new Map(problems.map((problem) => [formatProblem(problem), problem])).values()];
  return once.toSorted((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
}

/** Checks what no single value shows: names that stand twice, and overrides for objectives that there are not. */
function crossProblems(document: ReadDocument): Problem[] {
  const named = objectivesIn(document).flatMap((objective, index) => {
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

function objectivesIn({ value }: ReadDocument): unknown[] {
  const objectives = valueAt(value, ["objectives"]);
  return Array.isArray(objectives) ? objectives : [];
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
