import { Option, type Command } from "commander";
import { openHost } from "../host/open-host.ts";
import { configFlag, faults, httpUrl, noConfigFlag, port, settleLimit, whole } from "./flags.ts";
import type { GateOptions } from "./gate.ts";
import { gateHelp } from "./help.ts";
import type { InitOptions } from "./init.ts";

/** Hears the exit code of a command. */
export type Done = (exitCode: number) => void;

/** Adds `pod`, which is no command for people. */
export function addPod(root: Command, done: Done): void {
  root
    .command("pod", { hidden: true })
    .description("carry one pod's share of a load; started by load --in kubernetes")
    .requiredOption("--config <folder>", "where the pod's config and the script are")
    .action(async ({ config }: { config: string }) => {
      const { pod } = await import("../load/pod.ts");
      done(await pod({ config, index: process.env["JOB_COMPLETION_INDEX"] }, openHost()));
    });
}

/** Adds `gate`. */
export function addGate(root: Command, done: Done): void {
  root
    .command("gate")
    .description("judge a finished run again, or one that Prometheus could not be asked about")
    .option("--run <id>", "the run's testid (default: the latest)")
    .option("--spec <file>", "other objectives than the run's own")
    .addOption(new Option("--prometheus <url>", "where the run's samples are (default: as in the run's record)").argParser(httpUrl))
    .addOption(settleLimit())
    .option("--json", "print the report as JSON on stdout")
    .option(...configFlag)
    .option(...noConfigFlag)
    .addHelpText("after", gateHelp)
    .action(async ({ settleLimit: settleLimitSeconds, ...flags }: GateOptions & { settleLimit: number }) => {
      const { gate } = await import("./gate.ts");
      done(await gate({ ...flags, settleLimitSeconds }, openHost()));
    });
}

/** Adds `init`. */
export function addInit(root: Command, done: Done): void {
  root
    .command("init")
    .description("write a first config, scenario, spec and CI job for a service; nothing is overwritten")
    .argument("[source]", "the service's address, an OpenAPI document or a HAR (default: openapi.yaml or a .har in this folder)")
    .addOption(new Option("--target <url>", "where the service is (default: what the source says)").argParser(httpUrl))
    .option("--from-script <file>", "a k6 script: its thresholds become objectives, and it is the script of the config")
    .option("--service <name>", "the service's name (default: the package's, or the folder's)")
    .addOption(new Option("--ci <kind>", "the CI job to write (default: that of the repository)").choices(["github", "gitlab"]))
    .action(async (source: string | undefined, flags: InitOptions) => {
      const { init } = await import("./init.ts");
      done(await init(source, flags, openHost()));
    });
}

/** Adds `history`. */
export function addHistory(root: Command, done: Done): void {
  root
    .command("history")
    .description("list the latest runs")
    .addOption(new Option("--most <number>", "how many").argParser(whole).default(20))
    .option("--json", "as JSON")
    .action(async (flags: { most: number; json?: boolean }) => {
      const { history } = await import("./history.ts");
      done(history(flags, openHost()));
    });
}

/** Adds `stack`. */
export function addStack(root: Command, done: Done): void {
  root
    .command("stack")
    .description("keep the local storage API and Prometheus up, with their addresses, until Ctrl-C")
    .addOption(new Option("--target-port <port>", "of the storage API").argParser(port).default(5000))
    .addOption(new Option("--prometheus-port <port>", "of Prometheus").argParser(port).default(9090))
    .addOption(new Option("--fault <rules>", "faults of the storage API, as for load").argParser(faults))
    .action(async (flags: { targetPort: number; prometheusPort: number; fault?: string }) => {
      const { stack } = await import("./stack.ts");
      done(await stack(flags, openHost()));
    });
}
