import { endingText, runProcess } from "../slo/host/process.ts";

/** One check: a command that says by its exit code whether it passed. */
export interface Step {
  name: string;
  command: [string, ...string[]];
}

/** How one step ended; `output` is what it printed on both streams. */
export interface StepResult {
  name: string;
  passed: boolean;
  seconds: number;
  output: string;
}

const limitSeconds = 1200;

/** Runs one step. */
export async function runStep({ name, command: [command, ...args] }: Step, folder: string): Promise<StepResult> {
  const began = performance.now();
  const { ending, output } = await runProcess({ command, args, folder, limitSeconds });
  const passed = ending.kind === "exited" && ending.code === 0;
  const why = ending.kind === "exited" ? "" : endingText({ command, limitSeconds }, ending);
  return { name, passed, seconds: (performance.now() - began) / 1000, output: output + why };
}

/** Words a step's result: one line when it passed, with everything that it printed when it failed. */
export function wordsOfStep(result: StepResult): string {
  const line = `${result.passed ? "passed" : "FAILED"}  ${result.name} (${result.seconds.toFixed(1)} s)`;
  return result.passed ? line : `${line}\n${result.output.trimEnd()}`;
}
