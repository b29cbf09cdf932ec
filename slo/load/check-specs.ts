import { exitCodes } from "../host/exit-codes.ts";
import type { Host } from "../host/host.ts";
import type { NoRun } from "./load-run.ts";
import type { Outlook } from "./outlook.ts";
import { entryOf, type LoadOptions } from "./prepare.ts";
import { checkAgainst } from "./preflight.ts";
import { objectiveProblems, readSpec } from "./spec-file.ts";
import { amount } from "../spec/words.ts";

/** Reads specs as a run would and prints every problem with its place, or also what a Prometheus holds for them; exit 2 when there is a problem. */
export async function checkSpecs(files: readonly (string | undefined)[], load: LoadOptions, host: Host): Promise<number | NoRun> {
  const entry = load.scenario === undefined && load.script === undefined ? undefined : entryOf(load, host);
  if (entry?.kind === "none") return entry;
  const codes: number[] = [];
  for (const file of files) {
    const read = readSpec(host, file, entry?.name);
    // Our scenarios refuse all that a script refuses, and more: without either only what both do is a problem.
    const problems = read.kind === "none" ? [read.message] : objectiveProblems(read.spec, entry?.isUserScript === false);
    problems.forEach(host.say);
    codes.push(problems.length > 0 ? exitCodes.badUsage : exitCodes.met);
    if (read.kind === "none" || problems.length > 0) continue;
    if (entry === undefined) objectiveProblems(read.spec, true).forEach((one) => host.say(`${one}; under a user script it can be`));
    read.notes.forEach(host.say);
    host.out(`${read.file}: ${amount(read.spec.objectives.length, "objective", "objectives")} of ${read.spec.service}, reads well`);
    if (load.prometheus === undefined) continue;
    const looked = await checkAgainst(load.prometheus, read, { ...load, spec: file }, host);
    if (looked.kind === "none") host.say(looked.message);
    codes.push(looked.kind === "none" ? looked.exitCode : tell(looked.outlook, host));
  }
  return Math.max(...codes);
}

const stateText: Record<Outlook["objectives"][number]["state"], string> = {
  readable: "can be read",
  unknown: "not known yet",
  unreadable: "cannot be read",
  impossible: "cannot be read, whatever is sent",
};

function tell({ objectives, services }: Outlook, host: Host): number {
  const blocks = objectives.map(({ name, state, lines, proof }) => [`${name}: ${stateText[state]}`, ...lines, proof].join("\n  "));
  host.out(`\n${[...blocks, ...services].join("\n\n")}\n`);
  const isHopeless = objectives.some(({ state }) => state === "unreadable" || state === "impossible");
  return isHopeless ? exitCodes.badUsage : exitCodes.met;
}
