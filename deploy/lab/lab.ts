import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { CommanderError } from "commander";
import { runProcess } from "../../slo/host/process.ts";

/** What a drill needs of the outside: programs, words for the person, a clock and a pause in seconds. */
export interface Lab {
  run: typeof runProcess;
  say: (line: string) => void;
  now: () => number;
  pause: (seconds: number) => Promise<void>;
  /** Ends what is under way. */
  signal: AbortSignal;
  /** The project's root folder. */
  project: string;
}

/** A step that failed: what it was, the tool's last words, and how to mend it. */
export class StepError extends Error {
  constructor(what: string, words: readonly string[], remedy: string) {
    super([`failed: ${what}`, ...words.map((line) => `    ${line}`), `to mend it: ${remedy}`].join("\n"));
  }
}

/** Gives the last lines of a text, colours and empty lines taken out. */
export function lastLines(text: string): string[] {
  const lines = stripVTControlCharacters(text).split(/[\r\n]+/);
  return lines.filter((line) => line.trim() !== "").slice(-12);
}

/** Opens the real outside: programs, stderr, the clock; Ctrl-C and SIGTERM abort its signal. */
export function openLab(): Lab {
  const interrupted = new AbortController();
  // Not once: npm passes on the Ctrl-C that a terminal sends to both, and what was begun is to be taken back all the same.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupted.abort());
  return {
    run: runProcess,
    say: (line) => void process.stderr.write(`${line}\n`),
    now: () => performance.now() / 1_000,
    pause: (seconds) => sleep(seconds * 1_000, undefined, { signal: interrupted.signal }),
    signal: interrupted.signal,
    project: fileURLToPath(new URL("../..", import.meta.url)),
  };
}

/** Carries out a command of the lab, and gives its exit code, or 2 for bad usage, 4 for what could not be carried out, 130 for Ctrl-C. */
export async function carryOut(work: (lab: Lab) => Promise<number>): Promise<number> {
  const lab = openLab();
  try {
    return await work(lab);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const isAborted = lab.signal.aborted;
    if (!(error instanceof StepError) && !isAborted) throw error;
    if (error instanceof StepError && (!isAborted || error.message.includes("taken back"))) lab.say(error.message);
    if (isAborted) lab.say("interrupted");
    return isAborted ? 130 : 4;
  }
}
