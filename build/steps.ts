import { spawn } from "node:child_process";

/** Is one check: a command that says by its exit code whether it passed. */
export interface Step {
  name: string;
  command: [string, ...string[]];
}

/** Tells how one step ended; `output` is what it printed on both streams. */
export interface StepResult {
  name: string;
  passed: boolean;
  seconds: number;
  output: string;
}

/** Runs every step in turn, also after one failed. */
export async function runSteps(steps: Step[], cwd: string, each: (result: StepResult) => void): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const step of steps) {
    const result = await runStep(step, cwd);
    each(result);
    results.push(result);
  }
  return results;
}

/** Words a step's result: one line when it passed, with everything that it printed when it failed. */
export function wordsOfStep(result: StepResult): string {
  const line = `${result.passed ? "passed" : "FAILED"}  ${result.name} (${result.seconds.toFixed(1)} s)`;
  return result.passed ? line : `${line}\n${result.output.trimEnd()}`;
}

function runStep(step: Step, cwd: string): Promise<StepResult> {
  const { promise, resolve } = Promise.withResolvers<StepResult>();
  const began = performance.now();
  let output = "";
  const finish = (passed: boolean) => resolve({ name: step.name, passed, seconds: (performance.now() - began) / 1000, output });
  const [program, ...words] = step.command;
  const child = spawn(program, words, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const keep = (piece: string) => (output += piece);
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  child.on("error", (error) => {
    output += error.message;
    finish(false);
  });
  child.on("close", (code) => finish(code === 0));
  return promise;
}
