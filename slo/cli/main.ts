#!/usr/bin/env -S npx tsx
import { Command, CommanderError, Option } from "commander";
import { exitCodeHelp, exitCodes } from "../host/exit-codes.ts";
import { gateHelp, loadHelp, version } from "./help.ts";
import { httpUrl, labels, pairs, port, positive, whole } from "./flags.ts";
import { openHost } from "../host/open-host.ts";

const settleLimit = (): Option =>
  new Option("--settle-limit <seconds>", "how long to wait for Prometheus to hold everything that was sent")
    .argParser(positive)
    .default(60);

function program(done: (exitCode: number) => void): Command {
  const root = new Command("plimsoll")
    .description("Puts a known load on an HTTP service and says, with proof, whether it kept its objectives.")
    .version(`plimsoll ${version}`, "-V, --version", "print the version")
    .showHelpAfterError("(--help shows every option)")
    .showSuggestionAfterError()
    .addHelpText("after", `\n${exitCodeHelp}`)
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(text) });
  root
    .command("load")
    .description("run a scenario (or any k6 script), judge it, report it")
    .addOption(new Option("--scenario <name>", "smoke, load, spike, stress, soak or breakpoint").conflicts("script"))
    .addOption(new Option("--script <file>", "any k6 script, .js or .ts, unchanged"))
    .addOption(new Option("--target <url>", "a service that runs already (default: start the storage API here)").argParser(httpUrl))
    .addOption(
      new Option(
        "--prometheus <url>",
        "a Prometheus that runs already, with the remote-write receiver on (default: start one here)",
      ).argParser(httpUrl),
    )
    .option("--spec <file>", "the objectives (default: slo/objectives/storage-api.yaml)")
    .addOption(new Option("--rate <number>", "peak arrival rate, iterations a second").argParser(positive))
    .option("--duration <time>", "length of the judged part, e.g. 90s or 5m")
    .addOption(
      new Option(
        "--set <key=value>",
        "an option of the scenario, e.g. payload=64KiB (the keys are below), or a variable of --script (__ENV.KEY); may be repeated",
      ).argParser(pairs),
    )
    .option("--fault <rules>", "faults for the storage API that is started here: a name (they are below), or rules in JSON")
    .addOption(
      new Option("--store <kind>", "the store of the storage API that is started here (default: memory)").choices(["memory", "sqlite"]),
    )
    .addOption(
      new Option(
        "--server-label <label=value>",
        "a label that picks the service's own series; may be repeated (default: job=<service of the spec>)",
      ).argParser(labels),
    )
    .addOption(settleLimit())
    .option("--json", "print the report as JSON on stdout")
    .addOption(new Option("--in <place>", "where the load comes from (default: this machine)").choices(["kubernetes"]))
    .addOption(new Option("--pods <number>", "in Kubernetes: over how many pods the load is spread (default: 1)").argParser(whole))
    .option("--context <name>", "in Kubernetes: kubectl's context (default: the current one)")
    .option("--namespace <name>", "in Kubernetes: where the pods run (default: plimsoll)")
    .option("--image <name>", "in Kubernetes: the image of deploy/images/plimsoll.Dockerfile (default: plimsoll:dev)")
    .option("--keep", "in Kubernetes: leave the Job and its pods when the run is over")
    .addHelpText("after", loadHelp)
    .action(async (_flags: object, command: Command) => {
      const given = command.opts<LoadFlags>();
      const contradiction = contradictionIn(given);
      if (contradiction !== undefined) return command.error(`error: ${contradiction}`, { exitCode: 2 });
      const { serverLabel, settleLimit: settleLimitSeconds, in: place, pods, context, namespace, image, keep, ...rest } = given;
      const options = { ...loadDefaults, ...rest, settleLimitSeconds, serverLabels: serverLabel };
      if (place === undefined) {
        const { load } = await import("../load/local.ts");
        return done(await load(options, openHost()));
      }
      const { loadInKubernetes } = await import("../load/kubernetes.ts");
      const where = { pods: pods ?? 1, context, namespace: namespace ?? "plimsoll", image: image ?? "plimsoll:dev", keep: keep ?? false };
      done(await loadInKubernetes(options, where, openHost()));
    });
  root
    .command("pod", { hidden: true })
    .description("carry one pod's share of a load; started by load --in kubernetes")
    .requiredOption("--config <folder>", "where the config and the script are")
    .action(async ({ config }: { config: string }) => {
      const { pod } = await import("../load/pod.ts");
      done(await pod({ config, index: process.env["JOB_COMPLETION_INDEX"] }, openHost()));
    });
  root
    .command("gate")
    .description("judge a finished run again, or one that Prometheus could not be asked about")
    .option("--run <id>", "the run's testid (default: the latest)")
    .option("--spec <file>", "other objectives than the run's own")
    .addOption(new Option("--prometheus <url>", "where the run's samples are (default: as the run was told)").argParser(httpUrl))
    .addOption(settleLimit())
    .option("--json", "print the report as JSON on stdout")
    .addHelpText("after", gateHelp)
    .action(async (_flags: object, command: Command) => {
      const given = command.opts<{ run?: string; spec?: string; prometheus?: string; settleLimit: number; json?: boolean }>();
      const { gate } = await import("../load/resume.ts");
      done(
        await gate(
          {
            ...{ run: given.run, spec: given.spec, prometheus: given.prometheus },
            ...{ settleLimitSeconds: given.settleLimit, json: given.json ?? false },
          },
          openHost(),
        ),
      );
    });
  root
    .command("check")
    .description("read specs and say what is wrong with them, file:line:column")
    .argument("[specs...]", "spec files (default: slo/objectives/storage-api.yaml)")
    .action(async (specs: string[]) => {
      const { check } = await import("./check.ts");
      done(check(specs, openHost()));
    });
  root
    .command("history")
    .description("list the latest runs")
    .addOption(new Option("--most <number>", "how many").argParser(whole).default(20))
    .option("--json", "as JSON")
    .action(async ({ most, json }: { most: number; json?: boolean }) => {
      const { history } = await import("./history.ts");
      done(history({ most, json: json ?? false }, openHost()));
    });
  root
    .command("stack")
    .description("keep the local storage API and Prometheus up, with their addresses, until Ctrl-C")
    .addOption(new Option("--target-port <port>", "of the storage API").argParser(port).default(5000))
    .addOption(new Option("--prometheus-port <port>", "of Prometheus").argParser(port).default(9090))
    .option("--fault <rules>", "faults of the storage API, as for load")
    .action(async (flags: { targetPort: number; prometheusPort: number; fault?: string }) => {
      const { up } = await import("./stack.ts");
      done(await up({ ...flags, fault: flags.fault }, openHost()));
    });
  for (const command of root.commands) command.exitOverride();
  return root;
}

const inKubernetes = ["pods", "context", "namespace", "image", "keep"] as const;

/** Says which flags of `load` cannot go together. */
function contradictionIn(given: LoadFlags): string | undefined {
  if (given.scenario === undefined && given.script === undefined) return "give --scenario NAME or --script FILE";
  if (given.fault !== undefined && given.target !== undefined)
    return "--fault is for the storage API that is started here; without --target";
  if (given.script !== undefined && (given.rate !== undefined || given.duration !== undefined))
    return "--rate and --duration scale our scenarios; a script has its own options (--set KEY=VALUE gives it __ENV.KEY)";
  if (given.in === undefined) {
    const flag = inKubernetes.find((name) => given[name] !== undefined);
    return flag && `--${flag} is for --in kubernetes`;
  }
  if (given.fault !== undefined || given.store !== undefined)
    return "--fault and --store are for the storage API that is started here, not in Kubernetes";
  const here = [given.target, given.prometheus].find((url) => url !== undefined && isLoopback(url));
  return (
    here &&
    `the pods cannot reach ${here}, which is this machine's own; give an address as they see it, such as http://storage-api.plimsoll:5000`
  );
}

function isLoopback(url: string): boolean {
  return /^(localhost|127\..*|\[::1\]|0\.0\.0\.0)$/.test(new URL(url).hostname);
}

interface LoadFlags {
  scenario?: string;
  script?: string;
  target?: string;
  prometheus?: string;
  spec?: string;
  rate?: number;
  duration?: string;
  set?: Record<string, string>;
  fault?: string;
  store?: "memory" | "sqlite";
  serverLabel?: Record<string, string>;
  settleLimit: number;
  json?: boolean;
  in?: "kubernetes";
  pods?: number;
  context?: string;
  namespace?: string;
  image?: string;
  keep?: boolean;
}

const loadDefaults = {
  scenario: undefined,
  script: undefined,
  target: undefined,
  prometheus: undefined,
  spec: undefined,
  rate: undefined,
  duration: undefined,
  set: {},
  fault: undefined,
  store: "memory" as const,
  json: false,
};

/** Tells a full disk or a folder without permission, which is no bug of ours; its message names the path. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return (
    error instanceof Error &&
    "code" in error &&
    ["ENOSPC", "EACCES", "EPERM", "EROFS", "EDQUOT", "EIO", "EMFILE"].includes(String(error.code))
  );
}

async function main(): Promise<number> {
  let exitCode: number = exitCodes.badUsage;
  try {
    await program((code) => (exitCode = code)).parseAsync(process.argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.badUsage;
    if (isOfSystem(error)) {
      process.stderr.write(`${error.message}\n`);
      return exitCodes.notCarriedOut;
    }
    process.stderr.write(`this is a bug in Plimsoll: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return exitCodes.notCarriedOut;
  }
}

process.exitCode = await main();
