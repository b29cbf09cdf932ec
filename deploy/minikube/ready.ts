import { succeeded } from "./shell.ts";
import { endingOfWait, type Failure, type Lab } from "./step.ts";

/** Is what a workload has come to: how many pods it wants, and how many serve and are of its newest version. */
export interface Workload {
  namespace: string;
  name: string;
  wanted: number;
  ready: number;
}

/** Is a pod that cannot go on by itself, in Kubernetes' own words. */
export interface Trouble {
  namespace: string;
  pod: string;
  reason: string;
  message: string;
}

interface WorkloadObject {
  kind: string;
  metadata: { namespace: string; name: string; generation?: number };
  spec: { replicas?: number };
  status: { observedGeneration?: number; replicas?: number; updatedReplicas?: number; readyReplicas?: number; availableReplicas?: number };
}

/** Reads deployments and stateful sets out of a list that kubectl printed as JSON. */
export function readWorkloads(json: string): Workload[] {
  const { items } = JSON.parse(json) as { items: WorkloadObject[] };
  return items.map(({ kind, metadata: { namespace, name, generation = 0 }, spec: { replicas = 1 }, status }) => {
    const seen = (status.observedGeneration ?? 0) >= generation;
    const serving = (kind === "Deployment" ? status.availableReplicas : status.readyReplicas) ?? 0;
    // Pods of the former version are still among those that serve until all are replaced.
    const old = (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
    return {
      namespace,
      name,
      wanted: replicas,
      ready: seen ? Math.min(replicas, status.updatedReplicas ?? 0, Math.max(0, serving - old)) : 0,
    };
  });
}

interface PodObject {
  metadata: { namespace: string; name: string };
  status: {
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    containerStatuses?: { state?: { waiting?: { reason?: string; message?: string } } }[];
  };
}

const stuck =
  /^(ErrImagePull|ImagePullBackOff|ErrImageNeverPull|InvalidImageName|CreateContainerConfigError|CreateContainerError|RunContainerError|CrashLoopBackOff)$/;

/** Finds the pods that cannot be scheduled or whose container cannot start. */
export function readTroubles(json: string): Trouble[] {
  const { items } = JSON.parse(json) as { items: PodObject[] };
  return items.flatMap(({ metadata: { namespace, name: pod }, status }) => {
    const unscheduled = (status.conditions ?? []).filter(
      ({ type, status, reason }) => type === "PodScheduled" && status === "False" && reason === "Unschedulable",
    );
    const waiting = (status.containerStatuses ?? []).flatMap(({ state }) =>
      stuck.test(state?.waiting?.reason ?? "") ? [state?.waiting ?? {}] : [],
    );
    return [...unscheduled, ...waiting].map(({ reason = "", message = "" }) => ({ namespace, pod, reason, message }));
  });
}

/** How long a trouble must last before it is believed: a volume is bound and an image found again within seconds. */
const patienceSeconds = 25;
const label = "app.kubernetes.io/part-of=plimsoll";

/** Reads what there is of us in the cluster; undefined when the cluster does not answer. */
export async function readState(lab: Lab, context: string): Promise<{ workloads: Workload[]; troubles: Trouble[] } | undefined> {
  const get = (kinds: string) =>
    lab.run({ command: "kubectl", args: ["--context", context, "get", kinds, "-A", "-l", label, "-o", "json"], limitSeconds: 20 });
  const [workloads, pods] = [await get("deployments,statefulsets"), await get("pods")];
  if (!succeeded(workloads) || !succeeded(pods)) return undefined;
  return { workloads: readWorkloads(workloads.stdout), troubles: readTroubles(pods.stdout) };
}

/** Waits until every pod serves, says each change, and gives up when the time is over or a pod cannot go on. */
export async function waitUntilReady(
  lab: Lab,
  context: string,
  limitSeconds: number,
): Promise<{ kind: "ready"; seconds: number } | Failure> {
  const began = lab.now();
  const since = new Map<string, number>();
  let said = "";
  let last: Trouble[] = [];
  while (lab.now() - began < limitSeconds) {
    const state = await readState(lab, context);
    const seconds = lab.now() - began;
    if (state !== undefined) {
      const words = state.workloads.map(({ name, ready, wanted }) => `${name} ${ready}/${wanted}`).join(", ");
      if (words !== said) lab.say(`waiting: ${words} (${seconds.toFixed(0)} s)`);
      said = words;
      if (state.workloads.length > 0 && state.workloads.every(({ ready, wanted }) => ready === wanted)) return { kind: "ready", seconds };
      last = state.troubles;
      // By pod alone: a missing image is ErrImagePull and ImagePullBackOff by turns.
      const keys = last.map(({ pod }) => pod);
      for (const key of since.keys()) if (!keys.includes(key)) since.delete(key);
      for (const key of keys) since.set(key, since.get(key) ?? lab.now());
      if ([...since.values()].some((at) => lab.now() - at >= patienceSeconds)) break;
    }
    await lab.pause(1);
  }
  return endingOfWait(context, said, lab.now() - began, last, await logsOf(lab, context, last));
}

/** Gets the last lines of the containers that ended again and again. */
async function logsOf(lab: Lab, context: string, troubles: readonly Trouble[]): Promise<string[]> {
  const crashed = troubles.find(({ reason }) => reason === "CrashLoopBackOff");
  if (crashed === undefined) return [];
  const args = ["--context", context, "--namespace", crashed.namespace, "logs", "--previous", "--tail=5", crashed.pod];
  const { tail } = await lab.run({ command: "kubectl", args, limitSeconds: 20 });
  return tail.map((line) => `${crashed.pod}: ${line}`);
}
