import { setTimeout as sleep } from "node:timers/promises";
import { lackingRights, missingNamespace, ourJobs, type KnownJob } from "../run/kubernetes/job.ts";
import { placeOf, type Cluster } from "../run/kubernetes/kubectl.ts";

/** Says what stands in the way of a load from pods, before anything is created; `withSecret` if credentials go with it. */
export async function checkCluster(cluster: Cluster, withSecret: boolean): Promise<string | undefined> {
  const { context, namespace } = cluster;
  const rights = await lackingRights(cluster, withSecret);
  if (rights.kind === "failed") return `the cluster ${context} does not answer: ${rights.message}`;
  if (rights.lacking.length > 0)
    return `you may not do this in the namespace ${namespace} of ${context}: ${rights.lacking.join(", ")}; ask for a Role with these verbs`;
  return (await missingNamespace(cluster)) ?? (await busyWith(cluster));
}

/** Kubernetes tells when a Job was created in whole seconds: after one more, all that may come before it are known. */
const competingKnownMillis = 1100;

/** Says which other run comes first, of those that were created at about the same time as the Job `name`; each that asks is told the same. */
export async function competingRun(cluster: Cluster, name: string): Promise<string | undefined> {
  await sleep(competingKnownMillis);
  return busyWith(cluster, name);
}

async function busyWith(cluster: Cluster, own?: string): Promise<string | undefined> {
  const known = await ourJobs(cluster);
  if (known.kind === "failed") return known.message;
  const first = known.jobs.find(({ active }) => active);
  return first && first.name !== own ? busySentence(first, cluster) : undefined;
}

/** Says that another run has the namespace, and what to do. */
export function busySentence({ testid, name, isSuspended }: Pick<KnownJob, "testid" | "name" | "isSuspended">, cluster: Cluster): string {
  const remedy = `kubectl ${placeOf(cluster).join(" ")} delete job ${name}`;
  return isSuspended
    ? `the run ${testid} is about to load from ${cluster.namespace}, or was left behind before it began; wait for it, or remove it: ${remedy}`
    : `the run ${testid} is loading from ${cluster.namespace} now; wait for it, or stop it: ${remedy}`;
}
