import { setTimeout as sleep } from "node:timers/promises";
import type { Child, ProcessGroup } from "../../host/process-group.ts";
import { warningsOf } from "./job.ts";
import { kubectl, placeOf, type Cluster } from "./kubectl.ts";
import type { PodReport } from "./message.ts";
import { openPodReports, type Progress } from "./pod-reports.ts";
import { jobLabel, podsOf, type PodState } from "./pods.ts";

/** A run's Job in its cluster. */
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
  progressOfPods(): Progress[];
  /** Over when each pod has said its last or ended, when one refused, or when `limitSeconds` are over: then the cluster may no longer answer. */
  over: Promise<"ended" | "refused" | "overdue">;
  close(): void;
}

/** Follows the log of every pod, and asks how they stand. */
export function followFleet(
  options: FleetOptions & { states: readonly PodState[]; logFile: string; limitSeconds: number },
  group: ProcessGroup,
): Fleet {
  const { cluster, job, pods, say, logFile, limitSeconds } = options;
  const podReports = openPodReports(pods, say);
  podReports.see(options.states, performance.now());
  let over = false;
  let tail: Child | undefined;
  const follow = async (): Promise<void> => {
    for (let times = 0; !over && !group.isClosed(); times += 1) {
      const from = times === 0 ? ["--tail=-1"] : ["--since=10s"];
      tail = group.start({
        ...{ name: "kubectl logs", command: "kubectl", environment: process.env, folder: ".", logFile },
        args: [...placeOf(cluster), "logs", "--follow", "--prefix", `--max-log-requests=${pods}`, ...from, "-l", `${jobLabel}=${job}`],
        onLine: (line) => {
          const [, name = "", text = ""] = /^\[pod\/([^/\]]+)\/[^\]]*\] (.*)$/s.exec(line) ?? [];
          if (name !== "") podReports.hear(name, text);
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
      if (got.kind === "pods") podReports.see(got.pods, performance.now());
      // What the follower did not get is asked for once more, pod by pod.
      for (const name of podReports.silent()) if (await readLog(cluster, name, podReports.hear)) podReports.close(name);
      if (podReports.reports().some(({ refused }) => refused !== null)) return "refused";
      if (podReports.isComplete()) return "ended";
      await sleep(500);
    }
    return "overdue";
  };
  return {
    reports: podReports.reports,
    progressOfPods: podReports.progressOfPods,
    over: watch(),
    close() {
      over = true;
      tail?.signal("SIGTERM");
    },
  };
}

/** What the pods of a Job have said so far; `unread` names those whose logs could not be had. */
export type FleetRead = { kind: "reports"; reports: PodReport[]; active: boolean; unread: string[] } | { kind: "failed"; message: string };

/** Reads what the pods of a Job have said so far, without following; for a run whose caller is gone. */
export async function readFleet(options: FleetOptions): Promise<FleetRead> {
  const podReports = openPodReports(options.pods, () => undefined);
  const got = await podsOf(options.cluster, options.job);
  if (got.kind === "failed") return got;
  if (got.pods.length === 0)
    return { kind: "failed", message: `the pods of the Job ${options.job} are gone, and with them what they sent` };
  podReports.see(got.pods, 0);
  const unread: string[] = [];
  for (const { name, phase } of got.pods)
    if (phase !== "waiting" && !(await readLog(options.cluster, name, podReports.hear))) unread.push(name);
  return { kind: "reports", reports: podReports.reports(), active: got.pods.some(({ phase }) => phase !== "ended"), unread };
}

async function readLog(cluster: Cluster, name: string, hear: (name: string, line: string) => void): Promise<boolean> {
  const got = await kubectl([...placeOf(cluster), "logs", name]);
  if (got.kind === "answer") for (const line of got.text.split("\n")) hear(name, line);
  return got.kind === "answer";
}
