import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readReport } from "../report/json.ts";
import type { Report } from "../report/schema.ts";
import { waitFor } from "../host/wait.ts";

const project = fileURLToPath(new URL("../../", import.meta.url));

/** A command line of ours that runs as a user's would: a process of its own, in a folder of its own. */
export interface Running {
  folder: string;
  process: ChildProcess;
  stderr: () => string;
  /** Waits until stderr holds the text, or the process ends. */
  says: (text: string) => Promise<void>;
  ended: Promise<Ended>;
}

/** How it ended. */
export interface Ended {
  exitCode: number | null;
  stdout: string;
  stderr: string;
  folder: string;
}

/** Makes an empty working folder for a command. */
export function workingFolder(): string {
  return mkdtempSync(join(tmpdir(), "plimsoll-test-"));
}

/** Starts `plimsoll ARGS` in a folder. */
export function start(args: readonly string[], options: { folder?: string; environment?: NodeJS.ProcessEnv } = {}): Running {
  const folder = options.folder ?? workingFolder();
  const environment = { ...process.env, INIT_CWD: folder, ...options.environment };
  const child = spawn(process.execPath, ["--import", "tsx", join(project, "slo/cli/main.ts"), ...args], {
    cwd: project,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve) => child.on("close", (exitCode) => resolve({ exitCode, stdout, stderr, folder })));
  const says = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!stderr.includes(text)) return;
        child.stderr.off("data", look);
        resolve();
      };
      child.stderr.on("data", look);
      void ended.then(() => resolve());
      look();
    });
  return { folder, process: child, stderr: () => stderr, says, ended };
}

/** Runs `plimsoll ARGS` to its end. */
export function run(args: readonly string[], options: { folder?: string; environment?: NodeJS.ProcessEnv } = {}): Promise<Ended> {
  return start(args, options).ended;
}

/** Lists the runs that a folder remembers. */
export function runsIn(folder: string): string[] {
  try {
    return readdirSync(join(folder, ".plimsoll", "runs"));
  } catch {
    return [];
  }
}

/** Reads the report of the only run in a folder; throws what is wrong with it. */
export function reportIn(folder: string): Report {
  const [testid] = runsIn(folder);
  const read = readReport(readFileSync(join(folder, ".plimsoll", "runs", testid ?? "none", "report.json"), "utf8"));
  if (read.kind === "problem") throw new Error(read.message);
  return read.report;
}

/** Writes a spec that a few hundred requests can prove, and gives its path. */
export function easySpec(folder: string, more = ""): string {
  const file = join(folder, "easy.yaml");
  writeFileSync(
    file,
    `version: 1
service: storage-api
objectives:
  - name: availability
    target: 97%
    indicator: { errors: { side: client } }
  - name: server errors
    target: 97%
    indicator: { errors: { side: server } }
  - name: latency
    target: 95%
    indicator: { latency: { side: client, atMost: 500ms } }
  - name: server latency
    target: 95%
    indicator: { latency: { side: server, atMost: 500ms, where: { method: GET, route: "/api/buckets/:id" } } }
${more}`,
  );
  return file;
}

/** What makes a run of our scenarios brief. */
export const brief = ["--rate", "60", "--duration", "8s", "--set", "warmup=1"];

/** Lists what a run in a folder left behind, once there has been time for it to go. */
export async function leftAfterwards(folder: string): Promise<string[]> {
  await waitFor(async () => (leftBehind(folder).length === 0 ? true : undefined), 15, 100);
  return leftBehind(folder);
}

/** Lists the processes, by command line, that mention a folder: what a run left behind. */
export function leftBehind(folder: string): string[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      const environment = readFileSync(`/proc/${name}/environ`, "utf8");
      return Number(name) !== process.pid && (command.includes(folder) || environment.includes(`INIT_CWD=${folder}\0`)) ? [command] : [];
    } catch {
      return [];
    }
  });
}

/** Finds the k6 that loads for a folder, once it has begun. */
export async function k6Pid(folder: string): Promise<number> {
  const pid = await waitFor(
    async () => {
      for (const name of readdirSync("/proc")) {
        if (!/^\d+$/.test(name)) continue;
        try {
          const command = readFileSync(`/proc/${name}/cmdline`, "utf8");
          if (command.includes("experimental-prometheus-rw") && command.includes(folder)) return Number(name);
        } catch {
          continue;
        }
      }
      return undefined;
    },
    60,
    50,
  );
  if (pid === undefined) throw new Error("k6 was not started");
  return pid;
}

/**
 * Loads again, twice at most, where the verdict is rightly open because k6 lacked the CPU that it needed: the machine of a test does other work too.
 * `said` gives the words of what was run.
 */
export async function undisturbed<T>(load: () => Promise<T>, said: (ended: T) => string): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const ended = await load();
    const words = said(ended).replace(/\s+/g, " ");
    if (tries === 3 || !/INCONCLUSIVE .*(may have been|was) short of CPU|INCONCLUSIVE .*whether (k6|it) had the CPU/.test(words))
      return ended;
  }
}
