import { join } from "node:path";
import type { Host } from "../host/host.ts";
import { readFleet } from "../run/kubernetes/fleet.ts";
import { deleteJob } from "../run/kubernetes/job.ts";
import type { PodReport } from "../run/kubernetes/message.ts";
import { reach } from "../run/kubernetes/port-forward.ts";
import { writeRecord, type RunRecord } from "../run/record.ts";
import { inconclusive, type LoadRun, type NoRun } from "./load-run.ts";
import { fuller, readPodReports, withPods, writePods } from "./pods-record.ts";
import { prometheusAt } from "./prometheus.ts";
import { rememberOnce, underWay, type KeptRun, type ResumeOptions } from "./kept-run.ts";
import type { Session } from "./session.ts";

type PodsRun = KeptRun & { cluster: NonNullable<RunRecord["cluster"]> };

/** Reads what the pods of a run have said, and opens the way to the Prometheus that holds what they sent. */
export async function resumePods(kept: PodsRun, options: ResumeOptions, host: Host, { group }: Session): Promise<LoadRun | NoRun> {
  const { folder, record, cluster } = kept;
  const busy = underWay(folder);
  if (busy) return busy;
  const known = await podsKnown(cluster, folder, host);
  if (known.kind === "none") return known;
  const { learned, unread } = known;
  const open = options.prometheus
    ? ({ kind: "open", url: options.prometheus } as const)
    : await reach(cluster, record.prometheus.url, group, join(folder, "port-forward.log"));
  if (open.kind === "failed") return inconclusive(open.message);
  const base = learned ? concludedAnew(record) : record;
  if (learned) {
    writeRecord(folder, base);
    writePods(folder, known.reports);
  }
  const ofPods = withPods(base, known.reports, host);
  const isLeft = learned || (unread.length === 0 && (record.phase === "prepared" || record.phase === "loading"));
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

/** What was concluded without a pod is concluded anew. */
function concludedAnew(record: RunRecord): RunRecord {
  return { ...record, countedUntilSeconds: null, timings: null, phase: record.phase === "judged" ? "loaded" : record.phase };
}

/** What is known of a run's pods: `learned` if it is more than was kept, `unread` the pods whose logs cannot be had now. */
type PodsKnown = { kind: "known"; reports: PodReport[]; learned: boolean; unread: string[] };

async function podsKnown(cluster: PodsRun["cluster"], folder: string, host: Host): Promise<PodsKnown | NoRun> {
  const kept = readPodReports(folder, cluster.pods);
  const asKept = (reports: PodReport[]): PodsKnown => ({ kind: "known", reports, learned: false, unread: [] });
  if (kept?.every(({ end }) => end !== null)) return asKept(kept);
  const read = await readFleet({ cluster, job: cluster.job, pods: cluster.pods, say: host.say });
  if (read.kind === "failed") return kept ? asKept(kept) : inconclusive(read.message);
  if (read.active) return inconclusive(`the pods of ${cluster.job} are still at work; ask again when they have ended`);
  const { unread } = read;
  if (unread.length > 0) host.say(`the logs of these pods cannot be had now: ${unread.join(", ")}; the Job ${cluster.job} stays`);
  const { reports, learned } = fuller(kept, read.reports);
  return { kind: "known", reports, learned: learned && unread.length === 0, unread };
}
