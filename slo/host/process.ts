import { spawn, type ChildProcess } from "node:child_process";
import { errorMessage } from "./error-message.ts";
import { reapAfterUs } from "./reaper.ts";

/** A program to run to its end. */
export interface Command {
  command: string;
  args: readonly string[];
  /** When it is over, the program is killed with all that it started. */
  limitSeconds: number;
  folder?: string;
  /** By default this process's own; the credentials for Prometheus are always left out. */
  environment?: NodeJS.ProcessEnv;
  /** For its standard input, so that no secret stands on a command line. */
  input?: string;
  /** Ends it early. */
  signal?: AbortSignal | undefined;
  /** How long it may take to stop after a SIGINT, before it is killed. */
  graceSeconds?: number;
}

/** How a program ended. */
export type Ending =
  | { kind: "exited"; code: number }
  | { kind: "signalled"; signal: NodeJS.Signals }
  | { kind: "notStarted"; isMissing: boolean; message: string }
  | { kind: "overdue" }
  | { kind: "aborted" }
  | { kind: "flooded" };

/** What a program printed, and how it ended. */
export interface Ran {
  ending: Ending;
  stdout: string;
  /** The last of it. */
  stderr: string;
  /** The last of both streams, as they came. */
  output: string;
}

/** Runs programs; the port of what asks other programs. */
export type RunProcess = (command: Command) => Promise<Ran>;

const longestStdout = 256 * 1024 ** 2;
const keptOutput = 1024 ** 2;

/** Runs a program without a shell, in a process group of its own: the terminal's Ctrl-C is for us, and what it started is stopped with it. */
export const runProcess: RunProcess = async (command) => {
  const started = startGroup(command, command.input === undefined ? "ignore" : "pipe");
  if (started.kind === "failed") return { ending: notStarted(started.error), stdout: "", stderr: "", output: "" };
  const { child } = started;
  child.stdin?.on("error", () => undefined).end(command.input);
  let stopped: Ending | undefined;
  let killer: NodeJS.Timeout | undefined;
  const stop = (ending: Ending): void => {
    stopped ??= ending;
    if (command.graceSeconds !== undefined) signalGroup(child, "SIGINT");
    killer ??= setTimeout(() => killGroup(child), (command.graceSeconds ?? 0) * 1000);
  };
  const abort = (): void => stop({ kind: "aborted" });
  command.signal?.addEventListener("abort", abort);
  if (command.signal?.aborted) abort();
  const limit = setTimeout(() => stop({ kind: "overdue" }), command.limitSeconds * 1000);
  const printed = collect(child, () => stop({ kind: "flooded" }));
  const ending = await endOf(child);
  clearTimeout(limit);
  clearTimeout(killer);
  command.signal?.removeEventListener("abort", abort);
  return { ending: stopped ?? ending, ...printed() };
};

function collect(child: ChildProcess, flooded: () => void): () => Omit<Ran, "ending"> {
  let [stdout, stderr, output] = ["", "", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    output = (output + text).slice(-keptOutput);
    if (stdout.length > longestStdout) flooded();
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-keptOutput);
    output = (output + text).slice(-keptOutput);
  });
  return () => ({ stdout, stderr, output });
}

function endOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    child.on("error", (error) => resolve(notStarted(error)));
    child.on("close", (code, signal) => resolve(signal === null ? { kind: "exited", code: code ?? 1 } : { kind: "signalled", signal }));
  });
}

function killGroup(child: ChildProcess): void {
  signalGroup(child, "SIGKILL");
  child.stdout?.destroy(); // a daemon that it left behind may hold them open
  child.stderr?.destroy();
}

const notStarted = (error: unknown): Ending => ({
  kind: "notStarted",
  isMissing: error instanceof Error && "code" in error && error.code === "ENOENT",
  message: errorMessage(error),
});

/** Words how a program ended that should have ended with 0. */
export function endingText({ command, limitSeconds }: Pick<Command, "command" | "limitSeconds">, ending: Ending): string {
  switch (ending.kind) {
    case "exited":
      return `${command} ended with ${ending.code}`;
    case "signalled":
      return `${command} was ended by ${ending.signal}`;
    case "notStarted":
      return `${command} does not run: ${ending.message}`;
    case "overdue":
      return `${command} did not end within ${limitSeconds} s`;
    case "aborted":
      return "interrupted";
    case "flooded":
      return `${command} printed more than ${longestStdout / 1024 ** 2} MiB`;
  }
}

/** Starts a program as the leader of its own process group, which ends when this process does. */
export function startGroup(
  { command, args, folder, environment = process.env }: Pick<Command, "command" | "args" | "folder" | "environment">,
  stdin: "pipe" | "ignore",
): { kind: "started"; child: ChildProcess } | { kind: "failed"; error: unknown } {
  try {
    const child = spawn(command, args, { cwd: folder, env: withoutSecrets(environment), detached: true, stdio: [stdin, "pipe", "pipe"] });
    if (child.pid !== undefined) child.once("close", reapAfterUs(child.pid));
    return { kind: "started", child };
  } catch (error) {
    return { kind: "failed", error }; // some of the system's errors are thrown, others are events
  }
}

/** Sends a signal to a child and all that it started. */
export function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // it ended in the meantime
  }
}

/** Keeps the credentials for Prometheus from every child: a script could read them from its environment. */
export function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith("PLIMSOLL_PROMETHEUS_")));
}
