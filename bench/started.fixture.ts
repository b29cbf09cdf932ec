import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { z } from "zod";
import { readReport } from "../slo/report/json.ts";
import { bundleScenario } from "../slo/run/bundle/bundle.ts";
import type { Child } from "../slo/host/process-group.ts";
import { startK6 } from "../slo/run/k6.ts";
import { startPrometheus, startTarget, type NotStarted, type Started } from "../slo/run/local-services.ts";
import { resolveTool } from "../slo/run/tools/resolve.ts";
import type { ToolName } from "../slo/run/tools/catalog.ts";
import type { Bench } from "./figure.fixture.ts";

/** The project's root. */
export const project = fileURLToPath(new URL("../", import.meta.url));

/** Finds a tool; throws the resolver's message when there is none. */
export async function toolOf({ say }: Bench, name: ToolName): Promise<string> {
  const tool = await resolveTool(name, { say });
  if (tool.kind === "missing") throw new Error(tool.message);
  return tool.path;
}

function running(started: Started | NotStarted): Started {
  if (started.kind === "failed") throw new Error(started.message);
  return started;
}

/** Starts the storage API with these variables and no faults of the caller's environment. */
export async function targetOf({ group, folder }: Bench, environment: Record<string, string>): Promise<Started> {
  const own = { PATH: process.env["PATH"], ...environment };
  return running(await startTarget(group, { root: project, logFile: join(folder, "target.log"), environment: own }));
}

/** Starts a Prometheus that scrapes the target, if any, as the job `storage-api`. */
export async function prometheusOf(
  bench: Bench,
  name: string,
  targetUrl?: string,
  more: { port?: number; outOfOrder?: string } = {},
): Promise<Started> {
  const [folder, logFile] = [join(bench.folder, name), join(bench.folder, "prometheus.log")];
  const binary = await toolOf(bench, "prometheus");
  const options = { binary, folder, logFile, job: "storage-api", targetUrl };
  return running(await startPrometheus(bench.group, { ...options, ...more }));
}

type Chosen = Partial<{ rate: number; vus: number; summaryFile: string; edit: (bundle: string) => string }>;

/** A load of one of our scenarios, without a warm-up; `rate` stands in for the scenario's own. */
export type OurLoad = { scenario: string; target: string; writeUrl: string; seconds: number } & Chosen;

/** Bundles a scenario as `load` does and starts k6 with it. */
export async function startOurs(bench: Bench, load: OurLoad): Promise<Child> {
  const { folder, group } = bench;
  const { scenario, target, writeUrl, seconds, rate, vus, summaryFile, edit } = load;
  const made = await bundleScenario({ entry: join(project, "scenarios", `${scenario}.ts`), outfile: join(folder, `${scenario}.js`) });
  if (made.kind === "problems") throw new Error(made.problems.map(({ message }) => message).join("\n"));
  if (edit !== undefined) writeFileSync(made.file, edit(readFileSync(made.file, "utf8")));
  return startK6(group, {
    binary: await toolOf(bench, "k6"),
    script: made.file,
    folder,
    writeUrl,
    testid: "bench",
    target,
    segment: { index: 0, of: 1 },
    isUserScript: false,
    environment: {
      ...process.env,
      PLIMSOLL_DURATION: `${seconds}s`,
      PLIMSOLL_SET: JSON.stringify({ warmup: "0", vus: vus?.toString() }),
      PLIMSOLL_SLOW_THRESHOLDS: "0.25",
      PLIMSOLL_RATE: rate?.toString(),
    },
    summaryFile,
    onLine: () => undefined,
  });
}

/** Runs `load` in a folder of its own, as a user would; gives its report, where its files are, the wall time and the exit code. */
export async function runLoad(bench: Bench, name: string, args: readonly string[]) {
  const own = join(bench.folder, name);
  mkdirSync(own);
  const began = performance.now();
  const child = bench.group.start({
    name: "plimsoll",
    command: process.execPath,
    args: ["--import", "tsx", join(project, "slo/cli/main.ts"), "load", ...args],
    environment: { ...process.env, INIT_CWD: own },
    folder: project,
    logFile: join(own, "load.log"),
  });
  const { code: exitCode } = await child.exited;
  const wallSeconds = (performance.now() - began) / 1000;
  const runs = join(own, ".plimsoll", "runs");
  const [testid] = exitCode === 2 || exitCode === 4 ? [] : readdirSync(runs);
  if (testid === undefined) throw new Error(`load ended with ${exitCode}:\n${child.tail().join("\n")}`);
  const folder = join(runs, testid);
  const read = readReport(readFileSync(join(folder, "report.json"), "utf8"));
  if (read.kind === "problem") throw new Error(read.message);
  return { report: read.report, folder, wallSeconds, exitCode };
}

/** Stops a part and waits for its end. */
export async function stop({ child }: Pick<Started, "child">): Promise<void> {
  await child.stop("SIGTERM", 5);
}

/** Takes remote writes and spans on a free loopback port, in a thread of its own: a bench that sends requests itself would send fewer while it reads them. */
export async function openSink(): Promise<{ url: string; close: () => void }> {
  const thread = new Worker(new URL("sink.fixture.ts", import.meta.url));
  const [port] = await once(thread, "message");
  return { url: `http://127.0.0.1:${port}`, close: () => void thread.terminate() };
}

/** Counts what the service answered below /api/, by its own counters: all, and failed (5xx, 599 for a connection that it cut). */
export async function servedBy(target: string): Promise<{ requests: number; errors: number }> {
  const text = await (await fetch(`${target}/metrics`)).text();
  const counts = [...text.matchAll(/^http_request_duration_seconds_count\{(.*route="\/api\/.*)\} (\d+)$/gm)];
  const sum = (of: typeof counts): number => of.reduce((all, [, , count]) => all + Number(count), 0);
  return { requests: sum(counts), errors: sum(counts.filter(([, labels = ""]) => /status_code="5\d\d"/.test(labels))) };
}

const answerSchema = z.object({ data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }) });

/** Asks Prometheus for one number; nothing there is 0. */
export async function askedOf(prometheus: string, query: string): Promise<number> {
  const answer = answerSchema.parse(await (await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`)).json());
  return Number(answer.data.result[0]?.value[1] ?? 0);
}

/** Linux counts a process's time in hundredths of a second (proc(5), USER_HZ). */
const ticksPerSecond = 100;

/** Reads CPU seconds, user and system, out of the text of /proc/PID/stat; the name of the program may hold spaces and brackets. */
export function statCpuSeconds(stat: string): { own: number; children: number } {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15).map(Number);
  return { own: (user + system) / ticksPerSecond, children: (childrenUser + childrenSystem) / ticksPerSecond };
}

/** Reads the CPU seconds of a running process, and of those of its children that have ended, to their ends. */
export function cpuSecondsOf(pid: number): { own: number; children: number } {
  return statCpuSeconds(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

/** Reads from /proc the most memory that a process ever had, bytes. */
export function peakBytesOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}
