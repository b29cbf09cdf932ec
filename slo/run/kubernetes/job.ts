import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type Answered, type Cluster, type Failed, failure, kubectl, placeOf } from "./kubectl.ts";
import { configMaps, jobOf, type JobPlan, type Manifest, ownLabels, secretOf, targetAnnotation, testidLabel } from "./manifests.ts";
import type { PodConfig } from "./message.ts";
import { withPodTemplate } from "./pod-template.ts";
import { answers, serviceIn } from "./port-forward.ts";
import rights from "./rights.json" with { type: "json" };

export type Rights = Readonly<Record<string, readonly string[]>>;

/**
 * What a load does in its namespace (kubectl gets an object before it patches it, and a pod before its log), what more there when credentials go with
 * it, what it looks for where it may, which is the account of load pods, the target's Service and the policies, and what a port-forward to Prometheus does in that one's namespace.
 */
export const needs: Record<"load" | "secret" | "account" | "forward", Rights> = rights;

/** Names the verbs that the caller lacks in the namespace, or says that the cluster does not answer; all of them are one question. */
async function lackingRights({ context, namespace }: Cluster, wanted: Rights): Promise<{ kind: "rights"; lacking: string[] } | Failed> {
  const asked = Object.entries(wanted).flatMap(([resource, verbs]) => verbs.map((verb) => [verb, resource] as const));
  const reviews = asked.map(([verb, named]) => {
    const [, resource, group, subresource] = /^([^./]+)\.?([^/]*)\/?(.*)$/.exec(named) ?? [];
    const spec = { resourceAttributes: { namespace, verb, group, resource, subresource } };
    return JSON.stringify({ apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", spec });
  });
  const args = ["--context", context, "create", "--validate=false", "-f", "-", "-o", 'jsonpath={.status.allowed}{"\\n"}'];
  const got = await kubectl(args, { input: reviews.join("\n") });
  if (got.kind === "failed") return got;
  const answers = got.text.split("\n");
  return { kind: "rights", lacking: asked.filter((_, i) => answers[i] !== "true").map((right) => right.join(" ")) };
}

/** Says that the namespace is not there; one that the caller may not look at is taken to be. */
async function missingNamespace({ context, namespace }: Cluster): Promise<string | undefined> {
  const got = await kubectl(["--context", context, "get", "namespace", namespace, "-o", "name"]);
  if (got.kind === "answer" || !/not found/i.test(got.message)) return undefined;
  return `there is no namespace ${namespace} in ${context}: npm run minikube makes plimsoll, --namespace names another`;
}

const jobSchema = z.object({
  metadata: z.object({
    name: z.string(),
    creationTimestamp: z.string(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  spec: z.object({ suspend: z.boolean().optional() }).optional(),
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional() }).optional(),
});
const jobList = z.object({ items: z.array(jobSchema) });

type KnownJob = ReturnType<typeof knownJob>;

function knownJob({ metadata: { name, creationTimestamp, labels, annotations }, spec, status }: z.infer<typeof jobSchema>) {
  const isOver = (status?.conditions ?? []).some((one) => /^(Complete|Failed)$/.test(one.type) && one.status === "True");
  return {
    name,
    testid: labels?.[testidLabel] ?? name,
    /** What it loads; undefined where it does not say. */
    target: annotations?.[targetAnnotation],
    createdAt: creationTimestamp,
    /** It neither completed nor failed. */
    active: !isOver,
    /** Its pods may not start yet. */
    isSuspended: spec?.suspend === true,
  };
}

/** Lists our Jobs in the namespace, those of other callers too, oldest first. */
async function ourJobs(cluster: Cluster): Promise<{ kind: "jobs"; jobs: KnownJob[] } | Failed> {
  const selector = Object.entries(ownLabels).map((label) => label.join("="));
  const got = await kubectl([...placeOf(cluster), "get", "jobs", "-l", selector.join(","), "-o", "json"]);
  if (got.kind === "failed") return got;
  const jobs = jobList.parse(JSON.parse(got.text)).items.map(knownJob);
  return { kind: "jobs", jobs: jobs.toSorted((a, b) => (`${a.createdAt} ${a.name}` < `${b.createdAt} ${b.name}` ? -1 : 1)) };
}

/** The account that deploy/kubernetes ships for load pods: without token and rights. */
const loadAccount = "plimsoll-load";

/** Names the account of load pods; undefined where it is not there, or the caller may not look, and pods have that of the namespace. */
export async function accountOf(cluster: Cluster): Promise<string | undefined> {
  const got = await kubectl([...placeOf(cluster), "get", "serviceaccount", loadAccount, "-o", "name", "--ignore-not-found"]);
  return got.kind === "answer" && got.text.trim() !== "" ? loadAccount : undefined;
}

/** Creates a run's Job, suspended, and what belongs to it, so that all of it goes when the Job goes; fails where another run of the target comes first. */
export async function createJob(cluster: Cluster, plan: JobPlan, config: PodConfig, script: Buffer): Promise<Answered> {
  const maps = configMaps(plan, config, script);
  const secrets = secretOf(plan);
  const names = maps.map(({ metadata }) => metadata.name);
  const job = jobOf(plan, names);
  const shaped = plan.podTemplate === undefined ? { kind: "job" as const, job } : await withPodTemplate(job, plan.podTemplate);
  if (shaped.kind === "failed") return shaped;
  const created = await create(cluster, shaped.job);
  if (created.kind === "failed")
    return plan.podTemplate === undefined ? created : failure(`${created.message} (with the pod template ${plan.podTemplate})`);
  const ownerReferences = [{ apiVersion: "batch/v1", kind: "Job", name: plan.name, uid: created.text }];
  const parts = [...maps, ...secrets].map((part) => create(cluster, { ...part, metadata: { ...part.metadata, ownerReferences } }));
  // Each that asks which other run of the target comes first, of those that were created at about the same time, is told the same.
  const competingRun = sleep(competingKnownMillis).then(() => busyWith(cluster, plan.target, plan.name));
  const [competing, ...made] = await Promise.all([competingRun, ...parts]);
  if (competing !== undefined) return failure(competing);
  return made.find(({ kind }) => kind === "failed") ?? created;
}

function create(cluster: Cluster, manifest: Manifest): Promise<Answered> {
  // Not "apply": it would keep a second copy in an annotation, which may hold a quarter as much.
  return kubectl([...placeOf(cluster), "create", "--validate=strict", "-o", "jsonpath={.metadata.uid}", "-f", "-"], {
    input: JSON.stringify(manifest),
  });
}

export function startJob(cluster: Cluster, name: string): Promise<Answered> {
  return kubectl([...placeOf(cluster), "patch", "job", name, "--type=merge", "-p", '{"spec":{"suspend":false}}']);
}

/** Deletes a Job with its pods, ConfigMaps and Secret; its containers get their time to finish. */
export function deleteJob(cluster: Cluster, name: string): Promise<Answered> {
  return kubectl([...placeOf(cluster), "delete", "job", name, "--cascade=background", "--ignore-not-found", "--wait=false"]);
}

export async function warningsOf(cluster: Cluster, job: string): Promise<string[]> {
  const filter = ["--field-selector", "type=Warning", "--sort-by=.lastTimestamp"];
  const format = 'jsonpath={range .items[*]}{.involvedObject.name}: {.reason}: {.message}{"\\n"}{end}';
  const got = await kubectl([...placeOf(cluster), "get", "events", ...filter, "-o", format]);
  const all = got.kind === "answer" ? got.text.split("\n").filter((line) => line.startsWith(job)) : [];
  return [...new Set(all)].slice(-3);
}

/** Says what stands in the way of a load from pods (`withSecret` if credentials go with it), before anything is created: all rights that are missing, at once. */
export async function checkCluster(
  cluster: Cluster,
  { withSecret, prometheus, target }: { withSecret: boolean; prometheus: string; target: string },
): Promise<string | undefined> {
  const { context, namespace } = cluster;
  const service = serviceIn(prometheus, namespace)?.namespace;
  const ask = async (place: string, rights: Rights) => ({ in: place, got: await lackingRights({ context, namespace: place }, rights) });
  const [own, forward, isReached, missing, busy] = await Promise.all([
    ask(namespace, withSecret ? { ...needs.load, ...needs.secret } : needs.load),
    service === undefined ? undefined : ask(service, needs.forward),
    service === undefined || answers(prometheus),
    missingNamespace(cluster),
    busyWith(cluster, target),
  ]);
  const lacking: string[] = [];
  for (const { in: place, got } of forward === undefined || isReached ? [own] : [own, forward]) {
    if (got.kind === "failed") return `the cluster ${context} does not answer: ${got.message}`;
    if (got.lacking.length > 0) lacking.push(`in the namespace ${place}: ${got.lacking.join(", ")}`);
  }
  if (lacking.length > 0)
    return `you may not do this in ${context}, ${lacking.join("; nor ")} (deploy/kubernetes/access has Roles with these verbs)`;
  return missing ?? busy;
}

/** Kubernetes tells when a Job was created in whole seconds: after one more, all that may come before it are known. */
const competingKnownMillis = 1100;

async function busyWith(cluster: Cluster, target: string, own?: string): Promise<string | undefined> {
  const known = await ourJobs(cluster);
  if (known.kind === "failed") return known.message;
  // One target has one name, whichever way a pod of the namespace may write it.
  const named = (url: string): string => {
    const service = URL.canParse(url) ? serviceIn(url, cluster.namespace) : undefined;
    return service === undefined ? url : `${service.name}.${service.namespace}:${service.port}`;
  };
  const first = known.jobs.find((job) => job.active && named(job.target ?? target) === named(target));
  return first && first.name !== own ? busySentence(first, cluster) : undefined;
}

export function busySentence({ testid, name, isSuspended }: Pick<KnownJob, "testid" | "name" | "isSuspended">, cluster: Cluster): string {
  const remedy = `kubectl ${placeOf(cluster).join(" ")} delete job ${name}`;
  return isSuspended
    ? `the run ${testid} is about to load from ${cluster.namespace}, or was left behind before it began; wait for it, or remove it: ${remedy}`
    : `the run ${testid} is loading from ${cluster.namespace} now; wait for it, or stop it: ${remedy}`;
}
