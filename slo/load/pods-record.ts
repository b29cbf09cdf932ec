import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Host } from "../host/host.ts";
import { podReportSchema, type PodReport } from "../run/kubernetes/message.ts";
import { readPlan } from "../run/plan.ts";
import { writeWhole, type RunRecord } from "../run/record.ts";
import type { LoadRun } from "./load-run.ts";
import { mergePods } from "./merge-pods.ts";

const reportsSchema = z.array(podReportSchema);

/** Keeps what the pods of a run said, so that it can be judged when they are gone; a crash leaves what was kept before, or this. */
export function writePods(folder: string, reports: readonly PodReport[]): void {
  writeWhole(join(folder, "pods.json"), reports);
}

/** Reads it back; undefined where it is not there for each pod. */
export function readPodReports(folder: string, pods: number): PodReport[] | undefined {
  try {
    const { data } = reportsSchema.safeParse(JSON.parse(readFileSync(join(folder, "pods.json"), "utf8")));
    return data?.length === pods && data.every(({ index }, i) => index === i) ? data : undefined;
  } catch {
    return undefined;
  }
}

/** Adds to what is kept of the pods what was read of them later: the caller may have lost sight of one that went on. */
export function fuller(kept: readonly PodReport[] | undefined, read: readonly PodReport[]): { reports: PodReport[]; learned: boolean } {
  if (kept === undefined) return { reports: [...read], learned: true };
  const reports = kept.map((report) =>
    report.end === null ? (read.find(({ index, end }) => index === report.index && end) ?? report) : report,
  );
  return { reports, learned: reports.some((report, i) => report !== kept[i]) };
}

/** What of a LoadRun the pods tell, all times on their clock. */
type OfPods = Pick<LoadRun, "kind" | "record" | "plan" | "sent" | "sentIsWhole" | "caveats" | "now">;

/** Fills a run's record with what its pods did. */
export function withPods(record: RunRecord, reports: readonly PodReport[], host: Pick<Host, "now">): OfPods {
  const { k6, health, sent, sentIsWhole, ...pods } = mergePods(reports, record.interrupted);
  const clockOffsetSeconds = pods.clockOffsetSeconds ?? record.clockOffsetSeconds;
  const shiftSeconds = record.clockOffsetSeconds - clockOffsetSeconds; // their clock minus this machine's
  const commandAtSeconds = record.commandAtSeconds + shiftSeconds;
  const caveats = [...record.caveats, ...pods.caveats];
  const notes = [...record.notes, ...pods.notes];
  return {
    kind: "run",
    record: { ...record, phase: "loaded", k6, health, clockOffsetSeconds, commandAtSeconds, caveats, notes },
    plan: readPlan(record.inspected),
    sent,
    sentIsWhole,
    caveats: [],
    now: () => host.now() + shiftSeconds,
  };
}
