import { setTimeout as sleep } from "node:timers/promises";
import type { Child, ProcessGroup } from "../../host/process-group.ts";
import { freePort } from "../local-services.ts";
import { waitFor } from "../../host/wait.ts";
import { failure, kubectl, placeOf, type Cluster } from "./kubectl.ts";

/** Names the service that a URL in the cluster means; undefined for what is no service there. */
export function serviceIn(url: string, namespace: string): { name: string; namespace: string; port: number } | undefined {
  const { hostname, port, protocol } = new URL(url);
  const [, name, where = namespace] = /^([a-z][a-z0-9-]*)(?:\.([a-z][a-z0-9-]*)(?:\.svc(?:\.cluster\.local)?)?)?$/.exec(hostname) ?? [];
  if (name === undefined || name === "localhost" || protocol !== "http:") return undefined;
  return { name, namespace: where, port: Number(port || 80) };
}

/** Makes a pods' URL one that this machine can ask: `asked`, where one was given for it, as it is, or by a port-forward to its service that stays until the group stops, also when the pod behind it is replaced. */
export async function reach(cluster: Cluster, url: string, group: ProcessGroup, logFile: string, asked?: string) {
  if (asked !== undefined) return { kind: "open" as const, url: asked };
  const service = serviceIn(url, cluster.namespace);
  if (service === undefined) return { kind: "open" as const, url };
  const { name, namespace, port } = service;
  const place = placeOf({ context: cluster.context, namespace });
  const found = await kubectl([...place, "get", "service", name, "-o", "name", "--ignore-not-found"]);
  // A name of this network may look like a service's.
  if ((found.kind === "failed" || found.text.trim() === "") && (await answers(url))) return { kind: "open" as const, url };
  if (found.kind === "failed") return failure(`the service ${name} in ${namespace}: ${found.message}`);
  const remedy = "npm run minikube brings one up; --prometheus names another";
  if (found.text.trim() === "")
    return failure(`there is no service ${name} in the namespace ${namespace} of ${cluster.context} (${remedy})`);
  const local = await freePort();
  const args = [...place, "port-forward", "--address", "127.0.0.1", `service/${name}`, `${local}:${port}`];
  const trouble = await keepForwarding(args, `http://127.0.0.1:${local}`, group, logFile);
  if (trouble !== undefined) return failure(`service/${name} cannot be forwarded to: ${trouble}`);
  return { kind: "open" as const, url: `http://127.0.0.1:${local}` };
}

/** Tells whether something answers at a URL, whatever it says. */
export const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/-/ready`, { redirect: "manual", signal: AbortSignal.timeout(3000) }).then(
    async ({ body }) => (await body?.cancel(), true),
    () => false,
  );

/**
 * Forwards, again and again until the group is closed; gives kubectl's last word where it could not even begin. A kubectl that stays while
 * nothing comes through it any more, as after its pod was replaced, is ended after two requests without an answer.
 */
async function keepForwarding(args: string[], url: string, group: ProcessGroup, logFile: string): Promise<string | undefined> {
  let ready = false;
  const onLine = (line: string): boolean => (ready ||= line.startsWith("Forwarding from"));
  const start = (): Child => group.start({ name: "kubectl port-forward", command: "kubectl", args, logFile, onLine });
  let child = start();
  await waitFor(async () => (ready || child.exit() ? true : undefined), 20, 25);
  if (!ready) {
    await child.stop("SIGTERM", 2);
    return child.tail().at(-1) ?? "kubectl said nothing within 20 s";
  }
  const again = async (): Promise<void> => {
    for (;;) {
      await child.exited;
      await sleep(300);
      if (group.isClosed()) return;
      child = start();
    }
  };
  const watch = async (): Promise<void> => {
    for (let failed = 0; !group.isClosed(); await sleep(2000, undefined, { ref: false })) {
      failed = (await answers(url)) ? 0 : failed + 1;
      if (failed % 2 === 0 && failed > 0) child.signal("SIGKILL");
    }
  };
  void again();
  void watch();
  return undefined;
}
