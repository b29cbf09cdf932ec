import { readFileSync } from "node:fs";
import { join } from "node:path";
import { endingText, runProcess, withoutSecrets } from "../host/process.ts";
import type { Child, ProcessGroup } from "../host/process-group.ts";
import { isSampleLine } from "./samples.ts";
import { explainRefusal } from "./script-errors.ts";

export interface K6Options {
  binary: string;
  script: string;
  /** Here stand k6's log and summary, and what the script itself writes (handleSummary). */
  folder: string;
  writeUrl: string;
  testid: string;
  target: string;
  environment: NodeJS.ProcessEnv;
  isUserScript: boolean;
  /** Written by k6 at its end with its own totals; undefined in long runs, where k6 would keep every sample in memory for it. */
  summaryFile: string | undefined;
  /** The part of the load that falls to this process of several. */
  segment: { index: number; of: number };
  onLine: (line: K6Line) => void;
}

export type K6Line =
  /** What k6 said of itself while it ran: its own counts, over all its scenarios. */
  | { kind: "progress"; iterations: number; interrupted: number }
  | { kind: "log"; level: string; message: string; thrown: boolean }
  | { kind: "other"; text: string };

const progressLine = /^running \(.*\), \d+\/\d+ VUs, (\d+) complete and (\d+) interrupted iterations/;

/** Reads one line of k6's output; progress stands on stdout only, where a script cannot write. */
export function readK6Line(line: string, from: "stdout" | "stderr" = "stderr"): K6Line {
  const progress = from === "stdout" ? progressLine.exec(line) : null;
  if (progress) return { kind: "progress", iterations: Number(progress[1]), interrupted: Number(progress[2]) };
  try {
    if (!line.startsWith("{")) return { kind: "other", text: line };
    const log = JSON.parse(line) as Record<string, unknown>;
    const error = typeof log["error"] === "string" && log["error"] !== log["msg"] ? `: ${log["error"]}` : "";
    return { kind: "log", level: String(log["level"]), message: `${String(log["msg"])}${error}`, thrown: log["source"] === "stacktrace" };
  } catch {
    return { kind: "other", text: line };
  }
}

/** Ours are trimmed by the scenario; a user script's are bounded here. */
const userScriptTags = "proto,subproto,status,method,name,group,check,error,error_code,tls_version,scenario,service,expected_response";
const output = ["--out", "experimental-prometheus-rw", "--features", "native-histograms,merge-run-tags", "--log-format", "json"];
const runArguments = ["run", ...output, "--no-thresholds", "--no-color", "--no-usage-report"];

/** Keeps k6's variables away from the child: those that would change what is measured or where it is written, and the credentials for Prometheus. */
export function k6Environment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(withoutSecrets(environment)).filter(([name]) => !/^K6_(?!BROWSER)/.test(name)));
}

/** A script for k6 to read; `environment` is all that it sees of the environment. */
type ScriptOptions = Pick<K6Options, "binary" | "script" | "environment"> & { limitSeconds?: number };

/** Asks k6 how it reads the script, and gives what the script logs meanwhile; one that throws while it loads is a problem with its place. */
export async function inspectScript(options: ScriptOptions) {
  const args = ["inspect", "--execution-requirements", "--include-system-env-vars"];
  const read = await readScript({ ...options, environment: k6Environment(options.environment) }, args);
  if (read.kind === "problem") return read;
  return { kind: "inspected" as const, output: read.stdout, logged: logged(read.stderr).map(({ message }) => message) };
}

/** Writes a script with all that it opens and imports into one file, which k6 runs anywhere; `environment` is kept in it, so it holds no more than the run's own variables. */
export const archiveScript = (options: ScriptOptions, outfile: string) =>
  readScript(options, ["archive", "--include-system-env-vars", "-O", outfile]);

async function readScript({ binary, script, environment, limitSeconds = 30 }: ScriptOptions, args: readonly string[]) {
  const problem = (message: string) => ({ kind: "problem" as const, message });
  const command = { command: binary, args: [...args, "--log-format", "json", script], environment, limitSeconds };
  const { ending, stdout, stderr } = await runProcess(command);
  if (ending.kind === "exited" && ending.code === 0) return { kind: "read" as const, stdout, stderr };
  if (ending.kind !== "overdue") return problem(errorsIn(stderr, script) || endingText(command, ending));
  return problem(`the script did not finish loading within ${limitSeconds} s: likely an endless loop, or a slow open()`);
}

/** Gives the errors that k6 logged of a script, or all that it said. */
function errorsIn(stderr: string, script: string): string {
  const errors = logged(stderr).filter(({ level }) => level === "error");
  if (errors.length === 0) return stderr.trim();
  const text = readFileSync(script, "utf8");
  return errors.map(({ message }) => explainRefusal({ message, file: script, text })).join("\n");
}

const logged = (stderr: string) =>
  stderr
    .split("\n")
    .map((line) => readK6Line(line))
    .filter((line) => line.kind === "log");

/** Starts k6 with remote write to the relay; its end is the child's exit. */
export function startK6(group: ProcessGroup, options: K6Options): Child {
  const { testid, target, folder, summaryFile, segment } = options;
  const index = String(segment.index);
  const tags = ["--tag", `testid=${testid}`, "--tag", `instance_id=${index}`];
  const summary = ["--summary-mode", ...(summaryFile ? ["compact", "--summary-export", summaryFile] : ["disabled"])];
  const system = options.isUserScript ? ["--system-tags", userScriptTags] : [];
  return group.start({
    name: "k6",
    command: options.binary,
    args: [...runArguments, ...summary, ...system, ...segmentArguments(segment), ...tags, options.script],
    environment: {
      GOGC: "400", // k6 spends up to a fifth of its time collecting garbage at Go's default of 100
      PLIMSOLL_SAMPLES: "1",
      ...k6Environment(options.environment),
      PLIMSOLL_TARGET: target,
      PLIMSOLL_TESTID: testid,
      PLIMSOLL_INSTANCE: index,
      K6_PROMETHEUS_RW_SERVER_URL: options.writeUrl,
      K6_PROMETHEUS_RW_PUSH_INTERVAL: "1s",
    },
    folder,
    logFile: join(folder, "k6.log"),
    isLogged: (line) => !isSampleLine(line),
    onLine: (line, from) => options.onLine(readK6Line(line, from)),
  });
}

/** Cuts the load into equal parts, of which together none is missing or done twice (k6, execution segments). */
function segmentArguments({ index, of }: { index: number; of: number }): string[] {
  if (of === 1) return [];
  const cuts = Array.from({ length: of + 1 }, (_, i) => (i === 0 ? "0" : i === of ? "1" : `${i}/${of}`));
  return ["--execution-segment", `${cuts[index]}:${cuts[index + 1]}`, "--execution-segment-sequence", cuts.join(",")];
}
