import { setTimeout as sleep } from "node:timers/promises";
import type { Child, ProcessGroup } from "../../host/process-group.ts";
import { freePort } from "../ports.ts";
import { waitFor } from "../../host/wait.ts";
import { kubectl, type Cluster } from "./kubectl.ts";

/** A service in the cluster that this machine can ask, until the group stops what it started. */
export interface Forward {
  kind: "open";
  /** On 127.0.0.1; the same for as long as it is open, also when the pod behind it is replaced. */
  url: string;
}

/** Names the service that a URL in the cluster means; undefined for what is no service there. */
export function serviceIn(url: string, namespace: string): { name: string; namespace: string; port: number } | undefined {
  const { hostname, port, protocol } = new URL(url);
  const [, name, where = namespace] = /^([a-z][a-z0-9-]*)(?:\.([a-z][a-z0-9-]*)(?:\.svc(?:\.cluster\.local)?)?)?$/.exec(hostname) ?? [];
  if (name === undefined || name === "localhost" || protocol !== "http:") return undefined;
  return { name, namespace: where, port: Number(port || 80) };
}

/** Makes a URL as pods see it one that this machine can ask: through a port-forward when it names a service, as it is when it does not. */
export async function reach(
  cluster: Cluster,
  url: string,
  group: ProcessGroup,
  logFile: string,
): Promise<Forward | { kind: "failed"; message: string }> {
  const service = serviceIn(url, cluster.namespace);
  const direct: Forward = { kind: "open", url };
  if (service === undefined) return direct;
  const place = ["--context", cluster.context, "--namespace", service.namespace];
  const found = await kubectl([...place, "get", "service", service.name, "-o", "name", "--ignore-not-found"]);
  if (found.kind === "failed") return { kind: "failed", message: `the service ${service.name} in ${service.namespace}: ${found.message}` };
  if (found.text.trim() === "") {
    const hint = "npm run minikube brings one up; --prometheus names another";
    return {
      kind: "failed",
      message: `there is no service ${service.name} in the namespace ${service.namespace} of ${cluster.context} (${hint})`,
    };
  }
  return keepForwarding({ place, name: service.name, remote: service.port }, group, logFile);
}

async function keepForwarding(
  { place, name, remote }: { place: string[]; name: string; remote: number },
  group: ProcessGroup,
  logFile: string,
): Promise<Forward | { kind: "failed"; message: string }> {
  const local = await freePort();
  let ready = false;
  const start = (): Child =>
    group.start({
      ...{ name: "kubectl port-forward", command: "kubectl", environment: process.env, folder: ".", logFile },
      args: [...place, "port-forward", "--address", "127.0.0.1", `service/${name}`, `${local}:${remote}`],
      onLine: (line) => (ready ||= line.startsWith("Forwarding from")),
    });
  let child = start();
  const first = await waitFor(async () => (ready || child.exit() ? true : undefined), 20, 25);
  if (!first || !ready) {
    await child.stop("SIGTERM", 2);
    return {
      kind: "failed",
      message: `service/${name} cannot be forwarded to: ${child.tail().at(-1) ?? "kubectl said nothing within 20 s"}`,
    };
  }
  const again = async (): Promise<void> => {
    for (;;) {
      await child.exited;
      await sleep(300);
      if (group.isClosed()) return;
      child = start();
    }
  };
  void again();
  return { kind: "open", url: `http://127.0.0.1:${local}` };
}
