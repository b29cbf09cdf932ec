import { readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { compileObjectives } from "../compile/objectives.ts";
import type { Scope } from "../compile/scope.ts";
import type { SelectorProblem } from "../compile/selector.ts";
import { errorMessage } from "../host/error-message.ts";
import type { Host } from "../host/host.ts";
import { listScenarios } from "../run/bundle/scenarios.ts";
import type { RunRecord } from "../run/record.ts";
import { formatProblem, loadSpec, unknownScenarios, type LoadedSpec } from "../spec/load.ts";
import type { Objective, Spec } from "../spec/spec.ts";
import { badUsage, type NoRun } from "./load-run.ts";

/** Reads a spec's text, or says in one sentence why there is none; `given` is what a person wrote, relative to `folder`. */
export function readSpecFile(folder: string, given: string): { kind: "text"; text: string } | { kind: "problem"; message: string } {
  try {
    // A wrong letter in a name would be another name.
    return { kind: "text", text: new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(resolve(folder, given))) };
  } catch (error) {
    const why = error instanceof TypeError ? "it is not UTF-8 (latin-1 or UTF-16, perhaps): save the file as UTF-8" : errorMessage(error);
    return { kind: "problem", message: `the spec "${given}" cannot be read: ${why}` };
  }
}

/** Shows a path as short as it can be understood from the user's folder. */
export const shownPath = (folder: string, path: string): string =>
  relative(folder, path).startsWith("..") ? path : relative(folder, path);

export function readSpec(host: Pick<Host, "folder" | "project">, file: string | undefined, scenario: string | undefined) {
  const path = file === undefined ? join(host.project, "slo/objectives/storage-api.yaml") : resolve(host.folder, file);
  const shown = shownPath(host.folder, path);
  const read = readSpecFile(host.folder, file ?? path);
  if (read.kind === "problem") return badUsage(read.message);
  const { text } = read;
  const loaded = parseSpec(text, shown, scenario);
  if (loaded.kind === "none") return loaded;
  const known = [...listScenarios(join(host.project, "scenarios")), ...(scenario === undefined ? [] : [scenario])];
  const leftOut = loaded.leftOut.map(({ name, only = [] }) => `${name} is not judged: it is about ${only.join(", ")} only`);
  return { ...loaded, file: shown, text, notes: [...unknownScenarios(text, shown, known).map(formatProblem), ...leftOut] };
}

export type ReadSpec = Exclude<ReturnType<typeof readSpec>, NoRun>;

/** Lists what is wrong with objectives that only their queries show, each with its place; `slowCounted` says that the scenario is ours. */
export function objectiveProblems(spec: Spec, slowCounted: boolean, plan?: Pick<Scope, "script" | "phases">): string[] {
  const compiled = compileObjectives(spec, { testid: "x", server: {}, ...plan }, slowCounted);
  return compiled.kind === "compiled" ? [] : problemTexts(compiled.problems);
}

export const problemTexts = (problems: readonly (SelectorProblem & { objective: Objective })[]): string[] =>
  problems.map(({ objective: { place, name }, text, message }) => formatProblem({ place, path: name, message: `${text} ${message}` }));

/** Reads the spec that a kept run is judged by again: another file, or the text that was kept with it. */
export function specOf(record: RunRecord, file: string | undefined, host: Host): Pick<ReadSpec, "kind" | "spec" | "notes"> | NoRun {
  if (file !== undefined) return readSpec(host, file, record.scenario);
  const loaded = parseSpec(record.specText, record.specFile, record.scenario);
  return loaded.kind === "none" ? loaded : { ...loaded, notes: [] };
}

function parseSpec(text: string, file: string, scenario: string | undefined): Extract<LoadedSpec, { kind: "spec" }> | NoRun {
  const loaded = loadSpec(text, file, scenario);
  return loaded.kind === "problems" ? badUsage(loaded.problems.map(formatProblem).join("\n")) : loaded;
}
