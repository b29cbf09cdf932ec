import type { Command } from "commander";
import type { Host } from "../host/host.ts";
import type { NoRun } from "../load/load-run.ts";
import type { RuleOptions } from "../load/write-rules.ts";
import type { StackOptions } from "../load/stack.ts";
import type { InitOptions } from "../init/init.ts";
import { clusterOf, loadContradiction, optionsOf, planContradiction, type LoadFlags } from "../load/load-flags.ts";
import { type ListName, optionsIn } from "./flags.ts";
import type { GateOptions } from "./load.ts";
import { checkHelp, gateHelp, loadHelp } from "./help.ts";

/** Carries out what a command is, on the host of this process: it comes to an exit code, or to the reason why there was nothing to do. */
export type CarryOut = (work: (host: Host) => Promise<number | NoRun>) => Promise<void>;

/** Adds every command; what each of them needs is loaded only when it is asked for. */
export function addCommands(root: Command, carryOut: CarryOut): void {
  const add: Add = (name, description, hidden = false) => {
    const command = root.command(name, { hidden }).description(description).exitOverride();
    optionsIn(name).forEach((option) => command.addOption(option));
    return command;
  };
  addInit(add, carryOut);
  addLoad(add, carryOut);
  add("pod", "carry one pod's share of a load; started by load --in kubernetes", true).action(({ config }: { config: string }) =>
    carryOut(async (host) => (await import("../load/pod.ts")).pod({ config, index: process.env["JOB_COMPLETION_INDEX"] }, host)),
  );
  add("gate", "judge a finished run again, or one that Prometheus could not be asked about")
    .addHelpText("after", gateHelp)
    .action(({ settleLimit: settleLimitSeconds, ...flags }: GateOptions & { settleLimit: number }) =>
      carryOut(async (host) => (await import("./load.ts")).gate({ ...flags, settleLimitSeconds }, host)),
    );
  add("report", "write every form of a report that a load left in its log; ends with the load's own exit code").action(
    (flags: { fromLog: string; json?: boolean }) => carryOut(async (host) => (await import("./report.ts")).report(flags, host)),
  );
  addCheck(add, carryOut);
  addRules(add, carryOut);
  add("history", "list the latest runs").action((flags: { most: number; json?: boolean }) =>
    carryOut(async (host) => (await import("../history/history.ts")).listRuns(flags, host)),
  );
  add("stack", "keep the local storage API and Prometheus up, with their addresses, until Ctrl-C").action((flags: StackOptions) =>
    carryOut(async (host) => (await import("../load/stack.ts")).stack(flags, host)),
  );
}

/** Adds a command with its flags. */
type Add = (name: ListName, description: string, hidden?: boolean) => Command;

function addInit(add: Add, carryOut: CarryOut): void {
  add("init", "write a first config, scenario, spec and CI job for a service; nothing is overwritten")
    .argument("[source]", "the service's address, an OpenAPI document or a HAR (default: openapi.yaml or a .har in this folder)")
    .action((source: string | undefined, flags: InitOptions) =>
      carryOut(async (host) => (await import("../init/init.ts")).init(source, flags, host)),
    );
}

function addLoad(add: Add, carryOut: CarryOut): void {
  const command = add("load", "run a scenario (or any k6 script), judge it, report it").addHelpText("after", loadHelp);
  command.action((given: LoadFlags) =>
    carryOut(async (opened) => {
      const { fillIn } = await import("../config/fill-in.ts");
      const filled = await fillIn(given, opened);
      if (filled.kind === "none") return filled;
      const { flags, host } = filled;
      const contradiction = loadContradiction(flags);
      if (contradiction !== undefined) return command.error(`error: ${contradiction}`, { exitCode: 2 });
      const { load } = await import("./load.ts");
      return load(optionsOf(flags), clusterOf(flags), host);
    }),
  );
}

function addCheck(add: Add, carryOut: CarryOut): void {
  const says = "read specs and say what is wrong with them, file:line:column; with --against also what they would read now";
  const command = add("check", says)
    .argument("[specs...]", "spec files (default: that of plimsoll.config.ts, or slo/objectives/storage-api.yaml)")
    .addHelpText("after", checkHelp);
  command.action((specs: string[], { against, ...planned }: LoadFlags & { against?: string }) =>
    carryOut(async (opened) => {
      const { scenario: _scenario, script: _script, ...more } = planned;
      const isAlone = against === undefined && Object.keys(more).length > 0;
      const contradiction = isAlone ? "what goes with --scenario and --script is for --against URL" : planContradiction(planned);
      if (contradiction !== undefined) return command.error(`error: ${contradiction}`, { exitCode: 2 });
      const [{ configFor }, { checkSpecs }] = await Promise.all([import("../config/fill-in.ts"), import("../load/check-specs.ts")]);
      const ready = await configFor(against, specs.length > 0 && against === undefined ? false : undefined, opened);
      if (ready.kind === "none") return ready;
      // Nothing is sent, so nothing is waited for.
      const options = optionsOf({ ...planned, settleLimit: 0, ...(against === undefined ? {} : { prometheus: against }) });
      return checkSpecs(specs.length === 0 ? [ready.spec] : specs, options, ready.host);
    }),
  );
}

function addRules(add: Add, carryOut: CarryOut): void {
  add(
    "rules",
    "write recording and burn-rate alert rules of a spec's objectives, named as Sloth names them; what only k6 sees is left out and said",
  )
    .argument("[spec]", "the spec file (default: that of plimsoll.config.ts, or slo/objectives/storage-api.yaml)")
    .action((spec: string | undefined, options: RuleOptions) =>
      carryOut(async (opened) => {
        const [{ configFor }, { writeRules }] = await Promise.all([import("../config/fill-in.ts"), import("../load/write-rules.ts")]);
        const ready = await configFor(undefined, spec === undefined ? undefined : false, opened);
        return ready.kind === "none" ? ready : writeRules(spec ?? ready.spec, options, ready.host);
      }),
    );
}
