import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { commandLine } from "../host/command-line.ts";
import type { Host } from "../host/host.ts";
import { keepingFolder } from "../host/own-folder.ts";
import { readFleet } from "../run/kubernetes/fleet.ts";
import { deleteJob } from "../run/kubernetes/job.ts";
import type { PodReport } from "../run/kubernetes/message.ts";
import { reach } from "../run/kubernetes/port-forward.ts";
import { startPrometheus } from "../run/local-services.ts";
import { lockHolder, takeLock } from "../run/lock.ts";
import { readPlan } from "../run/plan.ts";
import { readRecord, rememberJudged, runFolder, testidPattern, writeRecord, type RunRecord } from "../run/record.ts";
import { resumeRelay } from "../run/relay/relay.ts";
import { resolveTool } from "../run/tools/resolve.ts";
import { badUsage, failed, inconclusive, unflushed, type Judged, type LoadRun, type NoRun } from "./load-run.ts";
import { fuller, readPodReports, withPods, writePods } from "./merge-pods.ts";
import { prometheusAt } from "./prometheus.ts";
import type { Session } from "./session.ts";

export interface ResumeOptions {
  run?: string;
  prometheus?: string;
  settleLimitSeconds: number;
}

/** Finds the run with a testid, or the latest, below the user's folder. */
export function findRun(testid: string | undefined, host: Pick<Host, "folder">) {
  const root = keepingFolder(host.folder);
  const name = testid ?? latestRun(root);
  if (name === undefined) return badUsage(`there is no run in .plimsoll/runs; run one with: ${commandLine("load", "")}`);
  if (!testidPattern.test(name)) return badUsage(`${JSON.stringify(name)} is not the id of a run`);
  const folder = runFolder(root, name);
  const read = readRecord(folder);
  return read.kind === "problem" ? badUsage(read.message) : { kind: "kept" as const, folder, record: read.record };
}

type KeptRun = Exclude<ReturnType<typeof findRun>, NoRun>;

function latestRun(root: string): string | undefined {
  const folder = join(root, ".plimsoll", "runs");
  if (!existsSync(folder)) return undefined;
  const runs = readdirSync(folder).flatMap((name) => {
    const read = readRecord(join(folder, name));
    return read.kind === "record" ? [{ name, at: read.record.commandAtSeconds }] : [];
  });
  return runs.toSorted((a, b) => b.at - a.at)[0]?.name;
}

/** Says that a run is not to be disturbed: the process that holds its lock will judge it. */
function underWay(folder: string): NoRun | undefined {
  const holder = lockHolder(folder);
  return holder && inconclusive(`the run is under way in process ${holder.pid}; ask again when it has ended`);
}

/** Keeps what a later verdict cannot find out again, once, and only of a run whose end is known. */
function rememberOnce(folder: string, kept: RunRecord, judgedAs: RunRecord, what: Judged): void {
  if (kept.phase !== "judged" && judgedAs.k6?.endedAtSeconds) rememberJudged(folder, { ...kept }, what);
}

/** Makes a run that was kept one that can be judged: forwards what is left of its samples, or reads what its pods have said. */
export async function resume(kept: KeptRun, options: ResumeOptions, host: Host, session: Session): Promise<LoadRun | NoRun> {
  // Held until this process ends, so that no other gate starts a Prometheus on data that this one's has still open.
  const lock = takeLock(join(kept.folder, "gate"), kept.record.testid);
  if (lock.kind === "taken") return inconclusive(`the run is being judged in process ${lock.pid}; ask again when that has ended`);
  return kept.record.cluster === null
    ? resumeSpool(kept, options, host, session)
    : resumePods({ ...kept, cluster: kept.record.cluster }, options, host, session);
}

async function resumeSpool(kept: KeptRun, options: ResumeOptions, host: Host, session: Session): Promise<LoadRun | NoRun> {
  const { folder, record } = kept;
  const busy = underWay(join(folder, "spool")); // before anything is started on its data
  if (busy) return busy;
  const found = await prometheusOf(kept, options.prometheus, host, session);
  if (found.kind === "none") return found;
  const prometheus = prometheusAt(found.url, host.settings.credentials);
  const { destination } = prometheus;
  const limitSeconds = options.settleLimitSeconds;
  const resumed = await resumeRelay({ folder: join(folder, "spool"), destination, say: host.say, limitSeconds });
  if (resumed.kind === "failed") return inconclusive(resumed.message);
  if (resumed.kind === "pending") return inconclusive(unflushed(resumed));
  const { phase, caveats } = record;
  const isWhole = phase === "loaded" || phase === "judged"; // else k6's end is unknown
  const judgedAs = isWhole ? record : { ...record, caveats: [...caveats, "the command that ran the load was killed before k6 ended"] };
  return {
    kind: "run",
    record: judgedAs,
    plan: readPlan(record.inspected),
    sent: resumed.sent,
    sentIsWhole: true,
    caveats: resumed.caveats,
    prometheus,
    now: host.now,
    folder,
    settleLimitSeconds: Math.min(10, options.settleLimitSeconds),
    finished: true,
    judged: async (what) => rememberOnce(folder, record, judgedAs, what),
  };
}

/** Finds the Prometheus that holds the run's samples: the one that was asked for, its own, or its data, on which one is started. */
async function prometheusOf({ folder, record }: KeptRun, asked: string | undefined, host: Host, { group }: Session) {
  const { url, embedded } = record.prometheus;
  if (asked !== undefined || !embedded) return { kind: "up" as const, url: asked ?? url };
  const tool = await resolveTool("prometheus", { say: host.say });
  if (tool.kind === "missing") return failed(tool.message);
  const started = await startPrometheus(group, {
    binary: tool.path,
    folder: join(folder, "prometheus"),
    logFile: join(folder, "prometheus.log"),
    job: "none",
    targetUrl: undefined,
  });
  return started.kind === "failed" ? failed(started.message) : { kind: "up" as const, url: started.url };
}

type PodsRun = KeptRun & { cluster: NonNullable<RunRecord["cluster"]> };

/** Reads what the pods of a run have said, and opens the way to the Prometheus that holds what they sent. */
async function resumePods(kept: PodsRun, options: ResumeOptions, host: Host, { group }: Session): Promise<LoadRun | NoRun> {
  const { folder, record, cluster } = kept;
  const busy = underWay(folder);
  if (busy) return busy;
  const known = await podsKnown(cluster, folder, host);
  if (known.kind === "none") return known;
  const { learned, unread } = known;
  const open = await reach(cluster, record.prometheus.url, group, join(folder, "port-forward.log"), options.prometheus);
  if (open.kind === "failed") return inconclusive(open.message);
  const phase = record.phase === "judged" ? ("loaded" as const) : record.phase;
  const base = learned ? { ...record, countedUntilSeconds: null, timings: null, phase } : record;
  if (learned) {
    // What was concluded without a pod is concluded anew.
    writeRecord(folder, base);
    writePods(folder, known.reports);
  }
  const ofPods = withPods(base, known.reports, host);
  const isLeft = learned || (unread.length === 0 && (phase === "prepared" || phase === "loading"));
  return {
    ...ofPods,
    prometheus: prometheusAt(open.url, host.settings.credentials),
    folder,
    settleLimitSeconds: Math.min(10, options.settleLimitSeconds),
    finished: true,
    judged: async (what) => {
      rememberOnce(folder, base, ofPods.record, what);
      if (isLeft) await deleteJob(cluster, cluster.job);
    },
  };
}

/** Gives what is known of a run's pods: `learned` if it is more than was kept, `unread` the pods whose logs cannot be had now. */
async function podsKnown(cluster: PodsRun["cluster"], folder: string, host: Host) {
  const kept = readPodReports(folder, cluster.pods);
  const asKept = (reports: PodReport[]) => ({ kind: "known" as const, reports, learned: false, unread: [] as string[] });
  if (kept?.every(({ end }) => end !== null)) return asKept(kept);
  const read = await readFleet({ cluster, job: cluster.job, pods: cluster.pods, say: host.say });
  if (read.kind === "failed") return kept ? asKept(kept) : inconclusive(read.message);
  if (read.active) return inconclusive(`the pods of ${cluster.job} are still at work; ask again when they have ended`);
  const { unread } = read;
  if (unread.length > 0) host.say(`the logs of these pods cannot be had now: ${unread.join(", ")}; the Job ${cluster.job} stays`);
  const { reports, learned } = fuller(kept, read.reports);
  return { kind: "known" as const, reports, learned: learned && unread.length === 0, unread };
}
