import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { podReportSchema, type PodReport } from "../run/kubernetes/message.ts";
import type { RunRecord } from "../run/record.ts";
import { together, type Together } from "./together.ts";

const reportsSchema = z.array(podReportSchema);

/** Keeps what the pods of a run said, so that it can be judged when they are gone. */
export function writePods(folder: string, reports: readonly PodReport[]): void {
  writeFileSync(join(folder, "pods.json"), `${JSON.stringify(reports, null, 2)}\n`);
}

/** Reads it back; undefined where it was never written whole. */
export function readPodReports(folder: string): PodReport[] | undefined {
  try {
    return reportsSchema.safeParse(JSON.parse(readFileSync(join(folder, "pods.json"), "utf8"))).data;
  } catch {
    return undefined;
  }
}

/** Fills a run's record with what its pods did, all times on their clock; `shiftSeconds` is that clock minus the caller's. */
export function withPods(record: RunRecord, reports: readonly PodReport[]): { record: RunRecord; pods: Together; shiftSeconds: number } {
  const pods = together(reports, record.interrupted);
  const offset = pods.clockOffsetSeconds ?? record.clockOffsetSeconds;
  const shiftSeconds = record.clockOffsetSeconds - offset;
  return {
    ...{ pods, shiftSeconds },
    record: {
      ...record,
      ...{ phase: "loaded", k6: pods.k6, health: pods.health, clockOffsetSeconds: offset },
      commandAtSeconds: record.commandAtSeconds + shiftSeconds,
      doubts: [...record.doubts, ...pods.doubts],
      notes: [...record.notes, ...pods.notes],
    },
  };
}
