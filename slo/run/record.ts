import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { commandLine } from "../host/command-line.ts";
import { errorMessage } from "../host/error-message.ts";
import { replaceFile } from "../host/replace-file.ts";
import { sampleSchema } from "./samples.ts";

export const healthSummary = z.strictObject({
  cpuShareMax: z.number().nullable(),
  memoryPeakBytes: z.number().nullable(),
  /** Unix seconds at which k6 was short of CPU. */
  starvedAtSeconds: z.array(z.number()),
  /** False where the system does not tell (no /proc). */
  known: z.boolean(),
});

export const k6Outcome = z.strictObject({
  startedAtSeconds: z.number(),
  endedAtSeconds: z.number().nullable(),
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  iterations: z.number().nullable(),
  interrupted: z.number(),
  /** k6's own total of requests, where its summary was on. */
  summaryRequests: z.number().nullable(),
  /** k6's own total of the slow requests and wrong contents that our scenarios count, where the summary tells. */
  summaryBad: z.number().nullable(),
  /** The script's own checks, where the summary tells. */
  checks: z.strictObject({ passes: z.number(), fails: z.number() }).nullable(),
  errors: z.array(z.string()),
  /** Requests that failed or were slow, a fair choice; absent where nobody collected them. */
  samples: z.array(sampleSchema).optional(),
});

/** Who loaded, with what, from where; null is not told. */
export const originSchema = z.strictObject({
  command: z.string(),
  /** Of the user's folder; `-dirty` where something in it was not committed. */
  commit: z.string().nullable(),
  machine: z.string(),
  versions: z.strictObject({ plimsoll: z.string(), k6: z.string(), prometheus: z.string().nullable() }),
});

/** `run.json`: what a run was asked to do and what became of it, enough to judge it later. */
export const recordSchema = z.strictObject({
  version: z.literal(1),
  testid: z.string(),
  scenario: z.string(),
  /** The user script, where there is one. */
  script: z.string().nullable(),
  specFile: z.string(),
  specText: z.string(),
  target: z.string(),
  prometheus: z.strictObject({ url: z.string(), embedded: z.boolean() }),
  /** Where its pods ran; null for a run on this machine. */
  cluster: z.strictObject({ context: z.string(), namespace: z.string(), job: z.string(), pods: z.int().positive() }).nullable(),
  telemetry: z.strictObject({ traces: z.string().optional(), logs: z.string().optional() }).optional(),
  serverLabels: z.record(z.string(), z.string()),
  slowCounted: z.boolean(),
  scrapeIntervalSeconds: z.number(),
  /** Up to where the service's counters were read, on Prometheus's clock; null until the run was judged. */
  countedUntilSeconds: z.number().nullable(),
  /** What the command took before the first request and from the last one to the verdict, seconds; null until the run was judged at once. */
  timings: z.strictObject({ toFirstRequestSeconds: z.number().nullable(), toVerdictSeconds: z.number().nullable() }).nullable(),
  /** Prometheus's clock minus ours. */
  clockOffsetSeconds: z.number(),
  commandAtSeconds: z.number(),
  inspected: z.string(),
  origin: originSchema.nullable(),
  /** What was proved to be exceeded when the load was stopped for it, by the counts of that moment; null where it ran to its end. */
  stoppedOnProof: z
    .strictObject({
      objective: z.string(),
      bad: z.number(),
      total: z.number(),
      /** All requests of the plan, which the proof holds for; null where it holds at any look. */
      planned: z.number().nullable(),
      afterSeconds: z.number(),
    })
    .nullable(),
  phase: z.enum(["prepared", "loading", "loaded", "judged"]),
  interrupted: z.boolean(),
  k6: k6Outcome.nullable(),
  health: healthSummary.nullable(),
  /** What happened that a verdict has to know, one sentence each. */
  caveats: z.array(z.string()),
  notes: z.array(z.string()),
});

export type RunRecord = z.infer<typeof recordSchema>;

export const runFolder = (root: string, testid: string): string => join(root, ".plimsoll", "runs", testid);

/** Makes a folder below `.plimsoll/` of the working folder, which hides itself from git. */
export function makeOwnFolder(root: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const ignore = join(root, ".plimsoll", ".gitignore");
  if (!existsSync(ignore)) writeFileSync(ignore, "*\n");
}

/** A testid of ours: safe as a folder name and as a label value. */
export const testidPattern = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$/;

/** Writes the record so that a crash leaves the old one or the new one, never half of one. */
export function writeRecord(folder: string, record: RunRecord): void {
  mkdirSync(folder, { recursive: true });
  writeWhole(join(folder, "run.json"), recordSchema.parse(record));
}

/** Writes a JSON file so that a crash leaves the old one or the new one, never half of one. */
export function writeWhole(file: string, value: unknown): void {
  replaceFile(file, `${JSON.stringify(value, null, 2)}\n`);
}

export function readRecord(folder: string): { kind: "record"; record: RunRecord } | { kind: "problem"; message: string } {
  const file = join(folder, "run.json");
  if (!existsSync(folder)) {
    const message = `there is no run ${JSON.stringify(basename(folder))} in .plimsoll/runs; ${commandLine("history", "")} lists them`;
    return { kind: "problem", message };
  }
  if (!existsSync(file)) return { kind: "problem", message: `${folder} holds no run.json: it is no run, or one that never began` };
  try {
    const parsed = recordSchema.safeParse(JSON.parse(readFileSync(file, "utf8")));
    if (parsed.success) return { kind: "record", record: parsed.data };
    return { kind: "problem", message: `${file} is not a run record: ${z.prettifyError(parsed.error)}` };
  } catch (error) {
    return { kind: "problem", message: `cannot read ${file}: ${errorMessage(error)}` };
  }
}

/** Removes the folder of a run that sent no load: there is nothing in it to judge. */
export function dropUnstarted(folder: string): void {
  const read = readRecord(folder);
  if (read.kind === "problem" ? !existsSync(join(folder, "run.json")) : read.record.phase === "prepared")
    rmSync(folder, { recursive: true, force: true });
}

/** Notes that a run was judged, up to when the service's counters were read, and how long that took. */
export function rememberJudged(folder: string, record: RunRecord, judged: Pick<RunRecord, "countedUntilSeconds" | "timings">): void {
  writeRecord(folder, Object.assign(record, judged, { phase: "judged" }));
}
