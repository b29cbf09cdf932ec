import { succeeded, type Result, type Run } from "./shell.ts";

/** What the steps need of the outside: programs, words for the person, a clock and a pause in seconds. */
export interface Lab {
  run: Run;
  say: (line: string) => void;
  now: () => number;
  pause: (seconds: number) => Promise<void>;
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
export function ask(lab: Lab, [command = "", ...args]: readonly string[], limitSeconds = 60): Promise<Result> {
  return lab.run({ command, args, limitSeconds, folder: lab.project });
}

/** Runs a command that must succeed and gives its stdout; throws a `StepError`. */
export async function must(lab: Lab, words: readonly string[], what: string, remedy: string, limitSeconds = 60): Promise<string> {
  const result = await ask(lab, words, limitSeconds);
  if (succeeded(result)) return result.stdout;
  throw new StepError(`${what}: ${endingOf(result, words.join(" "), limitSeconds)}`, result.tail, remedy);
}

function endingOf(result: Result, command: string, limitSeconds: number): string {
  switch (result.kind) {
    case "missing":
      return `${command.split(" ")[0]} could not be started`;
    case "tooLong":
      return `${command} took longer than ${limitSeconds} s and was stopped`;
    case "ended":
      return `${command} ended with ${result.code}`;
  }
}
