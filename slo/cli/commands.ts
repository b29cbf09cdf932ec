import type { Command } from "commander";
import type { Host } from "../host/host.ts";
import type { NoRun } from "../load/load-run.ts";
import type { RuleOptions } from "../load/write-rules.ts";
import type { StackOptions } from "../load/stack.ts";
import type { InitOptions } from "../init/init.ts";
import { clusterOf, loadContradiction, optionsOf, planContradiction, type LoadFlags } from "../load/load-flags.ts";
import {
  configFlags,
  faults,
  httpUrl,
  loadFlags,
  optionFrom,
  placeFlags,
  planFlags,
  port,
  reportFlags,
  serverLabelFlag,
  settleFlag,
  telemetryFlags,
  whole,
  type Flag,
} from "./flags.ts";
import type { GateOptions } from "./load.ts";
import { checkHelp, gateHelp, loadHelp } from "./help.ts";

/** Carries out what a command is, on the host of this process: it comes to an exit code, or to the reason why there was nothing to do. */
export type CarryOut = (work: (host: Host) => Promise<number | NoRun>) => Promise<void>;

/** Adds every command; what each of them needs is loaded only when it is asked for. */
export function addCommands(root: Command, carryOut: CarryOut): void {
  const add = (name: string, description: string, flags: readonly Flag[], hidden = false): Command => {
    const command = root.command(name, { hidden }).description(description).exitOverride();
    flags.map(optionFrom).forEach((option) => command.addOption(option));
    return command;
  };
  addInit(add, carryOut);
  addLoad(add, carryOut);
  add("pod", "carry one pod's share of a load; started by load --in kubernetes", podFlags, true).action(({ config }: { config: string }) =>
    carryOut(async (host) => (await import("../load/pod.ts")).pod({ config, index: process.env["JOB_COMPLETION_INDEX"] }, host)),
  );
  add("gate", "judge a finished run again, or one that Prometheus could not be asked about", gateFlags)
    .addHelpText("after", gateHelp)
    .action(({ settleLimit: settleLimitSeconds, ...flags }: GateOptions & { settleLimit: number }) =>
      carryOut(async (host) => (await import("./load.ts")).gate({ ...flags, settleLimitSeconds }, host)),
    );
  add("report", "write every form of a report that a load left in its log; ends with the load's own exit code", reportCommandFlags).action(
    (flags: { fromLog: string; json?: boolean }) => carryOut(async (host) => (await import("./report.ts")).report(flags, host)),
  );
  addCheck(add, carryOut);
  addRules(add, carryOut);
  add("history", "list the latest runs", [
    ["--most <number>", "how many", whole, 20],
    ["--json", "as JSON"],
  ]).action((flags: { most: number; json?: boolean }) =>
    carryOut(async (host) => (await import("../history/history.ts")).listRuns(flags, host)),
  );
  add("stack", "keep the local storage API and Prometheus up, with their addresses, until Ctrl-C", stackFlags).action(
    (flags: StackOptions) => carryOut(async (host) => (await import("../load/stack.ts")).stack(flags, host)),
  );
}

const podFlags: readonly Flag[] = [["--config <folder>", "where the pod's config and the script are"]];

const reportCommandFlags: readonly Flag[] = [
  ["--from-log <file>", "the log of a load with PLIMSOLL_REPORT_IN_LOG; - is stdin, as in: kubectl logs … | plimsoll report --from-log -"],
  ["--json", "print the report as JSON on stdout"],
];

type Add = (name: string, description: string, flags: readonly Flag[]) => Command;

const initFlags: readonly Flag[] = [
  ["--target <url>", "where the service is (default: what the source says)", httpUrl],
  ["--from-script <file>", "a k6 script: its thresholds become objectives, and it is the script of the config"],
  ["--service <name>", "the service's name (default: the package's, or the folder's)"],
  ["--ci <kind>", "the CI job to write (default: that of the repository)", ["github", "gitlab"]],
];

function addInit(add: Add, carryOut: CarryOut): void {
  add("init", "write a first config, scenario, spec and CI job for a service; nothing is overwritten", initFlags)
    .argument("[source]", "the service's address, an OpenAPI document or a HAR (default: openapi.yaml or a .har in this folder)")
    .action((source: string | undefined, flags: InitOptions) =>
      carryOut(async (host) => (await import("../init/init.ts")).init(source, flags, host)),
    );
}

function addLoad(add: Add, carryOut: CarryOut): void {
  const command = add("load", "run a scenario (or any k6 script), judge it, report it", loadFlags).addHelpText("after", loadHelp);
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

const gateFlags: readonly Flag[] = [
  ["--run <id>", "the run's testid (default: the latest)"],
  ["--spec <file>", "other objectives than the run's own"],
  ["--prometheus <url>", "where the run's samples are (default: as in the run's record)", httpUrl],
  ["--testrun <name>", "a TestRun of k6-operator that is finished: one verdict over all its runners"],
  ["--scenario <name>", "with --testrun: the scenario of ours whose bundle it runs"],
  ["--script <file>", "with --testrun: the script that it runs"],
  serverLabelFlag,
  ...placeFlags,
  settleFlag,
  ...reportFlags,
  ...telemetryFlags,
  ...configFlags,
];

const againstFlag: Flag = [
  "--against <url>",
  "a Prometheus: says for each objective which series, label values and buckets there are, who is scraped, and how often",
  httpUrl,
];

function addCheck(add: Add, carryOut: CarryOut): void {
  const says = "read specs and say what is wrong with them, file:line:column; with --against also what they would read now";
  const command = add("check", says, [againstFlag, ...planFlags])
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
      const options = optionsOf({ ...planned, ...(against === undefined ? {} : { prometheus: against }) });
      return checkSpecs(specs.length === 0 ? [ready.spec] : specs, options, ready.host);
    }),
  );
}

const rulesFlags: readonly Flag[] = [
  ["--format <format>", "a rule file of Prometheus, or a PrometheusRule for prometheus-operator", ["prometheus", "operator"], "prometheus"],
  [
    "--windows <set>",
    "standard: those for production; short: a demonstration's, seconds and minutes long",
    ["standard", "short"],
    "standard",
  ],
  ["--out <file>", "where they go (default: stdout)"],
  serverLabelFlag,
];

function addRules(add: Add, carryOut: CarryOut): void {
  add(
    "rules",
    "write recording and burn-rate alert rules of a spec's objectives, named as Sloth names them; what only k6 sees is left out and said",
    rulesFlags,
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

const stackFlags: readonly Flag[] = [
  ["--target-port <port>", "of the storage API", port, 5000],
  ["--prometheus-port <port>", "of Prometheus", port, 9090],
  ["--fault <rules>", "faults of the storage API, as for load", faults],
];
