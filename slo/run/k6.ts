import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { withoutSecrets, type Child, type Nursery } from "./child.ts";
import { explainRefusal } from "./script-errors.ts";

/** Is what k6 said of itself while it ran; counts are k6's own, over all its scenarios. */
export interface K6Progress {
  iterations: number;
  interrupted: number;
  vus: number;
}

/** Is what a k6 run needs; `labels` become tags on every sample. */
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
  /** Ours are trimmed by the scenario; a foreign script's are bounded here. */
  systemTags: string | undefined;
  /** The part of the load that falls to this process of several. */
  segment?: { index: number; of: number };
  onLine: (line: K6Line) => void;
}

/** Is a line of k6's output, told apart. */
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

/** Asks k6 how it reads the script; a script that throws while it loads is a problem with its place. */
export function inspectScript(options: {
  binary: string;
  script: string;
  environment: NodeJS.ProcessEnv;
}): Promise<{ kind: "inspected"; output: string } | { kind: "problem"; message: string }> {
  return new Promise((resolve) => {
    const args = ["inspect", "--execution-requirements", "--include-system-env-vars", "--log-format", "json", options.script];
    const limits = { env: k6Environment(options.environment), timeout: 30_000, maxBuffer: 16 * 1024 * 1024 };
    execFile(options.binary, args, limits, (error, stdout, stderr) => {
      if (error === null) return resolve({ kind: "inspected", output: stdout });
      resolve({ kind: "problem", message: errorsIn(stderr, options.script) || error.message });
    });
  });
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
export function startK6(nursery: Nursery, options: K6Options): Child {
  const tags = Object.entries(options.labels).flatMap(([name, value]) => ["--tag", `${name}=${value}`]);
  const summary = options.summaryFile
    ? ["--summary-mode", "compact", "--summary-export", options.summaryFile]
    : ["--summary-mode", "disabled"];
  const system = options.systemTags ? ["--system-tags", options.systemTags] : [];
  const segment = options.segment && options.segment.of > 1 ? segmentArguments(options.segment) : [];
  return nursery.start({
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
export function archiveScript(options: {
  binary: string;
  script: string;
  outfile: string;
  environment: Record<string, string>;
}): Promise<{ kind: "archived" } | { kind: "problem"; message: string }> {
  return new Promise((resolve) => {
    const args = ["archive", "--include-system-env-vars", "--log-format", "json", "-O", options.outfile, options.script];
    execFile(options.binary, args, { env: options.environment, timeout: 30_000 }, (error, _, stderr) =>
      resolve(error === null ? { kind: "archived" } : { kind: "problem", message: errorsIn(stderr, options.script) || error.message }),
    );
  });
}

/** Says what a k6 exit code means (k6, errext/exitcodes). */
export function k6ExitMeaning(code: number): string {
  const meanings: Record<number, string> = {
    99: "thresholds failed",
    100: "setup() took too long",
    101: "teardown() took too long",
    102: "a time-out",
    103: "stopped through the REST API",
    104: "invalid configuration",
    105: "stopped by a signal",
    106: "its REST API could not start",
    107: "the script threw an error",
    108: "the script aborted the test",
    109: "k6 crashed",
    110: "the script marked the test as failed",
  };
  return meanings[code] ?? `exit code ${code}`;
}
