import type { Options } from "./options.ts";
import { succeeded } from "./shell.ts";
import type { Failure, Lab } from "./step.ts";

interface Tool {
  name: string;
  args: string[];
  missing: string;
  broken: string;
}

const kubectl: Tool = {
  name: "kubectl",
  args: ["version", "--client"],
  missing: "install kubectl (https://kubernetes.io/docs/tasks/tools/)",
  broken: "kubectl is there but does not answer; run `kubectl version --client` to see why",
};
const docker: Tool = {
  name: "docker",
  args: ["version", "--format", "{{.Server.Version}}"],
  missing: "install Docker (https://docs.docker.com/engine/install/)",
  broken: "start Docker, and see that you may use it: `docker version` must show a server",
};
const minikube: Tool = {
  name: "minikube",
  args: ["version", "--short"],
  missing: "install Minikube (https://minikube.sigs.k8s.io/docs/start/), or name a cluster that runs already with --context",
  broken: "minikube is there but does not answer; run `minikube version` to see why",
};

/** Lists the tools that these options need. */
export function neededTools({ action, cluster, imageLoad }: Options): Tool[] {
  const builds = action === "up" && (cluster.kind === "minikube" || imageLoad !== undefined);
  return [
    ...(cluster.kind === "minikube" ? [minikube] : []),
    ...(builds ? [docker] : []),
    ...(action === "up" || cluster.kind === "context" ? [kubectl] : []),
  ];
}

/** Asks every tool that is needed whether it answers; all that is missing is named at once. */
export async function checkTools(lab: Lab, options: Options): Promise<{ kind: "fine" } | Failure> {
  const failures: { name: string; words: string[]; remedy: string }[] = [];
  for (const { name, args, missing, broken } of neededTools(options)) {
    const result = await lab.run({ command: name, args, limitSeconds: 30 });
    if (succeeded(result)) continue;
    const gone = result.kind === "missing";
    failures.push({ name, words: result.tail.map((line) => `${name}: ${line}`), remedy: gone ? missing : broken });
  }
  if (failures.length === 0) return { kind: "fine" };
  return {
    kind: "failed",
    what: `what is needed does not answer: ${failures.map(({ name }) => name).join(", ")}`,
    words: failures.flatMap(({ words }) => words),
    remedy: failures.map(({ remedy }) => remedy).join("; "),
  };
}
