import { readFileSync } from "node:fs";
import { endingText, runProcess, withoutSecrets } from "../host/process.ts";
import type { Child, ProcessGroup } from "../host/process-group.ts";
import { explainRefusal } from "./script-errors.ts";

/** What k6 said of itself while it ran; counts are k6's own, over all its scenarios. */
export interface K6Progress {
  iterations: number;
  interrupted: number;
  vus: number;
}

/** What a k6 run needs; `labels` become tags on every sample. */
export interface K6Options {
  binary: string;
  script: string;
  folder: string;
  logFile: string;
  writeUrl: string;
  labels: Record<string, string>;
  environment: NodeJS.ProcessEnv;
  /** Written by k6 at its end with its own totals; undefined in long runs, where k6 would keep every sample in memory for it. */
  summaryFile: string | undefined;
  /** Ours are trimmed by the scenario; a user script's are bounded here. */
  systemTags: string | undefined;
  /** The part of the load that falls to this process of several. */
  segment?: { index: number; of: number };
  onLine: (line: K6Line) => void;
}

/** A line of k6's output, told apart. */
export type K6Line =
  | { kind: "progress"; progress: K6Progress }
  | { kind: "log"; level: string; message: string; thrown: boolean }
  | { kind: "other"; text: string };

const progressLine = /^running \(.*\), (\d+)\/(\d+) VUs, (\d+) complete and (\d+) interrupted iterations/;

/** Reads one line of k6's output; progress stands on stdout only, where a script cannot write. */
export function readK6Line(line: string, from: "stdout" | "stderr" = "stderr"): K6Line {
  const progress = from === "stdout" ? progressLine.exec(line) : null;
  if (progress)
    return { kind: "progress", progress: { vus: Number(progress[1]), iterations: Number(progress[3]), interrupted: Number(progress[4]) } };
  if (line.startsWith("{")) return readLog(line);
  return { kind: "other", text: line };
}

function readLog(line: string): K6Line {
  try {
    const log = JSON.parse(line) as Record<string, unknown>;
    const error = typeof log["error"] === "string" && log["error"] !== log["msg"] ? `: ${log["error"]}` : "";
    return { kind: "log", level: String(log["level"]), message: `${String(log["msg"])}${error}`, thrown: log["source"] === "stacktrace" };
  } catch {
    return { kind: "other", text: line };
  }
}

const features = "native-histograms,merge-run-tags";

/** Keeps k6's variables away from the child: those that would change what is measured or where it is written, and the credentials for Prometheus. */
export function k6Environment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = Object.entries(withoutSecrets(environment)).filter(([name]) => !name.startsWith("K6_") || name.startsWith("K6_BROWSER"));
  return Object.fromEntries(own);
}

const readLimitSeconds = 30;

/** Asks k6 how it reads the script; a script that throws while it loads is a problem with its place. */
export async function inspectScript(options: {
  binary: string;
  script: string;
  environment: NodeJS.ProcessEnv;
  limitSeconds?: number;
}): Promise<{ kind: "inspected"; output: string } | { kind: "problem"; message: string }> {
  const args = ["inspect", "--execution-requirements", "--include-system-env-vars"];
  const read = await readScript(options, args, k6Environment(options.environment));
  return read.kind === "read" ? { kind: "inspected", output: read.stdout } : read;
}

/** Has k6 read a script, with the arguments that say what for. */
async function readScript(
  { binary, script, limitSeconds = readLimitSeconds }: { binary: string; script: string; limitSeconds?: number },
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<{ kind: "read"; stdout: string } | { kind: "problem"; message: string }> {
  const command = { command: binary, args: [...args, "--log-format", "json", script], environment, limitSeconds };
  const { ending, stdout, stderr } = await runProcess(command);
  if (ending.kind === "exited" && ending.code === 0) return { kind: "read", stdout };
  const errors = errorsIn(stderr, script);
  if (ending.kind !== "overdue") return { kind: "problem", message: errors || endingText(command, ending) };
  return {
    kind: "problem",
    message: `${script} did not finish loading within ${limitSeconds} s: likely an endless loop, or a slow open()`,
  };
}

/** Gives the errors that k6 logged of a script, or all that it said. */
function errorsIn(stderr: string, script: string): string {
  const errors = stderr
    .split("\n")
    .map((line) => readK6Line(line))
    .flatMap((line) => (line.kind === "log" && line.level === "error" ? [line.message] : []));
  if (errors.length === 0) return stderr.trim();
  const text = readFileSync(script, "utf8");
  return errors.map((message) => explainRefusal({ message, file: script, text })).join("\n");
}

/** Starts k6 with remote write to the relay; its end is the child's exit. */
export function startK6(group: ProcessGroup, options: K6Options): Child {
  const tags = Object.entries(options.labels).flatMap(([name, value]) => ["--tag", `${name}=${value}`]);
  const summary = options.summaryFile
    ? ["--summary-mode", "compact", "--summary-export", options.summaryFile]
    : ["--summary-mode", "disabled"];
  const system = options.systemTags ? ["--system-tags", options.systemTags] : [];
  const segment = options.segment && options.segment.of > 1 ? segmentArguments(options.segment) : [];
  return group.start({
    name: "k6",
    command: options.binary,
    args: [
      ...["run", "--out", "experimental-prometheus-rw", "--features", features, "--no-thresholds", "--no-color", "--no-usage-report"],
      ...["--log-format", "json", ...summary, ...system, ...segment, ...tags, options.script],
    ],
    environment: {
      GOGC: "400", // k6 spends up to a fifth of its time collecting garbage at Go's default of 100
      ...k6Environment(options.environment),
      K6_PROMETHEUS_RW_SERVER_URL: options.writeUrl,
      K6_PROMETHEUS_RW_PUSH_INTERVAL: "1s",
    },
    folder: options.folder,
    logFile: options.logFile,
    onLine: (line, from) => options.onLine(readK6Line(line, from)),
  });
}

/** Cuts the load into equal parts, of which together none is missing or done twice (k6, execution segments). */
function segmentArguments({ index, of }: { index: number; of: number }): string[] {
  const cuts = Array.from({ length: of + 1 }, (_, i) => (i === 0 ? "0" : i === of ? "1" : `${i}/${of}`));
  return ["--execution-segment", `${cuts[index]}:${cuts[index + 1]}`, "--execution-segment-sequence", cuts.join(",")];
}

/** Writes a script with all that it opens and imports into one file, which k6 runs anywhere; `environment` is kept in it, so it holds no more than the run's own variables. */
export async function archiveScript(options: {
  binary: string;
  script: string;
  outfile: string;
  environment: Record<string, string>;
}): Promise<{ kind: "archived" } | { kind: "problem"; message: string }> {
  const args = ["archive", "--include-system-env-vars", "-O", options.outfile];
  const read = await readScript(options, args, options.environment);
  return read.kind === "read" ? { kind: "archived" } : read;
}
