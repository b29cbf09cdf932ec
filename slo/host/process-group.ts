import type { ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { errorMessage } from "./error-message.ts";
import { signalGroup, startGroup } from "./process.ts";

/** How a child process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Set when the program could not be started at all. */
  error?: string;
}

/** A running child process; its output goes to its log file and, line by line, to `onLine`. */
export interface Child {
  name: string;
  pid: number | undefined;
  exited: Promise<Exit>;
  /** The exit, once it has happened. */
  exit(): Exit | undefined;
  /** The last lines of its output, oldest first. */
  tail(): string[];
  signal(signal: NodeJS.Signals): void;
  /** Asks it to stop, and kills it after `graceSeconds`. */
  stop(signal: NodeJS.Signals, graceSeconds: number): Promise<Exit>;
}

/** A child process to start. */
export interface ChildOptions {
  name: string;
  command: string;
  args: string[];
  environment: NodeJS.ProcessEnv;
  folder: string;
  logFile: string;
  onLine?: (line: string, from: "stdout" | "stderr") => void;
}

/** Children that run beside us, each with what it starts in a process group of its own; none outlives this process, even when it is killed. */
export interface ProcessGroup {
  start(options: ChildOptions): Child;
  stopAll(): Promise<void>;
  /** True from when all are being stopped: nothing is to be started again. */
  isClosed(): boolean;
}

const tailLines = 40;
const longestLine = 65_536;

/** Opens a group without children. */
export function openProcessGroup(): ProcessGroup {
  const children = new Set<Child>();
  let closed = false;
  return {
    start(options) {
      const child = startChild(options);
      children.add(child);
      void child.exited.then(() => children.delete(child));
      return child;
    },
    isClosed: () => closed,
    async stopAll() {
      closed = true;
      await Promise.all([...children].map((child) => child.stop("SIGTERM", 5)));
    },
  };
}

function startChild(options: ChildOptions): Child {
  const started = startGroup(options, "ignore");
  const tail: string[] = [];
  let ended: Exit | undefined;
  const exited = (started.kind === "failed" ? Promise.resolve(neverRan(started.error)) : keepOutput(started.child, options, tail)).then(
    (exit) => (ended = exit),
  );
  const signal = (name: NodeJS.Signals): void => {
    if (ended === undefined && started.kind === "started") signalGroup(started.child, name);
  };
  return {
    name: options.name,
    pid: started.kind === "started" ? started.child.pid : undefined,
    exited,
    exit: () => ended,
    tail: () => [...tail],
    signal,
    async stop(first, graceSeconds) {
      signal(first);
      const timer = setTimeout(() => signal("SIGKILL"), graceSeconds * 1000);
      const exit = await exited;
      clearTimeout(timer);
      return exit;
    },
  };
}

const neverRan = (error: unknown): Exit => ({ code: null, signal: null, error: errorMessage(error) });

/** Keeps what a child prints until it ends. */
function keepOutput(child: ChildProcess, { logFile, onLine }: ChildOptions, tail: string[]): Promise<Exit> {
  const log = createWriteStream(logFile, { flags: "a" });
  log.on("error", () => undefined); // a full disk must not end the run here; the relay's spool reports it
  for (const from of ["stdout", "stderr"] as const) {
    const stream = child[from]?.setEncoding("utf8").on("data", (chunk: string) => void log.write(chunk));
    readLines(stream, (line) => {
      tail.push(line);
      if (tail.length > tailLines) tail.shift();
      onLine?.(line, from);
    });
  }
  return new Promise((resolve) => {
    const done = (exit: Exit): void => {
      log.end();
      resolve(exit);
    };
    child.on("error", (error) => done(neverRan(error)));
    child.on("close", (code, signal) => done({ code, signal }));
  });
}

function readLines(stream: Readable | undefined, onLine: (line: string) => void): void {
  let rest = "";
  stream?.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = (lines.pop() ?? "").slice(-longestLine);
    lines.forEach(onLine);
  });
  stream?.on("end", () => {
    if (rest !== "") onLine(rest);
  });
}
