import { setTimeout as sleep } from "node:timers/promises";
import type { Child, Nursery } from "../child.ts";
import { warningsOf } from "./job.ts";
import { kubectl, placeOf, type Cluster } from "./kubectl.ts";
import { openMessageReader, type PodMessage, type PodReport } from "./message.ts";
import { jobLabel, podsOf, type PodState } from "./pods.ts";

/** Is a run's Job in its cluster. */
export interface FleetOptions {
  cluster: Cluster;
  job: string;
  pods: number;
  say: (line: string) => void;
}

/** Is how far one pod is. */
export type Glance = Extract<PodMessage, { kind: "progress" }>["glance"];

/** How long a trouble must last before it is believed: an image that is on its way is found within seconds. */
const patienceSeconds = 20;
/** How long pods may take to start without any trouble, as while they pull their image. */
const startLimitSeconds = 180;
/** How long a pod may be gone from the list before it counts as deleted. */
const goneSeconds = 3;

/** Waits until every container of a Job has begun; a pod that cannot is a failure that quotes the cluster. */
export async function awaitStart(
  options: FleetOptions,
  stopped: () => boolean,
): Promise<{ kind: "started"; states: PodState[] } | { kind: "stopped" } | { kind: "failed"; message: string }> {
  const { cluster, job, pods, say } = options;
  const began = performance.now();
  const since = new Map<string, number>();
  let said = "";
  for (;;) {
    if (stopped()) return { kind: "stopped" };
    const seconds = (performance.now() - began) / 1000;
    const got = await podsOf(cluster, job);
    const states = got.kind === "pods" ? got.pods : [];
    const begun = states.filter(({ phase }) => phase !== "waiting").length;
    const words = got.kind === "failed" ? got.message : `${begun} of ${pods} pods have started`;
    if (words !== said && seconds > 2) say(words);
    said = words;
    if (begun === pods) return { kind: "started", states };
    const troubled = states.filter(({ trouble }) => trouble !== undefined);
    for (const name of since.keys()) if (!troubled.some((pod) => pod.name === name)) since.delete(name);
    for (const { name } of troubled) since.set(name, since.get(name) ?? seconds);
    const stuck = troubled.find(({ name }) => seconds - (since.get(name) ?? seconds) >= patienceSeconds);
    if (stuck) return { kind: "failed", message: `the pod ${stuck.name} cannot start: ${stuck.trouble}${await quoted(options)}` };
    if (states.length === 0 && seconds >= patienceSeconds)
      return { kind: "failed", message: `no pod of the Job ${job} was made${await quoted(options)}` };
    if (seconds >= startLimitSeconds)
      return { kind: "failed", message: `${begun} of ${pods} pods started within ${startLimitSeconds} s${await quoted(options)}` };
    await sleep(500);
  }
}

async function quoted({ cluster, job }: FleetOptions): Promise<string> {
  const warnings = await warningsOf(cluster, job);
  return warnings.map((warning) => `\n  event: ${warning}`).join("");
}

/** Follows the pods of a Job. */
export interface Fleet {
  reports(): PodReport[];
  /** Of the pods that have begun. */
  glances(): Glance[];
  /** Over when each pod has said its last or ended, when one refused, or when `limitSeconds` are over: then the cluster may no longer answer. */
  over: Promise<"ended" | "refused" | "overdue">;
  close(): void;
}

/** Follows the log of every pod, and asks how they stand. */
export function followFleet(
  options: FleetOptions & { states: readonly PodState[]; logFile: string; limitSeconds: number },
  nursery: Nursery,
): Fleet {
  const { cluster, job, pods, say, logFile, limitSeconds } = options;
  const book = openBook(pods, say);
  book.see(options.states, performance.now());
  let over = false;
  let tail: Child | undefined;
  const follow = async (): Promise<void> => {
    for (let times = 0; !over && !nursery.isClosed(); times += 1) {
      const from = times === 0 ? ["--tail=-1"] : ["--since=10s"];
      tail = nursery.start({
        ...{ name: "kubectl logs", command: "kubectl", environment: process.env, folder: ".", logFile },
        args: [...placeOf(cluster), "logs", "--follow", "--prefix", `--max-log-requests=${pods}`, ...from, "-l", `${jobLabel}=${job}`],
        onLine: (line) => {
          const [, name = "", text = ""] = /^\[pod\/([^/\]]+)\/[^\]]*\] (.*)$/s.exec(line) ?? [];
          if (name !== "") book.hear(name, text);
        },
      });
      await tail.exited;
      await sleep(1000);
    }
  };
  void follow();
  const watch = async (): Promise<"ended" | "refused" | "overdue"> => {
    const until = performance.now() + limitSeconds * 1000;
    while (performance.now() < until) {
      const got = await podsOf(cluster, job);
      if (got.kind === "pods") book.see(got.pods, performance.now());
      // What the follower did not get is asked for once more, pod by pod.
      for (const name of book.silent()) await readLog(cluster, name, book.hear);
      if (book.reports().some(({ refused }) => refused !== null)) return "refused";
      if (book.reports().every(({ end, ending }) => end ?? ending)) return "ended";
      await sleep(500);
    }
    return "overdue";
  };
  return {
    reports: book.reports,
    glances: book.glances,
    over: watch(),
    close() {
      over = true;
      tail?.signal("SIGTERM");
    },
  };
}

/** Reads what the pods of a Job have said so far, without following; for a run whose caller is gone. */
export async function readFleet(
  options: FleetOptions,
): Promise<{ kind: "reports"; reports: PodReport[]; active: boolean } | { kind: "failed"; message: string }> {
  const book = openBook(options.pods, () => undefined);
  const got = await podsOf(options.cluster, options.job);
  if (got.kind === "failed") return got;
  if (got.pods.length === 0)
    return { kind: "failed", message: `the pods of the Job ${options.job} are gone, and with them what they sent` };
  book.see(got.pods, 0);
  for (const { name, phase } of got.pods) if (phase !== "waiting") await readLog(options.cluster, name, book.hear);
  return { kind: "reports", reports: book.reports(), active: got.pods.some(({ phase }) => phase !== "ended") };
}

async function readLog(cluster: Cluster, name: string, hear: (name: string, line: string) => void): Promise<void> {
  const got = await kubectl([...placeOf(cluster), "logs", name]);
  if (got.kind === "answer") for (const line of got.text.split("\n")) hear(name, line);
}

interface Entry {
  report: PodReport;
  glance: Glance | undefined;
  read: ReturnType<typeof openMessageReader>;
  asked: boolean;
  missingSince: number | undefined;
}

function openBook(pods: number, say: (line: string) => void) {
  const entries: Entry[] = Array.from({ length: pods }, (_, index) => ({
    report: { index, name: null, refused: null, begunSeconds: null, sent: null, end: null, ending: null },
    ...{ glance: undefined, read: openMessageReader(), asked: false, missingSince: undefined },
  }));
  const hearOne = (entry: Entry, line: string): void => {
    const { report } = entry;
    const message = entry.read(line);
    if (message?.kind === "other" && line.trim() !== "" && !entry.asked && !report.end) say(`pod ${report.index + 1}: ${line}`);
    if (message?.kind === "refused") report.refused = message.message;
    if (message?.kind === "progress") {
      entry.glance = message.glance;
      report.begunSeconds = message.glance.begunSeconds;
      report.sent = message.sent ?? report.sent;
    }
    if (message?.kind === "ended") [report.end, report.sent] = [message, message.sent];
  };
  return {
    hear(name: string, line: string): void {
      const entry = entries.find(({ report }) => report.name === name);
      if (entry) hearOne(entry, line);
    },
    see(states: readonly PodState[], nowMillis: number): void {
      for (const entry of entries) {
        const { report } = entry;
        const state = states.find(({ index }) => index === report.index);
        report.name ??= state?.name ?? null;
        entry.missingSince = state ? undefined : (entry.missingSince ?? nowMillis);
        const gone = entry.missingSince !== undefined && nowMillis - entry.missingSince >= goneSeconds * 1000;
        report.ending ??= state?.ending ?? (gone ? { exitCode: null, reason: "the pod was deleted" } : null);
      }
    },
    /** Pods that ended and did not say how, each once. */
    silent(): string[] {
      const silent = entries.filter(({ report, asked }) => report.ending && !report.end && !report.refused && !asked);
      for (const entry of silent) [entry.asked, entry.read] = [true, openMessageReader()];
      return silent.flatMap(({ report }) => report.name ?? []);
    },
    glances: (): Glance[] => entries.flatMap(({ glance }) => glance ?? []),
    reports: (): PodReport[] => entries.map(({ report }) => ({ ...report })),
  };
}
