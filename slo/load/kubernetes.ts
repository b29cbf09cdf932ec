import { readFileSync } from "node:fs";
import { join } from "node:path";
import { takeLock } from "../run/lock.ts";
import { openProcessGroup, type ProcessGroup } from "../host/process-group.ts";
import { graceSeconds } from "../run/run-k6.ts";
import { archiveScript } from "../run/k6.ts";
import { awaitStart, followFleet, type FleetOptions } from "../run/kubernetes/fleet.ts";
import { reach } from "../run/kubernetes/port-forward.ts";
import { createJob, deleteJob, startJob } from "../run/kubernetes/job.ts";
import { currentContext, placeOf, type Cluster } from "../run/kubernetes/kubectl.ts";
import { jobName, type JobPlan } from "../run/kubernetes/manifests.ts";
import type { PodConfig, PodReport } from "../run/kubernetes/message.ts";
import { dropUnstarted, rememberJudged, writeRecord, type RunRecord } from "../run/record.ts";
import { exitCodes } from "../host/exit-codes.ts";
import { addProgress } from "./progress.ts";
import { checkCluster, competingRun } from "./check-cluster.ts";
import type { Host } from "../host/host.ts";
import { startLiveLine } from "./live-progress.ts";
import { newRecord, notCarriedOut, preflight } from "./local.ts";
import { withPods, writePods } from "./pods-record.ts";
import { planSentences, prepare, type LoadOptions, type Prepared } from "./prepare.ts";
import { reachVerdict, sayK6Errors, settleLimitOf } from "../cli/reach-verdict.ts";
import { credentialVariables, prometheusAt, type BothSides } from "../host/settings.ts";
import type { Stack } from "./local-stack.ts";

/** Where and how large a run in Kubernetes is. */
export interface ClusterOptions {
  pods: number;
  context: string | undefined;
  namespace: string;
  image: string;
  /** Leaves the Job and its pods when the run is over. */
  keep: boolean;
}

/** How long pods wait for each other. */
const barrierSeconds = 90;
/** How long pods may take to be scheduled and to get their image. */
const startSeconds = 200;

/** A run in Kubernetes under way. */
interface Course {
  interrupted: boolean;
  /** Stops the pods, once there are any. */
  removeJob: () => Promise<void>;
}

interface Run {
  options: LoadOptions;
  where: ClusterOptions;
  host: Host;
  prepared: Prepared;
  cluster: Cluster;
  group: ProcessGroup;
  course: Course;
  /** As the pods see them. */
  target: string;
  prometheus: string;
}

/** Runs `load --in kubernetes`: a Job of pods carries the load, and this machine judges; gives the exit code. */
export async function loadInKubernetes(options: LoadOptions, where: ClusterOptions, host: Host): Promise<number> {
  const target = options.target ?? `http://storage-api.${where.namespace}:5000`;
  const prometheus = options.prometheus ?? "http://prometheus.monitoring:9090";
  const prepared = await prepare({ ...options, target, prometheus }, host);
  if (prepared.kind === "refused") {
    host.say(prepared.message);
    return prepared.exitCode;
  }
  planSentences(prepared).forEach(host.say);
  const group = openProcessGroup();
  const course: Course = { interrupted: false, removeJob: async () => undefined };
  host.onInterrupt((times) => {
    course.interrupted = true;
    if (times === 1) host.say("interrupted: stopping the pods and keeping what was measured (once more to stop at once)");
    const removed = course.removeJob();
    if (times > 1) void Promise.all([removed, group.stopAll()]).then(() => process.exit(exitCodes.interrupted));
  });
  // A gate meanwhile would take the pods' logs away.
  const owner = takeLock(prepared.folder, prepared.testid);
  try {
    if (owner.kind === "failed") return notCarriedOut(host, owner.message);
    const context = where.context === undefined ? await currentContext() : ({ kind: "answer", text: where.context } as const);
    if (context.kind === "failed") return notCarriedOut(host, context.message);
    const cluster = { context: context.text, namespace: where.namespace };
    return await carryOut({ options, where, host, prepared, cluster, group, course, target, prometheus });
  } finally {
    host.live(undefined);
    await group.stopAll();
    if (owner.kind === "held") owner.release();
    dropUnstarted(prepared.folder);
  }
}

/** Says why there is no load; a run that was interrupted failed for no other reason. */
function noLoad({ host, course }: Pick<Run, "host" | "course">, message: string): number {
  return course.interrupted ? exitCodes.interrupted : notCarriedOut(host, message);
}

async function carryOut(run: Run): Promise<number> {
  const { host, prepared, cluster, group, course, where } = run;
  const problem = await checkCluster(cluster, Object.keys(credentialVariables(host.settings.credentials)).length > 0);
  if (problem !== undefined) return noLoad(run, problem);
  const script = await packScript(run);
  if (script.kind === "problem") return noLoad(run, script.message);
  const forward = await reach(cluster, run.prometheus, group, join(prepared.folder, "port-forward.log"));
  if (forward.kind === "failed") return noLoad(run, forward.message);
  const stack: Stack = { kind: "up", target: run.target, prometheus: forward.url, embedded: false, children: [] };
  const both = prometheusAt(forward.url, host.settings.credentials);
  const checked = await preflight({ ...run.options, target: undefined }, host, prepared, stack, both);
  if (checked.kind === "problem") return noLoad(run, checked.message);
  if (course.interrupted) return exitCodes.interrupted;
  const plan = planOf(run);
  const record: RunRecord = {
    ...newRecord(run.options, host, prepared, { ...stack, prometheus: run.prometheus }, checked),
    cluster: { context: cluster.context, namespace: cluster.namespace, job: plan.name, pods: plan.pods },
  };
  writeRecord(prepared.folder, record);
  let ended: number | PodReport[] = exitCodes.notCarriedOut;
  try {
    ended = await withJob(run, plan, podConfigOf(run, script.name), script.bytes, record);
    return typeof ended === "number" ? ended : await judge(run, record, ended, both);
  } finally {
    if (where.keep && typeof ended !== "number" && !course.interrupted)
      host.say(`kept: kubectl ${placeOf(cluster).join(" ")} get job ${plan.name}`);
    else await course.removeJob();
  }
}

async function removeJob({ cluster, host }: Run, name: string): Promise<void> {
  const removed = await deleteJob(cluster, name);
  if (removed.kind === "failed")
    host.say(`the Job is left: ${removed.message}; remove it: kubectl ${placeOf(cluster).join(" ")} delete job ${name}`);
}

/** Makes the one file that the pods run: the bundle, or an archive with all that a user script opens. */
async function packScript({
  prepared,
  host,
}: Run): Promise<{ kind: "packed"; name: PodConfig["script"]; bytes: Buffer } | { kind: "problem"; message: string }> {
  if (!prepared.isUserScript) return { kind: "packed", name: "bundle.js", bytes: readFileSync(prepared.script) };
  const outfile = join(prepared.folder, "archive.tar");
  // What a script reads of its environment is kept in the archive, so the caller's own stays out of it.
  const environment = { PATH: host.environment["PATH"] ?? "", HOME: host.folder, ...prepared.scenarioEnvironment };
  const archived = await archiveScript({ binary: prepared.k6, script: prepared.script, outfile, environment });
  return archived.kind === "problem" ? archived : { kind: "packed", name: "archive.tar", bytes: readFileSync(outfile) };
}

function planOf({ prepared, where, options, host }: Run): JobPlan {
  const { credentials } = host.settings;
  return {
    ...{ name: jobName(prepared.testid), testid: prepared.testid, namespace: where.namespace, image: where.image, pods: where.pods },
    deadlineSeconds: startSeconds + secondsOf(prepared, options),
    secrets: credentialVariables(credentials),
    caCertificate: credentials.caFile === undefined ? undefined : readFileSync(credentials.caFile, "utf8"),
  };
}

/** How long pods that have started may take at most. */
function secondsOf({ plan }: Prepared, { settleLimitSeconds }: LoadOptions): number {
  return barrierSeconds + plan.totalSeconds + graceSeconds + settleLimitSeconds + 30;
}

function podConfigOf({ prepared, where, options, target, prometheus }: Run, script: PodConfig["script"]): PodConfig {
  return {
    ...{
      version: 1,
      testid: prepared.testid,
      pods: where.pods,
      script,
      isUserScript: prepared.isUserScript,
      inspected: prepared.inspected,
    },
    ...{ environment: prepared.scenarioEnvironment, target, prometheus, barrierSeconds, settleLimitSeconds: options.settleLimitSeconds },
  };
}

/** Creates the Job, follows it to its end, and keeps what its pods said. */
async function withJob(run: Run, plan: JobPlan, config: PodConfig, script: Buffer, record: RunRecord): Promise<number | PodReport[]> {
  const { cluster, host, prepared, group, course, options } = run;
  const creating = createJob(cluster, plan, config, script);
  const remove = (): Promise<void> => removeJob(run, plan.name);
  course.removeJob = () => creating.then(remove, remove);
  const created = await creating;
  if (created.kind === "failed") return noLoad(run, created.message);
  const competing = await competingRun(cluster, plan.name);
  if (competing !== undefined || course.interrupted) return noLoad(run, competing ?? "");
  const started = await startJob(cluster, plan.name);
  if (started.kind === "failed") return noLoad(run, started.message);
  const fleetOptions: FleetOptions = { cluster, job: plan.name, pods: plan.pods, say: host.say };
  const begun = await awaitStart(fleetOptions, () => course.interrupted);
  if (begun.kind !== "started") return noLoad(run, begun.kind === "failed" ? begun.message : "");
  record.phase = "loading";
  writeRecord(prepared.folder, record);
  const follow = { states: begun.states, logFile: join(prepared.folder, "pods.log"), limitSeconds: secondsOf(prepared, options) };
  const fleet = followFleet({ ...fleetOptions, ...follow }, group);
  const live = startLiveLine(prepared, host, () => addProgress(fleet.progressOfPods()));
  const over = await fleet.over;
  live.stop();
  fleet.close();
  const reports = fleet.reports();
  if (over === "refused" && !reports.some(({ begunSeconds, end }) => end ?? begunSeconds)) return refusedBy(run, reports, record);
  if (over === "overdue") host.say("not every pod said how it ended: the cluster does not answer, or they hang");
  record.interrupted = course.interrupted;
  record.phase = "loaded";
  writePods(prepared.folder, reports);
  writeRecord(prepared.folder, record);
  return reports;
}

/** Ends a run of which no pod began: there is nothing in it to judge. */
function refusedBy(run: Run, reports: readonly PodReport[], record: RunRecord): number {
  record.phase = "prepared";
  writeRecord(run.prepared.folder, record);
  return noLoad(run, refusals(reports));
}

function refusals(reports: readonly PodReport[]): string {
  const reasons = new Map<string, number[]>();
  for (const { index, refused } of reports) if (refused !== null) reasons.set(refused, [...(reasons.get(refused) ?? []), index + 1]);
  return [...reasons].map(([reason, pods]) => `${pods.length === 1 ? "pod" : "pods"} ${pods.join(", ")}: ${reason}`).join("\n");
}

async function judge(
  { options, host, prepared }: Run,
  base: RunRecord,
  reports: readonly PodReport[],
  prometheus: BothSides,
): Promise<number> {
  const { record, pods, shiftSeconds } = withPods(base, reports);
  sayK6Errors(record, host);
  const reached = await reachVerdict(
    {
      ...{ record, spec: prepared.spec, folder: prepared.folder, sent: pods.sent, sentIsWhole: pods.sentIsWhole, relayCaveats: [] },
      ...{
        prometheus,
        settleLimitSeconds: settleLimitOf(record, options.settleLimitSeconds),
        json: options.json,
        now: () => host.now() + shiftSeconds,
      },
      remember: (judged) => rememberJudged(prepared.folder, base, judged),
    },
    host,
  );
  if (reached.kind === "exit") return reached.exitCode;
  host.say(`inconclusive: ${reached.reason}`);
  host.say(`what the pods sent is kept in ${prepared.folder}; to go on from there: npm run slo -- gate --run ${prepared.testid}`);
  return base.interrupted ? exitCodes.interrupted : exitCodes.inconclusive;
}
