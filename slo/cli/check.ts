import { compileObjectives } from "../compile/objectives.ts";
import { formatProblem } from "../spec/load.ts";
import { exitCodes } from "../host/exit-codes.ts";
import type { Host } from "../host/host.ts";
import { readSpec } from "../load/prepare.ts";

/** Reads specs as a run would and prints every problem with its place; exit 2 when there is one. */
export function check(files: readonly string[], host: Host): number {
  const problems = (files.length === 0 ? [undefined] : files).flatMap((file) => {
    const read = readSpec(host, file, undefined);
    if (read.kind === "refused") return [read.message];
    const compiled = compileObjectives(read.spec, { testid: "x", server: {} }, true);
    if (compiled.kind === "problems") {
      return compiled.problems.map(({ objective, text, message }) =>
        formatProblem({ place: objective.place, path: objective.name, message: `${text} ${message}` }),
      );
    }
    read.notes.forEach(host.say);
    host.out(`${read.file}: ${read.spec.objectives.length} objectives of ${read.spec.service}, no problem`);
    return [];
  });
  problems.forEach(host.say);
  return problems.length === 0 ? exitCodes.met : exitCodes.badUsage;
}
