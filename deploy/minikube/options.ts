import { existsSync, readdirSync } from "node:fs";
import { Argument, Command, InvalidArgumentError, Option, type OutputConfiguration } from "commander";

/** What a person asked for. */
export type Options = ReturnType<typeof parseOptions>;

const examples = `
  npm run minikube                 start or reuse the profile, build, load, apply, wait; safe to run again
  npm run minikube -- --with all   the same with every further part of the lab; or some of them, as in --with alerts,exporters
  npm run minikube -- down         delete the profile and all in it
  npm run minikube -- --context kind-dev --image-load 'kind load docker-image --name dev'
                                   the same on a cluster that runs already; down then removes only what was applied`;

const only = (pattern: RegExp, kind: string) => (value: string) => {
  if (!pattern.test(value)) throw new InvalidArgumentError(`It must be ${kind}.`);
  return value;
};

const partsFolder = new URL("../kubernetes/with/", import.meta.url);

/** Lists the parts that can be laid over an overlay: each is a folder with a kustomize component, some with variants of theirs below. */
export function knownParts(): string[] {
  return readdirSync(partsFolder, { recursive: true, encoding: "utf8" })
    .filter((name) => existsSync(new URL(`${name}/kustomization.yaml`, partsFolder)))
    .toSorted();
}

/** Reads a list of parts; `all` is every one there is, without variants, and a variant brings what it varies. */
function readParts(value: string): string[] {
  const known = knownParts();
  const named = value.split(",").map((part) => part.trim());
  const unknown = named.find((part) => part !== "all" && !known.includes(part));
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no part "${unknown}"; there are ${known.join(", ")}, and all.`);
  const isNamed = (part: string): boolean => named.some((name) => name === part || name.startsWith(`${part}/`));
  return known.filter((part) => isNamed(part) || (named.includes("all") && !part.includes("/")));
}

/** Parses the words after `npm run minikube --`; throws commander's error, its words (or the help) written by `write`. */
export function parseOptions(words: readonly string[], write: OutputConfiguration) {
  const name = only(/^[a-z0-9][a-z0-9-]*$/i, "letters, digits and dashes");
  const context = new Option("--context <name>", "any context of kubectl; no Minikube is needed, started or deleted");
  const ofNew = "of a profile that is made now";
  const program = new Command("npm run minikube --")
    .description("The whole lab on Minikube: storage API and Prometheus, built here and started there.")
    .addArgument(new Argument("[action]", "what to do").choices(["up", "down"]).default("up"))
    .option("--profile <name>", "Minikube profile", name, "plimsoll")
    .option("--cpus <n>", ofNew, only(/^([2-9]|\d\d+)$/, "a whole number, 2 or more"), "2")
    .option("--memory <size>", `${ofNew} (default: 4g, with parts 6g)`, only(/^\d+(m|mb|g|gb)$/i, "a size such as 4g or 4096mb"))
    .addOption(context.argParser(only(/^[^-]/, "the name of a context")).conflicts(["profile", "cpus", "memory"]))
    .option("--image-load <command>", "how an image gets from this machine's Docker into the cluster; its name is added at the end")
    .option("--overlay <name>", "folder below deploy/kubernetes/overlays; grafana is the same with Grafana", name, "minikube")
    .option("--with <parts>", `further parts, with commas between: ${knownParts().join(", ")}, or all`, readParts)
    .option(
      "--limit <seconds>",
      "how long to wait for the pods (default: 180, with parts 240)",
      only(/^[1-9]\d*$/, "a whole number, 1 or more"),
    )
    .addHelpText("before", examples)
    .allowExcessArguments(false)
    .configureOutput(write)
    .exitOverride()
    .parse(words, { from: "user" });
  type Flags = Record<"profile" | "cpus" | "overlay", string> & {
    [flag in "memory" | "limit" | "context" | "imageLoad"]?: string;
  } & { with?: string[] };
  const flags = program.opts<Flags>();
  const parts = flags.with ?? [];
  const memory = flags.memory ?? (parts.length === 0 ? "4g" : "6g");
  return {
    action: program.processedArgs[0] === "down" ? "down" : "up",
    /** kubectl's name of the cluster; Minikube names it after the profile. */
    context: flags.context ?? flags.profile,
    /** The size of the profile to start; undefined for a cluster that runs already. */
    minikube: flags.context === undefined ? { cpus: flags.cpus, memory } : undefined,
    /** A shell command that gets an image as its last argument. */
    imageLoad: flags.imageLoad,
    /** A folder below `deploy/kubernetes/overlays`. */
    overlay: flags.overlay,
    /** Folders below `deploy/kubernetes/with`, laid over the overlay. */
    parts,
    limitSeconds: Number(flags.limit ?? (parts.length === 0 ? "180" : "240")),
  };
}
