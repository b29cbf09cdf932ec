import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { CommanderError } from "commander";
import { runProcess } from "../../slo/host/process.ts";
import { type Lab, StepError } from "./step.ts";

/** Opens the real outside: programs, stderr, the clock, the project's files; Ctrl-C and SIGTERM abort its signal. */
export function openLab(): Lab {
  const interrupted = new AbortController();
  // Not once: npm passes on the Ctrl-C that a terminal sends to both, and what was begun is to be taken back all the same.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupted.abort());
  const project = fileURLToPath(new URL("../..", import.meta.url));
  return {
    run: runProcess,
    say: (line) => void process.stderr.write(`${line}\n`),
    now: () => performance.now() / 1_000,
    pause: (seconds) => sleep(seconds * 1_000, undefined, { signal: interrupted.signal }),
    signal: interrupted.signal,
    project,
    write: (path, text) => {
      mkdirSync(join(project, dirname(path)), { recursive: true });
      writeFileSync(join(project, path), text);
    },
  };
}

/** Carries out a command of the lab, and gives its exit code, or 2 for bad usage, 4 for what could not be carried out, 130 for Ctrl-C, after which `interrupted` is said. */
export async function carryOut(work: (lab: Lab) => Promise<number>, interrupted: string): Promise<number> {
  const lab = openLab();
  try {
    return await work(lab);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const isAborted = lab.signal.aborted;
    if (!(error instanceof StepError) && !isAborted) throw error;
    if (error instanceof StepError && (!isAborted || error.message.includes("taken back"))) lab.say(error.message);
    if (isAborted) lab.say(interrupted);
    return isAborted ? 130 : 4;
  }
}
