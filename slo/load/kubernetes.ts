import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { PrometheusApi } from "../collect/prometheus.ts";
import { exitCodes } from "../host/exit-codes.ts";
import type { Host } from "../host/host.ts";
import { credentialVariables } from "../host/settings.ts";
import { archiveScript } from "../run/k6.ts";
import { awaitStart, followFleet, type FleetOptions } from "../run/kubernetes/fleet.ts";
import { accountOf, checkCluster, createJob, deleteJob, startJob } from "../run/kubernetes/job.ts";
import { contextOf, placeOf, type Cluster } from "../run/kubernetes/kubectl.ts";
import { caKey, jobName, type JobPlan } from "../run/kubernetes/manifests.ts";
import type { PodConfig, PodReport } from "../run/kubernetes/message.ts";
import { policySentence } from "../run/kubernetes/policies.ts";
import { reach } from "../run/kubernetes/port-forward.ts";
import { targetPods } from "../run/kubernetes/target-pods.ts";
import { takeLock } from "../run/lock.ts";
import { rememberJudged, writeRecord, type RunRecord } from "../run/record.ts";
import { sentOf } from "../run/relay/sent-totals.ts";
import { graceSeconds } from "../run/run-k6.ts";
import { failed, noRun, type LoadRun, type NoRun } from "./load-run.ts";
import { newRecord, sayK6Errors, settleLimitOf } from "./new-record.ts";
import { podNumbers, withPods, writePods } from "./merge-pods.ts";
import { preflight } from "./preflight.ts";
import type { LoadOptions, Prepared } from "./prepare.ts";
import { progressAt, startLiveLine, type LiveProgress } from "./progress.ts";
import { prometheusAt, type PrometheusEnds } from "./prometheus.ts";
import type { Session } from "./session.ts";

export interface ClusterOptions extends Pick<JobPlan, "pods" | "namespace" | "image"> {
  context: string | undefined;
  podTemplate: string | undefined;
  keep: boolean;
}

const barrierSeconds = 90;
/** How long pods may take to be scheduled and to get their image. */
const startSeconds = 200;

/** Fills in the addresses, as pods see them, that were not given: those of `npm run minikube`. */
export function addressesInCluster(options: LoadOptions, { namespace }: ClusterOptions) {
  return {
    ...options,
    target: options.target ?? `http://storage-api.${namespace}:5000`,
    prometheus: options.prometheus ?? "http://prometheus.monitoring:9090",
  };
}

interface Run {
  options: ReturnType<typeof addressesInCluster>;
  where: ClusterOptions;
  host: Host;
  prepared: Prepared;
  cluster: Cluster;
  session: Session;
}

/** Loads from a Job of pods in the current cluster; this machine watches, and will judge. */
export async function runInKubernetes(prepared: Prepared, where: ClusterOptions, host: Host, session: Session): Promise<LoadRun | NoRun> {
  // A gate meanwhile would take the pods' logs away.
  const lock = takeLock(prepared.folder, prepared.testid);
  if (lock.kind === "failed") return failed(lock.message);
  if (lock.kind === "held") session.held.defer(() => lock.release());
  const context = await contextOf(where.context);
  if (context.kind === "failed") return failed(context.message);
  const cluster = { context: context.text, namespace: where.namespace };
  const options = addressesInCluster(prepared.options, where);
  const run: Run = { options, where, host, prepared, cluster, session };
  const ended = await carryOut(run);
  // A run that was interrupted failed for no other reason.
  return ended.kind === "none" && session.signal.aborted ? noRun(exitCodes.interrupted, "") : ended;
}

async function carryOut(run: Run): Promise<LoadRun | NoRun> {
  const { host, prepared, cluster, session, options } = run;
  const { credentials } = host.settings;
  const authority = credentials.caFile === undefined ? {} : { [caKey]: readFileSync(credentials.caFile, "utf8") };
  const secrets = { ...credentialVariables(credentials), ...authority };
  const [problem, account, script, forward] = await Promise.all([
    checkCluster(cluster, { ...options, withSecret: Object.keys(secrets).length > 0 }),
    accountOf(cluster),
    packScript(run),
    reach(cluster, options.prometheus, session.group, join(prepared.folder, "port-forward.log")),
  ]);
  if (problem !== undefined) return failed(problem);
  if (script.kind === "none") return script;
  if (forward.kind === "failed") return failed(forward.message);
  const ends = prometheusAt(forward.url, credentials);
  const pods = targetPods(cluster, options.target);
  const place = { target: options.target, prometheus: options.prometheus, embedded: false, pods };
  const plan = planOf(run, account, secrets);
  return withJob(run, plan, createJob(cluster, plan, podConfigOf(run, script.name), script.bytes), async (creating) => {
    const checking = preflight({ ...prepared, options: { ...options, target: undefined } }, host, place, ends, session.signal); // only the pods reach the target
    const [checked, created] = await Promise.all([checking, creating]);
    if (checked.kind === "none") return checked;
    if (created.kind === "failed") return failed(created.message);
    if (session.signal.aborted) return failed("");
    const record: RunRecord = {
      ...newRecord(prepared, host, place, checked.value),
      cluster: { context: cluster.context, namespace: cluster.namespace, job: plan.name, pods: plan.pods },
    };
    writeRecord(prepared.folder, record);
    const reports = await followJob(run, plan, record, ends.api);
    return Array.isArray(reports) ? loadRunOf(run, record, reports, ends) : reports;
  });
}

function loadRunOf({ host, prepared, options }: Run, base: RunRecord, reports: PodReport[], prometheus: PrometheusEnds): LoadRun {
  const ofPods = withPods(base, reports, host);
  sayK6Errors(ofPods.record, host);
  return {
    ...ofPods,
    prometheus,
    folder: prepared.folder,
    settleLimitSeconds: settleLimitOf(base, options.settleLimitSeconds),
    finished: false,
    judged: async (what) => rememberJudged(prepared.folder, base, what),
  };
}

/** Makes the one file that the pods run: the bundle, or an archive with all that a user script opens. */
async function packScript({ prepared, host }: Run): Promise<{ kind: "packed"; name: PodConfig["script"]; bytes: Buffer } | NoRun> {
  if (!prepared.isUserScript) return { kind: "packed", name: "bundle.js", bytes: readFileSync(prepared.script) };
  const outfile = join(prepared.folder, "archive.tar");
  // What a script reads of its environment is kept in the archive, so the caller's own stays out of it.
  const environment = { PATH: host.environment["PATH"] ?? "", HOME: host.folder, ...prepared.scenarioEnvironment };
  const archived = await archiveScript({ binary: prepared.k6, script: prepared.script, environment }, outfile);
  return archived.kind === "problem" ? failed(archived.message) : { kind: "packed", name: "archive.tar", bytes: readFileSync(outfile) };
}

function planOf({ prepared, where, options, host }: Run, account: string | undefined, secrets: JobPlan["secrets"]): JobPlan {
  return {
    ...where,
    name: jobName(prepared.testid),
    testid: prepared.testid,
    target: options.target,
    account,
    podTemplate: where.podTemplate && resolve(host.folder, where.podTemplate),
    deadlineSeconds: startSeconds + secondsOf(prepared, options),
    secrets,
  };
}

/** How long pods that have started may take at most. */
function secondsOf({ plan }: Prepared, { settleLimitSeconds }: LoadOptions): number {
  return barrierSeconds + plan.totalSeconds + graceSeconds + settleLimitSeconds + 30;
}

export function podConfigOf(
  { prepared, where, options }: Pick<Run, "prepared" | "where" | "options">,
  script: PodConfig["script"],
): PodConfig {
  return {
    version: 2,
    testid: prepared.testid,
    pods: where.pods,
    script,
    isUserScript: prepared.isUserScript,
    inspected: prepared.inspected,
    environment: prepared.scenarioEnvironment,
    target: options.target,
    prometheus: options.prometheus,
    barrierSeconds,
    settleLimitSeconds: options.settleLimitSeconds,
  };
}

/** Carries out a load by a Job that is being created; the Job goes when its pods have said all, or with the user's wish to stop. */
async function withJob<T>(run: Run, plan: JobPlan, creating: Promise<T>, load: (creating: Promise<T>) => Promise<LoadRun | NoRun>) {
  const { cluster, host, session, where } = run;
  let removing: Promise<void> | undefined;
  const remove = (): Promise<void> => (removing ??= creating.then(() => removeJob(run, plan.name)));
  let isKept = false;
  session.signal.addEventListener("abort", () => void remove());
  session.held.defer(async () => {
    if (!isKept || session.signal.aborted) return remove();
    host.say(`kept: kubectl ${placeOf(cluster).join(" ")} get job ${plan.name}`);
  });
  const ended = await load(creating);
  isKept = where.keep && ended.kind === "run";
  if (!isKept) void remove(); // what its pods said is kept here
  return ended;
}

async function removeJob({ cluster, host }: Run, name: string): Promise<void> {
  const removed = await deleteJob(cluster, name);
  if (removed.kind === "failed")
    host.say(`the Job is left: ${removed.message}; remove it: kubectl ${placeOf(cluster).join(" ")} delete job ${name}`);
}

async function followJob(run: Run, plan: JobPlan, record: RunRecord, api: PrometheusApi): Promise<NoRun | PodReport[]> {
  const { cluster, host, prepared, session, options } = run;
  const started = await startJob(cluster, plan.name);
  if (started.kind === "failed") return failed(started.message);
  const fleetOptions: FleetOptions = { cluster, job: plan.name, pods: plan.pods, say: host.say };
  const begun = await awaitStart(fleetOptions, () => session.signal.aborted);
  if (begun.kind !== "started") return failed(begun.kind === "failed" ? begun.message : "");
  record.phase = "loading";
  writeRecord(prepared.folder, record);
  const limitSeconds = secondsOf(prepared, options);
  const fleet = followFleet(
    { ...fleetOptions, states: begun.states, logFile: join(prepared.folder, "pods.log"), limitSeconds },
    session.group,
  );
  const live = startLiveLine(prepared, host, api, () => progressOf(fleet.reports()));
  const over = await fleet.over;
  live.stop();
  fleet.close();
  const reports = fleet.reports();
  const noneBegan = over === "refused" && !reports.some(({ begunSeconds, end }) => end ?? begunSeconds);
  if (over === "overdue") host.say("not every pod said how it ended: the cluster does not answer, or they hang");
  record.interrupted = session.signal.aborted;
  record.phase = noneBegan ? "prepared" : "loaded";
  if (!noneBegan) writePods(prepared.folder, reports);
  writeRecord(prepared.folder, record);
  if (!noneBegan) return reports;
  const isOutOfReach = reports.some(({ refused }) => refused?.startsWith("the target "));
  return failed(refusals(reports) + (isOutOfReach ? await policySentence(cluster, plan.target) : ""));
}

function progressOf(reports: readonly PodReport[]): LiveProgress | undefined {
  const begun = reports.flatMap(({ begunSeconds }) => begunSeconds ?? []);
  return begun.length > 0 ? progressAt(sentOf(reports.map(({ sent }) => sent ?? {})), Math.min(...begun)) : undefined;
}

function refusals(reports: readonly PodReport[]): string {
  const reasons = new Map<string, number[]>();
  for (const { index, refused } of reports) if (refused !== null) reasons.set(refused, [...(reasons.get(refused) ?? []), index]);
  return [...reasons].map(([reason, pods]) => `${pods.length === 1 ? "pod" : "pods"} ${podNumbers(pods)}: ${reason}`).join("\n");
}
