import { createWriteStream } from "node:fs";
import { startProgram, type Command, type TakeText } from "./process.ts";

export interface ChildOptions extends Pick<Command, "command" | "args" | "environment" | "folder"> {
  name: string;
  logFile: string;
  onLine?: (line: string, from: "stdout" | "stderr") => void;
  /** Tells the lines that the log is for; the others go to `onLine` only. */
  isLogged?: (line: string) => boolean;
}

const tailLines = 40;
const longestLine = 65_536;

/** Children that run beside us, each with what it starts in a process group of its own; none outlives this process, even when it is killed. */
export type ProcessGroup = ReturnType<typeof openProcessGroup>;

export function openProcessGroup() {
  const children = new Set<Child>();
  let closed = false;
  const stopAll = async (): Promise<void> => {
    closed = true;
    await Promise.all([...children].map((child) => child.stop("SIGTERM", 5)));
  };
  return {
    start(options: ChildOptions): Child {
      const child = startChild(options);
      children.add(child);
      void child.exited.then(() => children.delete(child));
      return child;
    },
    /** True from when all are being stopped: nothing is to be started again. */
    isClosed: () => closed,
    stopAll,
    [Symbol.asyncDispose]: stopAll,
  };
}

/** A running child process; its output goes to its log file and, line by line, to `onLine`. */
export type Child = ReturnType<typeof startChild>;

function startChild(options: ChildOptions) {
  const log = createWriteStream(options.logFile, { flags: "a" });
  log.on("error", () => undefined); // a full disk must not end the run here; the relay's spool reports it
  const tail: string[] = [];
  const rest = { stdout: "", stderr: "" };
  const { isLogged = () => true } = options;
  const onLine = (line: string, from: keyof typeof rest, end = "\n"): void => {
    if (isLogged(line)) {
      log.write(line + end);
      tail.push(line);
    }
    if (tail.length > tailLines) tail.shift();
    options.onLine?.(line, from);
  };
  const take: TakeText = (text, from) => {
    const lines = (rest[from] + text).split("\n");
    const last = lines.pop() ?? "";
    for (const line of lines) onLine(line, from);
    if (last.length > longestLine) log.write(last.slice(0, -longestLine)); // too long to be a line that is left out
    rest[from] = last.slice(-longestLine);
  };
  const program = startProgram(options, take);
  const exited = program.exited.then((exit) => {
    for (const from of ["stdout", "stderr"] as const) if (rest[from] !== "") onLine(rest[from], from, "");
    log.end();
    return exit;
  });
  const lastLines = (): string[] => [...tail];
  return { ...program, exited, name: options.name, tail: lastLines };
}
