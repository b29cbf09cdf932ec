import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { errorMessage } from "./error-message.ts";

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
  signal?: AbortSignal | undefined;
  /** How long it may take to stop after a SIGINT, before it is killed. */
  graceSeconds?: number;
}

export type Ending =
  | { kind: "exited"; code: number }
  | { kind: "signalled"; signal: NodeJS.Signals }
  | { kind: "notStarted"; isMissing: boolean; message: string }
  | { kind: "overdue" }
  | { kind: "aborted" }
  | { kind: "flooded" };

export interface Ran {
  ending: Ending;
  stdout: string;
  /** The last of it. */
  stderr: string;
  /** The last of both streams, as they came. */
  output: string;
}

const longestStdout = 256 * 1024 ** 2;
const keptOutput = 1024 ** 2;

export async function runProcess(command: Command): Promise<Ran> {
  let [stdout, stderr, output] = ["", "", ""];
  let stopped: Ending | undefined;
  const stop = (ending: Ending): void => {
    if (stopped !== undefined) return;
    stopped = ending;
    void program.stop(command.graceSeconds === undefined ? "SIGKILL" : "SIGINT", command.graceSeconds ?? 0);
  };
  const program = startProgram(command, (text, from) => {
    output = (output + text).slice(-keptOutput);
    if (from === "stderr") stderr = (stderr + text).slice(-keptOutput);
    else stdout += text;
    if (stdout.length > longestStdout) stop({ kind: "flooded" });
  });
  const abort = (): void => stop({ kind: "aborted" });
  command.signal?.addEventListener("abort", abort);
  if (command.signal?.aborted) abort();
  const limit = setTimeout(() => stop({ kind: "overdue" }), command.limitSeconds * 1000);
  const exit = await program.exited;
  clearTimeout(limit);
  command.signal?.removeEventListener("abort", abort);
  return { ending: stopped ?? endingOf(exit), stdout, stderr, output };
}

function endingOf({ code, signal, error }: Exit): Ending {
  if (error !== undefined) return { kind: "notStarted", isMissing: error.includes("ENOENT"), message: error };
  return signal === null ? { kind: "exited", code: code ?? 1 } : { kind: "signalled", signal };
}

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

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Set when it could not be started at all. */
  error?: string;
}

export type TakeText = (text: string, from: "stdout" | "stderr") => void;

/** Starts a program that leads its own process group: the terminal's Ctrl-C is for us, and all that it starts is stopped with it and ends when this process does. */
export function startProgram(
  { command, args, folder, environment = process.env, input }: Pick<Command, "command" | "args" | "folder" | "environment" | "input">,
  take: TakeText,
) {
  const { promise: exited, resolve } = Promise.withResolvers<Exit>();
  const neverRan = (error: unknown): void => resolve({ code: null, signal: null, error: errorMessage(error) });
  let [child, ended]: [ChildProcess?, Exit?] = [];
  try {
    const stdin = input === undefined ? "ignore" : "pipe";
    child = spawn(command, args, { cwd: folder, env: withoutSecrets(environment), detached: true, stdio: [stdin, "pipe", "pipe"] });
    child.on("error", neverRan);
    child.on("close", (code, signal) => resolve({ code, signal }));
    if (child.pid !== undefined) child.once("close", reapAfterUs(child.pid));
    for (const from of ["stdout", "stderr"] as const) child[from]?.setEncoding("utf8").on("data", (text: string) => take(text, from));
    child.stdin?.on("error", () => undefined).end(input);
  } catch (error) {
    neverRan(error); // some of the system's errors are thrown, others are events
  }
  const signal = (name: NodeJS.Signals): void => {
    if (ended !== undefined || child?.pid === undefined) return;
    try {
      process.kill(-child.pid, name);
    } catch {
      // it ended in the meantime
    }
    if (name === "SIGKILL") for (const stream of [child.stdout, child.stderr]) stream?.destroy(); // a daemon that it left behind may hold them open
  };
  return {
    pid: child?.pid,
    exited: exited.then((exit) => (ended = exit)),
    exit: () => ended,
    signal,
    /** Asks it to stop, and kills it after `graceSeconds`. */
    async stop(first: NodeJS.Signals, graceSeconds: number): Promise<Exit> {
      signal(first);
      const timer = setTimeout(() => signal("SIGKILL"), graceSeconds * 1000);
      const exit = await exited;
      clearTimeout(timer);
      return exit;
    },
  };
}

/** Keeps the credentials for Prometheus from every child: a script could read them from its environment. */
export function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^PLIMSOLL_(PROMETHEUS_|UPLOAD)/.test(name)));
}

const leaders = new Set<number>();
let reaper: ChildProcess | undefined;

/** Has a process group ended when this process ends, even by SIGKILL; gives what is to be called when the group's leader has ended. */
function reapAfterUs(leader: number): () => void {
  leaders.add(leader);
  tell();
  return () => {
    leaders.delete(leader);
    tell();
  };
}

function tell(): void {
  reaper ??= startReaper();
  reaper.stdin?.write(`${[...leaders].join(" ")}\n`);
}

/** Starts a small shell that waits for this process to end, and does not keep it from ending. */
function startReaper(): ChildProcess {
  const started = spawn("/bin/sh", [fileURLToPath(new URL("../host/reaper.sh", import.meta.url))], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  started.on("error", () => undefined);
  started.stdin?.on("error", () => undefined);
  started.unref();
  return started;
}
