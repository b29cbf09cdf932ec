import { fileURLToPath } from "node:url";
import { plainLine, shortened } from "../report/plain.ts";
import { shownCommand } from "./command-line.ts";
import { exitCodes } from "./exit-codes.ts";
import { readSettings } from "./settings.ts";

const interrupts: ((times: number) => void)[] = [];
let interruptions = 0;
let interruptedAtMillis = Number.NEGATIVE_INFINITY;

/** Ctrl-C comes twice, from the terminal and by way of npm: what comes within a second is the same one. */
function interrupt(): void {
  const sinceLast = performance.now() - interruptedAtMillis;
  if (sinceLast < 1000) return;
  interruptedAtMillis = performance.now();
  interruptions += 1;
  if (interrupts.length === 0) process.exit(exitCodes.interrupted);
  for (const callback of interrupts) callback(interruptions);
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);

// A killed npm, or a cancelled CI job's shell, passes no signal on.
const parent = process.ppid;
const parentWatch = setInterval(() => {
  if (process.ppid === parent) return;
  clearInterval(parentWatch);
  if (interruptions === 0) interrupt();
}, 500).unref();

// A closed terminal or pipe must not end the run before it has stopped its children.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

/** Opens the host of this process: its streams, signals, folders and environment; ends the process when a setting is wrong. */
export function openHost() {
  const read = readSettings(process.env, process.stdout.isTTY);
  if (read.kind === "problem") {
    process.stderr.write(`${read.message}\n`);
    process.exit(exitCodes.badUsage);
  }
  let [isShown, calls] = [false, 0];
  const clear = (): void => {
    if (isShown) process.stderr.write("\r\x1b[2K");
    isShown = false;
  };
  return {
    /** Narration, to stderr. */
    say: (line: string): void => {
      clear();
      // A CI reads orders in lines that begin with `::`.
      const shown = line.split("\n").map((each) => `${plainLine(shortened(each, longestLine)).replace(/^::/, " ::")}\n`);
      process.stderr.write(shown.join(""));
    },
    /** The one live line, redrawn on a terminal; elsewhere every tenth is printed, so that a CI log shows progress and stays short. Undefined clears it. */
    live: (line: string | undefined): void => {
      clear();
      if (line === undefined) return;
      [isShown, calls] = [process.stderr.isTTY, calls + 1];
      if (isShown || calls % 10 === 0) process.stderr.write(isShown ? line : `${line}\n`);
    },
    /** The result, to stdout. */
    out: (text: string): void => {
      clear();
      process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
    },
    /** Unix seconds. */
    now: (): number => Date.now() / 1000,
    commandAtSeconds: performance.timeOrigin / 1000,
    /** What was typed, its secrets hidden. */
    command: shownCommand(process.argv.slice(2)),
    /** The user's folder: `.plimsoll/` is made here. */
    folder: process.env["INIT_CWD"] ?? process.cwd(),
    project: fileURLToPath(new URL("../../", import.meta.url)),
    environment: process.env,
    settings: read.settings,
    width: Math.max(40, Math.min(process.stdout.columns ?? 100, 160)),
    /** Calls back at each Ctrl-C, hang-up or termination, with how many there have been. */
    onInterrupt: (callback: (times: number) => void): void => void interrupts.push(callback),
  };
}

/** The process's side of a command: where words go, and what surrounds it. */
export type Host = ReturnType<typeof openHost>;

/** A longer line is cut; where it came from, the log, has all of it. */
const longestLine = 2000;
