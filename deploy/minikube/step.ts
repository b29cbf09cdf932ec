import { stripVTControlCharacters } from "node:util";
import { endingText, type Ran, type RunProcess } from "../../slo/host/process.ts";

/** What the steps need of the outside: programs, words for the person, a clock and a pause in seconds. */
export interface Lab {
  run: RunProcess;
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

/** Runs a command of several words, in the project's folder. */
export function ask({ run, signal, project }: Lab, [command = "", ...args]: readonly string[], limitSeconds = 60): Promise<Ran> {
  return run({ command, args, limitSeconds, folder: project, signal, graceSeconds: 10 });
}

export function succeeded({ ending }: Ran): boolean {
  return ending.kind === "exited" && ending.code === 0;
}

/** Runs a command that must succeed and gives its stdout; throws a `StepError`. */
export async function must(lab: Lab, words: readonly string[], what: string, remedy: string, limitSeconds = 60): Promise<string> {
  const ran = await ask(lab, words, limitSeconds);
  if (succeeded(ran)) return ran.stdout;
  const ending = endingText({ command: words.join(" "), limitSeconds }, ran.ending);
  throw new StepError(`${what}: ${ending}`, lastLines(ran.output), remedy);
}

/** Gives the last lines of a text, and before them the first that speak of an error; colours and empty lines taken out. */
export function lastLines(text: string): string[] {
  const lines = stripVTControlCharacters(text)
    .split(/[\r\n]+/)
    .filter((line) => line.trim() !== "");
  const errors = lines.slice(0, -12).filter((line) => /\berror\b/i.test(line));
  return [...errors.slice(0, 3), ...lines.slice(-12)];
}
