import type { Command } from "commander";
import type { Host } from "../host/host.ts";
import type { NoRun } from "../load/load-run.ts";
import type { RuleOptions } from "../load/write-rules.ts";
import type { StackOptions } from "../load/stack.ts";
import type { InitOptions } from "../init/init.ts";
import { clusterOf, loadContradiction, optionsOf, planContradiction, type LoadFlags } from "../load/load-flags.ts";
import commands from "./commands.json" with { type: "json" };
import { optionsIn } from "./flags.ts";
import type { GateOptions } from "./load.ts";
import { checkHelp, gateHelp, loadHelp } from "./help.ts";

type Name = keyof typeof commands;
type Refuse = (contradiction: string) => never;

/** Carries out a command with its flags and its argument: it comes to an exit code, or to the reason why there was nothing to do. */
type Work = (host: Host, flags: never, argument: never, refuse: Refuse) => Promise<number | NoRun>;

export type CarryOut = (work: (host: Host) => Promise<number | NoRun>) => Promise<void>;

/** Adds every command; what each of them needs is loaded only when it is asked for. */
export function addCommands(root: Command, carryOut: CarryOut): void {
  for (const [name, stated] of Object.entries(commands) as [Name, { does: string; argument?: [string, string]; hidden?: boolean }][]) {
    const command = root
      .command(name, { hidden: stated.hidden === true })
      .description(stated.does)
      .exitOverride();
    optionsIn(name).forEach((option) => command.addOption(option));
    if (stated.argument !== undefined) command.argument(...stated.argument);
    const help = helps[name];
    if (help !== undefined) command.addHelpText("after", help);
    const refuse: Refuse = (contradiction) => command.error(`error: ${contradiction}`, { exitCode: 2 });
    // Commander gives the argument, where there is one, the flags, and the command.
    command.action((...given) => carryOut((host) => works[name](host, given.at(-2) as never, given[0] as never, refuse)));
  }
}

const helps: Partial<Record<Name, string>> = { load: loadHelp, gate: gateHelp, check: checkHelp };

const works: Record<Name, Work> = {
  init: async (host, flags: InitOptions, source: string | undefined) => (await import("../init/init.ts")).init(source, flags, host),
  load: async (opened, given: LoadFlags, _none, refuse) => {
    const { fillIn } = await import("../config/fill-in.ts");
    const filled = await fillIn(given, opened);
    if (filled.kind === "none") return filled;
    const { flags, host } = filled;
    const contradiction = loadContradiction(flags);
    if (contradiction !== undefined) return refuse(contradiction);
    const { load } = await import("./load.ts");
    return load(optionsOf(flags), clusterOf(flags), host);
  },
  pod: async (host, { config }: { config: string }) =>
    (await import("../load/pod.ts")).pod({ config, index: process.env["JOB_COMPLETION_INDEX"] }, host),
  gate: async (host, { settleLimit: settleLimitSeconds, ...flags }: GateOptions & { settleLimit: number }) =>
    (await import("./load.ts")).gate({ ...flags, settleLimitSeconds }, host),
  report: async (host, flags: { fromLog: string; json?: boolean }) => (await import("./report.ts")).report(flags, host),
  check: async (opened, { against, ...planned }: LoadFlags & { against?: string }, specs: string[], refuse) => {
    const { scenario: _scenario, script: _script, ...more } = planned;
    const isAlone = against === undefined && Object.keys(more).length > 0;
    const contradiction = isAlone ? "what goes with --scenario and --script is for --against URL" : planContradiction(planned);
    if (contradiction !== undefined) return refuse(contradiction);
    const [{ configFor }, { checkSpecs }] = await Promise.all([import("../config/fill-in.ts"), import("../load/check-specs.ts")]);
    const ready = await configFor(against, specs.length > 0 && against === undefined ? false : undefined, opened);
    if (ready.kind === "none") return ready;
    // Nothing is sent, so nothing is waited for.
    const options = optionsOf({ ...planned, settleLimit: 0, ...(against === undefined ? {} : { prometheus: against }) });
    return checkSpecs(specs.length === 0 ? [ready.spec] : specs, options, ready.host);
  },
  rules: async (opened, options: RuleOptions, spec: string | undefined) => {
    const [{ configFor }, { writeRules }] = await Promise.all([import("../config/fill-in.ts"), import("../load/write-rules.ts")]);
    const ready = await configFor(undefined, spec === undefined ? undefined : false, opened);
    return ready.kind === "none" ? ready : writeRules(spec ?? ready.spec, options, ready.host);
  },
  history: async (host, flags: { most: number; json?: boolean }) => (await import("../history/history.ts")).listRuns(flags, host),
  stack: async (host, flags: StackOptions) => (await import("../load/stack.ts")).stack(flags, host),
};
