import { Argument, Command, InvalidArgumentError, Option, type OutputConfiguration } from "commander";

/** What a person asked for. */
export interface Options {
  action: "up" | "down";
  /** kubectl's name of the cluster; Minikube names it after the profile. */
  context: string;
  /** The size of the profile to start; undefined for a cluster that runs already. */
  minikube: { cpus: string; memory: string } | undefined;
  /** A shell command that gets an image as its last argument. */
  imageLoad: string | undefined;
  /** A folder below `deploy/kubernetes/overlays`. */
  overlay: string;
  limitSeconds: number;
}

const examples = `
  npm run minikube                 start or reuse the profile, build, load, apply, wait; safe to run again
  npm run minikube -- down         delete the profile and all in it
  npm run minikube -- --context kind-dev --image-load 'kind load docker-image --name dev'
                                   the same on a cluster that runs already; down then removes only what was applied`;

const only = (pattern: RegExp, kind: string) => (value: string) => {
  if (!pattern.test(value)) throw new InvalidArgumentError(`It must be ${kind}.`);
  return value;
};

/** Parses the words after `npm run minikube --`; throws commander's error, its words (or the help) written by `write`. */
export function parseOptions(words: readonly string[], write: OutputConfiguration): Options {
  const name = only(/^[a-z0-9][a-z0-9-]*$/i, "letters, digits and dashes");
  const context = new Option("--context <name>", "any context of kubectl; no Minikube is needed, started or deleted");
  const ofNew = "of a profile that is made now";
  const program = new Command("npm run minikube --")
    .description("The whole lab on Minikube: storage API and Prometheus, built here and started there.")
    .addArgument(new Argument("[action]", "what to do").choices(["up", "down"]).default("up"))
    .option("--profile <name>", "Minikube profile", name, "plimsoll")
    .option("--cpus <n>", ofNew, only(/^([2-9]|\d\d+)$/, "a whole number, 2 or more"), "2")
    .option("--memory <size>", ofNew, only(/^\d+(m|mb|g|gb)$/i, "a size such as 4g or 4096mb"), "4g")
    .addOption(context.argParser(only(/^[^-]/, "the name of a context")).conflicts(["profile", "cpus", "memory"]))
    .option("--image-load <command>", "how an image gets from this machine's Docker into the cluster; its name is added at the end")
    .option("--overlay <name>", "folder below deploy/kubernetes/overlays; grafana is the same with Grafana", name, "minikube")
    .option("--limit <seconds>", "how long to wait for the pods", only(/^[1-9]\d*$/, "a whole number, 1 or more"), "180")
    .addHelpText("before", examples)
    .allowExcessArguments(false)
    .configureOutput(write)
    .exitOverride()
    .parse(words, { from: "user" });
  type Flags = Record<"profile" | "cpus" | "memory" | "overlay" | "limit", string> & { context?: string; imageLoad?: string };
  const flags = program.opts<Flags>();
  return {
    action: program.processedArgs[0] === "down" ? "down" : "up",
    context: flags.context ?? flags.profile,
    minikube: flags.context === undefined ? { cpus: flags.cpus, memory: flags.memory } : undefined,
    imageLoad: flags.imageLoad,
    overlay: flags.overlay,
    limitSeconds: Number(flags.limit),
  };
}
