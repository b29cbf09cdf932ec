import { parseArgs } from "node:util";

/** Is the cluster to work on: a Minikube profile of ours, or any context that kubectl knows. */
export type Cluster = { kind: "minikube"; profile: string; cpus: number; memory: string } | { kind: "context"; context: string };

/** Is what a person asked for. `imageLoad` is a shell command that gets an image as its last argument. */
export interface Options {
  action: "up" | "down";
  cluster: Cluster;
  imageLoad: string | undefined;
  /** The folder name below `deploy/kubernetes/overlays`. */
  overlay: string;
  limitSeconds: number;
}

/** Is the parsed command line, a wish for help, or one sentence that says what is wrong. */
export type ParsedOptions = { kind: "options"; options: Options } | { kind: "help" } | { kind: "problem"; message: string };

export const help = `The whole lab on Minikube: storage API and Prometheus, built here and started there. Safe to run again.

  npm run minikube                        start or reuse the profile "plimsoll", build, load, apply, wait
  npm run minikube -- down                delete the profile and all in it
  npm run minikube -- --context kind-dev --image-load 'kind load docker-image --name dev'
                                          the same on a cluster that runs already; down then removes only what was applied

  --profile NAME         Minikube profile (plimsoll)
  --cpus N               of a profile that is made now (2)
  --memory SIZE          of a profile that is made now (4g)
  --context NAME         any context of kubectl; no Minikube is needed, started or deleted
  --image-load COMMAND   how an image gets from this machine's Docker into the cluster; the image's name is added at the end
  --overlay NAME         folder below deploy/kubernetes/overlays (minikube); grafana is the same with Grafana
  --limit SECONDS        how long to wait for the pods (180)
  --help                 this text
`;

const spec = {
  profile: { type: "string" },
  cpus: { type: "string" },
  memory: { type: "string" },
  context: { type: "string" },
  "image-load": { type: "string" },
  overlay: { type: "string", default: "minikube" },
  limit: { type: "string", default: "180" },
  help: { type: "boolean", default: false },
} as const;

/** Parses the words after `npm run minikube --`. */
export function parseOptions(words: readonly string[]): ParsedOptions {
  const problem = (message: string): ParsedOptions => ({ kind: "problem", message });
  try {
    const { values, positionals } = parseArgs({ args: [...words], options: spec, allowPositionals: true, strict: true });
    if (values.help) return { kind: "help" };
    const [action = "up", ...more] = positionals;
    if (action !== "up" && action !== "down") return problem(`"${action}" is neither up nor down`);
    if (more.length > 0) return problem(`"${more.join(" ")}" is one word too many`);
    const limitSeconds = Number(values.limit);
    if (!(limitSeconds > 0)) return problem(`--limit ${values.limit}: must be a number of seconds above 0`);
    if (!/^[a-z0-9-]+$/.test(values.overlay)) return problem(`--overlay ${values.overlay}: must be the name of a folder, without a path`);
    const cluster = clusterOf(values);
    if (typeof cluster === "string") return problem(cluster);
    return { kind: "options", options: { action, cluster, imageLoad: values["image-load"], overlay: values.overlay, limitSeconds } };
  } catch (error) {
    if (error instanceof TypeError) return problem(error.message);
    throw error;
  }
}

type ClusterValues = { [name in "profile" | "cpus" | "memory" | "context"]?: string | undefined };

function clusterOf({ profile, cpus, memory, context }: ClusterValues): Cluster | string {
  if (context !== undefined) {
    const odd = [profile, cpus, memory].some((value) => value !== undefined);
    if (odd) return "--profile, --cpus and --memory are for a Minikube that is started here; --context is for a cluster that runs already";
    return context === "" || context.startsWith("-") ? "--context: must be the name of a context" : { kind: "context", context };
  }
  const name = profile ?? "plimsoll";
  if (!/^[a-z0-9][a-z0-9-]*$/i.test(name)) return `--profile ${name}: must be letters, digits and dashes`;
  const count = Number(cpus ?? "2");
  if (!Number.isInteger(count) || count < 2) return `--cpus ${cpus}: must be a whole number, 2 or more`;
  if (!/^\d+(m|mb|g|gb)$/i.test(memory ?? "4g")) return `--memory ${memory}: must be a size such as 4g or 4096mb`;
  return { kind: "minikube", profile: name, cpus: count, memory: memory ?? "4g" };
}

/** Names the context that kubectl uses for a cluster; Minikube names it after the profile. */
export function contextOf(cluster: Cluster): string {
  return cluster.kind === "minikube" ? cluster.profile : cluster.context;
}
