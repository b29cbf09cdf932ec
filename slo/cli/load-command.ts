import { Option, type Command } from "commander";
import { openHost } from "../host/open-host.ts";
import type { ClusterOptions } from "../load/kubernetes.ts";
import type { LoadOptions } from "../load/prepare.ts";
import type { Done } from "./commands.ts";
import {
  configFlag,
  faults,
  httpUrl,
  labels,
  noConfigFlag,
  pairs,
  port,
  positive,
  settleLimit,
  settleLimitSeconds,
  urlPath,
  whole,
} from "./flags.ts";
import { loadHelp } from "./help.ts";

/** Adds `load`. */
export function addLoad(root: Command, done: Done): void {
  const command = root.command("load").description("run a scenario (or any k6 script), judge it, report it");
  for (const option of [...loadFlags(), ...clusterFlags()]) command.addOption(option);
  command.addHelpText("after", loadHelp).action(async (given: LoadFlags) => {
    const { fillIn } = await import("./config.ts");
    const opened = openHost();
    const filled = await fillIn(given, opened);
    if (filled.kind === "none") {
      const { endWith } = await import("./verdict.ts");
      return done(endWith(filled, opened));
    }
    const { flags, host } = filled;
    const contradiction = contradictionIn(flags);
    if (contradiction !== undefined) return command.error(`error: ${contradiction}`, { exitCode: 2 });
    const { load } = await import("./load.ts");
    done(await load(optionsOf(flags), clusterOf(flags), host));
  });
}

/** The flags that say which load is planned, and whose series are its service's. */
export const planFlags = (): Option[] => [
  new Option("--scenario <name>", "smoke, load, spike, stress, soak or breakpoint").conflicts("script"),
  new Option("--script <file>", "any k6 script, .js or .ts, unchanged"),
  new Option("--rate <number>", "peak arrival rate, iterations a second").argParser(positive),
  new Option("--duration <time>", "length of the judged part, e.g. 90s or 5m"),
  new Option(
    "--set <key=value>",
    "an option of the scenario, e.g. payload=64KiB (the keys are in load --help), or a variable of --script (__ENV.KEY); may be repeated",
  ).argParser(pairs),
  new Option(
    "--server-label <label=value>",
    "a label that picks the service's own series; may be repeated (default: job=<service of the spec>)",
  ).argParser(labels),
];

const loadFlags = (): Option[] => [
  ...planFlags(),
  new Option("--target <url>", "a service that runs already (default: start the storage API here)").argParser(httpUrl),
  new Option("--prometheus <url>", "a Prometheus that runs already, with the remote-write receiver on (default: start one here)").argParser(
    httpUrl,
  ),
  new Option("--spec <file>", "the objectives (default: slo/objectives/storage-api.yaml)"),
  new Option("--fault <rules>", "faults for the storage API that is started here: a name (they are below), or rules in JSON").argParser(
    faults,
  ),
  new Option("--store <kind>", "the store of the storage API that is started here (default: memory)").choices(["memory", "sqlite"]),
  new Option(
    "--scrape-path <path>",
    "where the Prometheus started here reads the service's metrics (default: the spec's, or /metrics)",
  ).argParser(urlPath),
  new Option("--scrape-port <number>", "the port of the metrics (default: the spec's, or the target's)").argParser(port),
  new Option("--scrape-scheme <scheme>", "how the metrics are asked for (default: the spec's, or the target's)").choices(["http", "https"]),
  new Option("--stop-on <verdict>", "end the load as soon as an objective about the client's errors is proved to be exceeded").choices([
    "exceeded",
  ]),
  settleLimit(),
  new Option("--force", "load although an objective cannot have a request, or cannot be read"),
  new Option("--json", "print the report as JSON on stdout"),
  new Option("--env <name>", "an environment of the config (default: its defaultEnvironment, or its only one)"),
  new Option(...configFlag),
  new Option(...noConfigFlag),
];

const clusterFlags = (): Option[] => [
  new Option("--in <place>", "where the load comes from (default: this machine)").choices(["kubernetes"]),
  new Option("--pods <number>", "in Kubernetes: over how many pods the load is spread (default: 1)").argParser(whole),
  new Option("--context <name>", "in Kubernetes: kubectl's context (default: the current one)"),
  new Option("--namespace <name>", "in Kubernetes: where the pods run (default: plimsoll)"),
  new Option("--image <name>", "in Kubernetes: the image of deploy/images/plimsoll.Dockerfile (default: plimsoll:dev)"),
  new Option("--keep", "in Kubernetes: leave the Job and its pods when the run is over"),
];

/** The flags as commander gives them: what was not given is not there. */
export interface LoadFlags extends Partial<Omit<LoadOptions, "serverLabels" | "settleLimitSeconds"> & ClusterOptions> {
  serverLabel?: Record<string, string>;
  settleLimit?: number;
  in?: "kubernetes";
  env?: string;
  config?: string | false;
}

/** Gives the flags the names that they have from here on. */
export const optionsOf = ({ serverLabel, settleLimit = settleLimitSeconds, ...given }: LoadFlags): LoadOptions => ({
  ...given,
  serverLabels: serverLabel,
  settleLimitSeconds: settleLimit,
});

function clusterOf(given: LoadFlags): ClusterOptions | undefined {
  if (given.in === undefined) return undefined;
  const { pods = 1, context, namespace = "plimsoll", image = "plimsoll:dev", keep = false } = given;
  return { pods, context, namespace, image, keep };
}

const inKubernetes = ["pods", "context", "namespace", "image", "keep"] as const;

/** Says which flags of a planned load cannot go together. */
export const planContradiction = ({ script, rate, duration }: LoadFlags): string | undefined =>
  script !== undefined && (rate !== undefined || duration !== undefined)
    ? "--rate and --duration scale our scenarios; a script has its own options (--set KEY=VALUE gives it __ENV.KEY)"
    : undefined;

/** Says which flags of `load` cannot go together. */
function contradictionIn(given: LoadFlags): string | undefined {
  if (given.scenario === undefined && given.script === undefined) return "give --scenario NAME or --script FILE";
  if (given.scenario !== undefined && given.script !== undefined) return "give a scenario or a script, not both";
  if (given.fault !== undefined && given.target !== undefined)
    return "--fault is for the storage API that is started here; without --target";
  const planned = planContradiction(given);
  if (planned !== undefined) return planned;
  const isScrapeSaid = (given.scrapePath ?? given.scrapePort ?? given.scrapeScheme) !== undefined;
  if (isScrapeSaid && (given.prometheus ?? given.in) !== undefined)
    return "--scrape-path, --scrape-port and --scrape-scheme are for a Prometheus that is started here, without --prometheus or --in";
  if (given.in === undefined) {
    const flag = inKubernetes.find((name) => given[name] !== undefined);
    return flag && `--${flag} is for --in kubernetes`;
  }
  if (given.stopOn !== undefined) return "--stop-on is for a load from this machine, not in Kubernetes: its pods do not know of each other";
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
