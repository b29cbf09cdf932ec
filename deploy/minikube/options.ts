import { Argument, Command, InvalidArgumentError, Option, type OutputConfiguration } from "commander";

/** What a person asked for. */
export interface Options {
  action: "up" | "down";
  /** kubectl's name of the cluster; Minikube names it after the profile. */
  context: string;
  /** The size of the profile to start; undefined for a cluster that runs already. */
  minikube: { cpus: number; memory: string } | undefined;
  /** A shell command that gets an image as its last argument. */
  imageLoad: string | undefined;
  /** A folder below `deploy/kubernetes/overlays`. */
  overlay: string;
  limitSeconds: number;
}

const defaults = { profile: "plimsoll", cpus: 2, memory: "4g", overlay: "minikube", limit: 180 };
type Flags = typeof defaults & { context?: string; imageLoad?: string };

const examples = `
  npm run minikube                 start or reuse the profile, build, load, apply, wait; safe to run again
  npm run minikube -- down         delete the profile and all in it
  npm run minikube -- --context kind-dev --image-load 'kind load docker-image --name dev'
                                   the same on a cluster that runs already; down then removes only what was applied`;

function text(pattern: RegExp, kind: string): (value: string) => string {
  return (value) => {
    if (!pattern.test(value)) throw new InvalidArgumentError(`It must be ${kind}.`);
    return value;
  };
}

function whole(least: number): (value: string) => number {
  return (value) => {
    if (!/^\d+$/.test(value) || Number(value) < least) throw new InvalidArgumentError(`It must be a whole number, ${least} or more.`);
    return Number(value);
  };
}

/** Parses the words after `npm run minikube --`; throws commander's error, its words (or the help) written by `write`. */
export function parseOptions(words: readonly string[], write: OutputConfiguration): Options {
  const name = text(/^[a-z0-9][a-z0-9-]*$/i, "letters, digits and dashes");
  const size = text(/^\d+(m|mb|g|gb)$/i, "a size such as 4g or 4096mb");
  const ofNew = (
    flags: string,
    value: string | number,
    parse: (value: string) => string | number,
    what = "of a profile that is made now",
  ) => new Option(flags, what).default(value).argParser(parse);
  const program = new Command("npm run minikube --")
    .description("The whole lab on Minikube: storage API and Prometheus, built here and started there.")
    .addArgument(new Argument("[action]", "what to do").choices(["up", "down"]).default("up"))
    .addOption(ofNew("--profile <name>", defaults.profile, name, "Minikube profile"))
    .addOption(ofNew("--cpus <n>", defaults.cpus, whole(2)))
    .addOption(ofNew("--memory <size>", defaults.memory, size))
    .addOption(
      new Option("--context <name>", "any context of kubectl; no Minikube is needed, started or deleted")
        .argParser(text(/^[^-]/, "the name of a context"))
        .conflicts(["profile", "cpus", "memory"]),
    )
    .option("--image-load <command>", "how an image gets from this machine's Docker into the cluster; its name is added at the end")
    .addOption(
      ofNew("--overlay <name>", defaults.overlay, name, "folder below deploy/kubernetes/overlays; grafana is the same with Grafana"),
    )
    .addOption(ofNew("--limit <seconds>", defaults.limit, whole(1), "how long to wait for the pods"))
    .addHelpText("before", examples)
    .allowExcessArguments(false)
    .configureOutput(write)
    .exitOverride()
    .parse(words, { from: "user" });
  const { profile, cpus, memory, context, imageLoad, overlay, limit } = program.opts<Flags>();
  const action = program.processedArgs[0] === "down" ? "down" : "up";
  const minikube = context === undefined ? { cpus, memory } : undefined;
  return { action, context: context ?? profile, minikube, imageLoad, overlay, limitSeconds: limit };
}
