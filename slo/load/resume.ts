import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { lockHolder } from "../run/lock.ts";
import { openProcessGroup, type ProcessGroup } from "../host/process-group.ts";
import { readRecord, rememberJudged, runFolder, testidPattern, writeRecord, type RunRecord } from "../run/record.ts";
import { readFleet } from "../run/kubernetes/fleet.ts";
import type { PodReport } from "../run/kubernetes/message.ts";
import { reach } from "../run/kubernetes/port-forward.ts";
import { deleteJob } from "../run/kubernetes/job.ts";
import type { SentCounts } from "../run/relay/sent-totals.ts";
import { resumeRelay } from "../run/relay/resume.ts";
import { startPrometheus } from "../run/local-services.ts";
import { resolveTool } from "../run/tools/resolve.ts";
import { formatProblem, loadSpec } from "../spec/load.ts";
import { exitCodes } from "../host/exit-codes.ts";
import type { Host } from "../host/host.ts";
import { fuller, readPodReports, withPods, writePods } from "./pods-record.ts";
import { reachVerdict } from "../cli/reach-verdict.ts";
import { readSpec } from "./prepare.ts";
import { prometheusAt } from "../host/settings.ts";

/** What a person asked of `gate`. */
export interface GateOptions {
  run: string | undefined;
  spec: string | undefined;
  prometheus: string | undefined;
  settleLimitSeconds: number;
  json: boolean;
}

function latestRun(host: Host): string | undefined {
  const folder = join(host.folder, ".plimsoll", "runs");
  if (!existsSync(folder)) return undefined;
  const runs = readdirSync(folder).flatMap((name) => {
    const read = readRecord(join(folder, name));
    return read.kind === "record" ? [{ name, at: read.record.commandAtSeconds }] : [];
  });
  return runs.toSorted((a, b) => b.at - a.at)[0]?.name;
}

/** Judges a finished run again, or one that could not be judged: forwards what is left in its spool, then asks Prometheus. */
export async function gate(options: GateOptions, host: Host): Promise<number> {
  const testid = options.run ?? latestRun(host);
  if (testid === undefined) return refuse(host, "there is no run in .plimsoll/runs; run one with: npm run load -- --scenario smoke");
  if (!testidPattern.test(testid)) return refuse(host, `${JSON.stringify(testid)} is not the id of a run`);
  const folder = runFolder(host.folder, testid);
  const read = readRecord(folder);
  if (read.kind === "problem") return refuse(host, read.message);
  const group = openProcessGroup();
  let interrupted = false;
  host.onInterrupt(() => {
    interrupted = true;
    void group.stopAll().then(() => process.exit(exitCodes.interrupted));
  });
  try {
    return await judgeAgain(options, host, read.record, folder, group);
  } finally {
    if (!interrupted) await group.stopAll();
  }
}

function refuse(host: Host, message: string): number {
  host.say(message);
  return exitCodes.badUsage;
}

function specOf(options: GateOptions, host: Host, record: RunRecord): ReturnType<typeof loadSpec> | { kind: "refused"; message: string } {
  if (options.spec === undefined) return loadSpec(record.specText, record.specFile, record.scenario);
  const read = readSpec(host, options.spec, record.scenario);
  if (read.kind === "refused") return read;
  read.notes.forEach(host.say);
  return { kind: "spec", spec: read.spec };
}

async function prometheusOf(
  options: GateOptions,
  host: Host,
  record: RunRecord,
  folder: string,
  group: ProcessGroup,
): Promise<{ url: string } | { message: string }> {
  if (options.prometheus !== undefined) return { url: options.prometheus };
  if (!record.prometheus.embedded) return { url: record.prometheus.url };
  const tool = await resolveTool("prometheus", { say: host.say });
  if (tool.kind === "missing") return { message: tool.message };
  const started = await startPrometheus(group, {
    ...{ binary: tool.path, folder: join(folder, "prometheus"), logFile: join(folder, "prometheus.log") },
    ...{ job: "none", targetUrl: undefined, environment: host.environment },
  });
  return started.kind === "failed" ? { message: started.message } : { url: started.url };
}

/** What is known of a run beside what Prometheus holds, and where that is. */
interface Evidence {
  kind: "evidence";
  url: string;
  /** As it is kept, and as it is judged: with what its pods or its crash have to say. */
  base: RunRecord;
  record: RunRecord;
  sent: SentCounts;
  sentIsWhole: boolean;
  caveats: string[];
  now: () => number;
  /** Clears up what the run left where it was loaded from. */
  tidy: () => Promise<unknown>;
}

async function judgeAgain(options: GateOptions, host: Host, record: RunRecord, folder: string, group: ProcessGroup): Promise<number> {
  const loaded = specOf(options, host, record);
  if (loaded.kind === "refused") return refuse(host, loaded.message);
  if (loaded.kind === "problems") return refuse(host, loaded.problems.map(formatProblem).join("\n"));
  const found = await (record.cluster ? podsEvidence : spoolEvidence)(options, host, record, folder, group);
  if (found.kind === "none") {
    host.say(found.message);
    return found.exitCode;
  }
  const { url, sent, sentIsWhole, caveats, now } = found;
  const { credentials } = host.settings;
  const remember = (judged: Parameters<typeof rememberJudged>[2]): void => {
    if (found.base.phase !== "judged" && found.record.k6?.endedAtSeconds) rememberJudged(folder, { ...found.base }, judged);
  };
  const reached = await reachVerdict(
    {
      ...{ record: found.record, spec: loaded.spec, folder, sent, sentIsWhole, relayCaveats: caveats, now, remember, json: options.json },
      ...{ settleLimitSeconds: Math.min(10, options.settleLimitSeconds), finished: true },
      prometheus: prometheusAt(url, credentials),
    },
    host,
  );
  if (reached.kind === "pending") {
    host.say(`inconclusive: ${reached.reason}`);
    return exitCodes.inconclusive;
  }
  await found.tidy();
  return reached.exitCode;
}

type None = { kind: "none"; exitCode: number; message: string };
type Found = Evidence | None;
const none = (exitCode: number, message: string): None => ({ kind: "none", exitCode, message });

/** Says that a run is not to be disturbed: the process that holds it will judge it. */
function underWay(folder: string): None | undefined {
  const holder = lockHolder(folder);
  return holder && none(exitCodes.inconclusive, `inconclusive: the run is under way in process ${holder.pid}; ask again when it has ended`);
}

/** Forwards what is left of a run's spool, and reads from it what was sent. */
async function spoolEvidence(options: GateOptions, host: Host, record: RunRecord, folder: string, group: ProcessGroup): Promise<Found> {
  // Before anything is started on its data.
  const busy = underWay(join(folder, "spool"));
  if (busy) return busy;
  const prometheus = await prometheusOf(options, host, record, folder, group);
  if ("message" in prometheus) return none(exitCodes.notCarriedOut, prometheus.message);
  const resumed = await resumeRelay({
    ...{ folder: join(folder, "spool"), destination: prometheusAt(prometheus.url, host.settings.credentials).destination },
    ...{ say: host.say, limitSeconds: options.settleLimitSeconds },
  });
  if (resumed.kind === "pending")
    return none(exitCodes.inconclusive, `inconclusive: ${resumed.bytes} bytes of samples are not in Prometheus: ${resumed.reason}`);
  if (resumed.kind === "failed") return none(exitCodes.inconclusive, `inconclusive: ${resumed.message}`);
  const { sent, caveats } = resumed;
  const tidy = (): Promise<void> => Promise.resolve();
  const place = { kind: "evidence", url: prometheus.url, base: record, record: crashed(record) } as const;
  return { ...place, sent, sentIsWhole: true, caveats, now: host.now, tidy };
}

/** Reads what a run's pods said: from its folder, and from their logs where the command that started them did not hear all of it. */
async function podsEvidence(options: GateOptions, host: Host, record: RunRecord, folder: string, group: ProcessGroup): Promise<Found> {
  const { cluster } = record;
  if (cluster === null) return none(exitCodes.badUsage, "the run had no pods");
  const busy = underWay(folder);
  if (busy) return busy;
  const told = await podsTold(cluster, folder, host);
  if (told.kind === "none") return told;
  const { learned, unread } = told;
  const open = options.prometheus
    ? ({ kind: "open", url: options.prometheus } as const)
    : await reach(cluster, record.prometheus.url, group, join(folder, "port-forward.log"));
  if (open.kind === "failed") return none(exitCodes.inconclusive, `inconclusive: ${open.message}`);
  // What was concluded without a pod is concluded anew.
  const again = {
    ...record,
    countedUntilSeconds: null,
    timings: null,
    phase: record.phase === "judged" ? "loaded" : record.phase,
  } as const;
  const base: RunRecord = learned ? again : record;
  if (learned) {
    writeRecord(folder, base);
    writePods(folder, told.reports);
  }
  const { record: filled, pods, shiftSeconds } = withPods(base, told.reports);
  const isLeft = learned || (unread.length === 0 && (record.phase === "prepared" || record.phase === "loading"));
  return {
    ...{ kind: "evidence", url: open.url, base, record: filled, sent: pods.sent, sentIsWhole: pods.sentIsWhole, caveats: [] },
    ...{ now: () => host.now() + shiftSeconds, tidy: async () => isLeft && deleteJob(cluster, cluster.job) },
  };
}

/** What is known of a run's pods: `learned` if it is more than was kept, `unread` the pods whose logs cannot be had now. */
type Told = { kind: "told"; reports: PodReport[]; learned: boolean; unread: string[] };

async function podsTold(cluster: NonNullable<RunRecord["cluster"]>, folder: string, host: Host): Promise<Told | None> {
  const kept = readPodReports(folder, cluster.pods);
  if (kept?.every(({ end }) => end !== null)) return { kind: "told", reports: kept, learned: false, unread: [] };
  const read = await readFleet({ cluster, job: cluster.job, pods: cluster.pods, say: host.say });
  if (read.kind === "failed")
    return kept
      ? { kind: "told", reports: kept, learned: false, unread: [] }
      : none(exitCodes.inconclusive, `inconclusive: ${read.message}`);
  if (read.active)
    return none(exitCodes.inconclusive, `inconclusive: the pods of ${cluster.job} are still at work; ask again when they have ended`);
  const { unread } = read;
  if (unread.length > 0) host.say(`the logs of these pods cannot be had now: ${unread.join(", ")}; the Job ${cluster.job} stays`);
  const { reports, learned } = fuller(kept, read.reports);
  return { kind: "told", reports, learned: learned && unread.length === 0, unread };
}

/** Reads the record of a run whose conductor died: k6's end is unknown, and that is a caveat. */
function crashed(record: RunRecord): RunRecord {
  if (record.phase === "loaded" || record.phase === "judged") return record;
  return { ...record, caveats: [...record.caveats, "the command that ran the load was killed before k6 ended"] };
}
