import { setTimeout as sleep } from "node:timers/promises";
import type { Child, ProcessGroup } from "../../host/process-group.ts";
import { warningsOf } from "./job.ts";
import { type Cluster, failure, kubectl, placeOf } from "./kubectl.ts";
import { openMessageReader, type PodReport } from "./message.ts";
import { jobLabel, loadContainer, podsOf, type PodState } from "./pods.ts";

/** How long a pod may be gone from the list before it counts as deleted. */
const goneSeconds = 3;
/** How often the cluster is asked how pods stand: seldom where there are many, for each answer holds all of them. */
const pauseMillis = ({ pods }: Pick<FleetOptions, "pods">): number => Math.max(500, 10 * pods);
/** How many logs are read at once; each takes a kubectl. */
const logsAtOnce = 8;
/** How often the log of a pod that ended is asked for in vain before it is given up. */
const mostTries = 6;

type Entry = ReturnType<typeof openEntry>;
const openEntry = (index: number) => ({
  report: { index, name: null, refused: null, begunSeconds: null, sent: null, end: null, ending: null } as PodReport,
  read: openMessageReader(),
  /** How often its log was asked for after its end. */
  tries: 0,
  missingSince: undefined as number | undefined,
});

/** Opens reports of the pods of a run, still empty: of what they say, and of how they stand. */
export function openPodReports(pods: number, say: (line: string) => void) {
  const entries = Array.from({ length: pods }, (_, index) => openEntry(index));
  return {
    takeLine(name: string, line: string): void {
      const entry = entries.find(({ report }) => report.name === name);
      if (entry) takeLine(entry, line, say);
    },
    takeStates(states: readonly PodState[], nowMillis: number): void {
      for (const entry of entries) {
        const { report } = entry;
        const state = states.find(({ index }) => index === report.index);
        report.name ??= state?.name ?? null;
        entry.missingSince = state ? undefined : (entry.missingSince ?? nowMillis);
        const gone = entry.missingSince !== undefined && nowMillis - entry.missingSince >= goneSeconds * 1000;
        report.ending ??= state?.ending ?? (gone ? { exitCode: null, reason: "the pod was deleted" } : null);
      }
    },
    /** Names pods that ended and did not say how; each until its log was read, or asked for in vain too often. */
    silent(): string[] {
      const silent = entries.filter((entry) => entry.report.ending && !isFinished(entry));
      for (const entry of silent) [entry.tries, entry.read] = [entry.tries + 1, openMessageReader()];
      return silent.flatMap(({ report }) => report.name ?? []);
    },
    /** Notes that a pod's whole log was read: there is no more to come. */
    close(name: string): void {
      for (const entry of entries) if (entry.report.name === name) entry.tries = mostTries;
    },
    isComplete: (): boolean => entries.every(isFinished),
    reports: (): PodReport[] => entries.map(({ report }) => ({ ...report })),
  };
}

const isFinished = ({ report, tries }: Entry): boolean => report.end !== null || report.refused !== null || tries >= mostTries;

function takeLine(entry: Entry, line: string, say: (line: string) => void): void {
  const { report } = entry;
  const message = entry.read(line);
  // A log that is followed anew begins with what was read before.
  if (report.end) return;
  if (message?.kind === "other" && line.trim() !== "" && entry.tries === 0) say(`pod ${report.index + 1}: ${line}`);
  if (message?.kind === "refused") report.refused = message.message;
  if (message?.kind === "progress") [report.begunSeconds, report.sent] = [message.begunSeconds, message.sent];
  if (message?.kind === "ended") [report.end, report.sent] = [message, message.sent];
}

export interface FleetOptions {
  cluster: Cluster;
  job: string;
  pods: number;
  say: (line: string) => void;
}

/** How long a trouble must last before it is believed: an image that is on its way is found within seconds. */
const patienceSeconds = 20;
/** How long pods may take to start without any trouble, as while they pull their image. */
const startLimitSeconds = 180;

/** Waits until every container of a Job has begun; a pod that cannot is a failure that quotes the cluster. */
export async function awaitStart(options: FleetOptions, stopped: () => boolean) {
  const { cluster, job, pods, say } = options;
  const began = performance.now();
  const troubledSince = new Map<string, number>();
  for (let said = ""; ; await sleep(pauseMillis(options))) {
    if (stopped()) return { kind: "stopped" as const };
    const seconds = (performance.now() - began) / 1000;
    const got = await podsOf(cluster, job);
    const states = got.kind === "pods" ? got.pods : [];
    const begun = states.filter(({ phase }) => phase !== "waiting").length;
    const words = got.kind === "failed" ? got.message : `${begun} of ${pods} pods have started`;
    if (words !== said && seconds > 2) say(words);
    said = words;
    if (begun === pods) return { kind: "started" as const, states };
    const why = whyNotStarted(options, states, begun, seconds, troubledSince);
    if (why === undefined) continue;
    const warnings = await warningsOf(cluster, job);
    return failure([why, ...warnings.map((warning) => `  event: ${warning}`)].join("\n"));
  }
}

/** Says why the pods will not start any more; undefined while they may. Notes since when each has been in trouble. */
function whyNotStarted(
  { job, pods }: FleetOptions,
  states: readonly PodState[],
  begun: number,
  seconds: number,
  troubledSince: Map<string, number>,
): string | undefined {
  for (const { name, trouble } of states)
    if (trouble === undefined) troubledSince.delete(name);
    else troubledSince.set(name, troubledSince.get(name) ?? seconds);
  const stuck = states.find(({ name }) => seconds - (troubledSince.get(name) ?? seconds) >= patienceSeconds);
  if (stuck) return `the pod ${stuck.name} cannot start: ${stuck.trouble}`;
  if (states.length === 0 && seconds >= patienceSeconds) return `no pod of the Job ${job} was made`;
  return seconds >= startLimitSeconds ? `${begun} of ${pods} pods started within ${startLimitSeconds} s` : undefined;
}

/** Follows pods until each has said its last or ended, one refused, or the limit is over, when the cluster may no longer answer. */
export function followFleet(
  options: FleetOptions & { states: readonly PodState[]; logFile: string; limitSeconds: number },
  group: ProcessGroup,
) {
  const { cluster, job, pods, say, limitSeconds } = options;
  const podReports = openPodReports(pods, say);
  podReports.takeStates(options.states, performance.now());
  const complete = new AbortController();
  const closeLogs = followLogs(options, group, (name, line) => {
    podReports.takeLine(name, line);
    if (podReports.isComplete()) complete.abort();
  });
  const pause = (): Promise<void> => sleep(pauseMillis(options), undefined, complete).catch(() => undefined);
  const watch = async (): Promise<"ended" | "refused" | "overdue"> => {
    for (const until = performance.now() + limitSeconds * 1000; performance.now() < until; await pause()) {
      const got = complete.signal.aborted ? undefined : await podsOf(cluster, job);
      if (got?.kind === "pods") podReports.takeStates(got.pods, performance.now());
      // What the follower did not get is asked for once more, pod by pod.
      (await readLogs(cluster, podReports.silent(), podReports.takeLine)).forEach(podReports.close);
      if (podReports.reports().some(({ refused }) => refused !== null)) return "refused";
      if (podReports.isComplete()) return "ended";
    }
    return "overdue";
  };
  return { reports: podReports.reports, over: watch(), close: closeLogs };
}

function followLogs({ cluster, job, pods, logFile }: FleetOptions & { logFile: string }, group: ProcessGroup, takeLine: TakeLine) {
  let tail: Child | undefined;
  let isOver = false;
  const which = ["--container", loadContainer, `--max-log-requests=${pods}`, "-l", `${jobLabel}=${job}`];
  const follow = async (): Promise<void> => {
    for (let from = "--tail=-1"; !isOver && !group.isClosed(); from = "--since=10s") {
      tail = group.start({
        name: "kubectl logs",
        command: "kubectl",
        args: [...placeOf(cluster), "logs", "--follow", "--prefix", ...which, from],
        logFile,
        onLine: (line) => {
          const [, name = "", text = ""] = /^\[pod\/([^/\]]+)\/[^\]]*\] (.*)$/s.exec(line) ?? [];
          if (name !== "") takeLine(name, text);
        },
      });
      await tail.exited;
      await sleep(1000);
    }
  };
  void follow();
  return () => {
    isOver = true;
    tail?.signal("SIGTERM");
  };
}

/** Reads what the pods of a Job have said so far, without following; for a run whose caller is gone. `unread` names those whose logs could not be had. */
export async function readFleet({ cluster, job, pods }: FleetOptions) {
  const podReports = openPodReports(pods, () => undefined);
  const got = await podsOf(cluster, job);
  if (got.kind === "failed") return got;
  if (got.pods.length === 0) return failure(`the pods of the Job ${job} are gone, and with them what they sent`);
  podReports.takeStates(got.pods, 0);
  const names = got.pods.flatMap(({ name, phase }) => (phase === "waiting" ? [] : [name]));
  const read = new Set(await readLogs(cluster, names, podReports.takeLine));
  const unread = names.filter((name) => !read.has(name));
  return { kind: "reports" as const, reports: podReports.reports(), active: got.pods.some(({ phase }) => phase !== "ended"), unread };
}

type TakeLine = (name: string, line: string) => void;

async function readLogs(cluster: Cluster, names: readonly string[], takeLine: TakeLine): Promise<string[]> {
  const had: string[] = [];
  for (let from = 0; from < names.length; from += logsAtOnce) {
    const some = names.slice(from, from + logsAtOnce);
    const read = async (name: string): Promise<void> => {
      const got = await kubectl([...placeOf(cluster), "logs", name, "--container", loadContainer]);
      if (got.kind === "failed") return;
      for (const line of got.text.split("\n")) takeLine(name, line);
      had.push(name);
    };
    await Promise.all(some.map(read));
  }
  return had;
}
