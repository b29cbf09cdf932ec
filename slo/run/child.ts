import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";

/** Says how a child process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Set when the program could not be started at all. */
  error?: string;
}

/** Is a running child process; its output goes to its log file and, line by line, to `onLine`. */
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

/** Describes a child process to start. */
export interface ChildOptions {
  name: string;
  command: string;
  args: string[];
  environment: NodeJS.ProcessEnv;
  folder: string;
  logFile: string;
  onLine?: (line: string, from: "stdout" | "stderr") => void;
}

/** Starts children in process groups of their own, and sees to it that none outlives this process, even when it is killed. */
export interface Nursery {
  start(options: ChildOptions): Child;
  stopAll(): Promise<void>;
  /** True from when all are being stopped: nothing is to be started again. */
  isClosed(): boolean;
}

// Reads the list of process groups from its standard input, and stops the last list it read when that input ends:
// the kernel closes the pipe however this process dies.
const reaperScript = `trap '' HUP INT TERM
list=
while read -r line; do list=$line; done
[ -z "$list" ] && exit 0
for p in $list; do kill -s TERM -- "-$p" 2>/dev/null; done
i=0
while [ $i -lt 30 ]; do
  alive=
  for p in $list; do kill -s 0 -- "-$p" 2>/dev/null && alive=1; done
  [ -z "$alive" ] && exit 0
  sleep 0.1; i=$((i+1))
done
for p in $list; do kill -s KILL -- "-$p" 2>/dev/null; done`;

function startReaper(): ChildProcess {
  const reaper = spawn("/bin/sh", ["-c", reaperScript], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  reaper.on("error", () => undefined);
  reaper.stdin?.on("error", () => undefined);
  reaper.unref();
  return reaper;
}

/** Opens a nursery; its reaper is a small shell that waits for this process to end. */
export function openNursery(): Nursery {
  const children = new Set<Child>();
  let reaper: ChildProcess | undefined;
  let closed = false;
  const tellReaper = (): void => {
    reaper ??= startReaper();
    reaper.stdin?.write(`${[...children].map((child) => child.pid).join(" ")}\n`);
  };
  return {
    start(options) {
      const child = startChild(options);
      children.add(child);
      tellReaper();
      void child.exited.then(() => {
        children.delete(child);
        tellReaper();
      });
      return child;
    },
    isClosed: () => closed,
    async stopAll() {
      closed = true;
      await Promise.all([...children].map((child) => child.stop("SIGTERM", 5)));
      reaper?.stdin?.end("\n");
    },
  };
}

/** Keeps the credentials for Prometheus from every child: a script could read them from its environment. */
export function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith("PLIMSOLL_PROMETHEUS_")));
}

function lineReader(onLine: (line: string) => void): { take: (chunk: string) => void; end: () => void } {
  let rest = "";
  return {
    take(chunk) {
      const lines = (rest + chunk).split("\n");
      rest = (lines.pop() ?? "").slice(-65_536);
      lines.forEach(onLine);
    },
    end() {
      if (rest !== "") onLine(rest);
      rest = "";
    },
  };
}

function startChild(options: ChildOptions): Child {
  const log = createWriteStream(options.logFile, { flags: "a" });
  log.on("error", () => undefined); // a full disk must not end the run here; the relay's spool reports it
  const tail: string[] = [];
  let ended: Exit | undefined;
  const child = spawn(options.command, options.args, {
    cwd: options.folder,
    env: withoutSecrets(options.environment),
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const from of ["stdout", "stderr"] as const) {
    const reader = lineReader((line) => {
      tail.push(line);
      if (tail.length > 40) tail.shift();
      options.onLine?.(line, from);
    });
    child[from].setEncoding("utf8").on("data", (chunk: string) => {
      log.write(chunk);
      reader.take(chunk);
    });
    child[from].on("end", reader.end);
  }
  const exited = new Promise<Exit>((resolve) => {
    const done = (exit: Exit): void => {
      ended = exit;
      log.end();
      resolve(exit);
    };
    child.on("error", (error) => done({ code: null, signal: null, error: error.message }));
    child.on("close", (code, signal) => done({ code, signal }));
  });
  const signal = (name: NodeJS.Signals): void => {
    if (ended !== undefined || child.pid === undefined) return;
    try {
      process.kill(-child.pid, name);
    } catch {
      // it ended between the check and the call
    }
  };
  return {
    name: options.name,
    pid: child.pid,
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
