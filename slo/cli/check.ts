import { exitCodes } from "../host/exit-codes.ts";
import type { Host } from "../host/host.ts";
import { objectiveProblems, readSpec } from "../load/spec-file.ts";

/** Reads specs as a run would and prints every problem with its place; exit 2 when there is one. */
export function check(files: readonly string[], host: Host): number {
  const problems = (files.length === 0 ? [undefined] : files).flatMap((file) => {
    const read = readSpec(host, file, undefined);
    if (read.kind === "none") return [read.message];
    const found = objectiveProblems(read.spec, true);
    if (found.length > 0) return found;
    read.notes.forEach(host.say);
    host.out(`${read.file}: ${read.spec.objectives.length} objectives of ${read.spec.service}, no problem`);
    return [];
  });
  problems.forEach(host.say);
  return problems.length === 0 ? exitCodes.met : exitCodes.badUsage;
}
