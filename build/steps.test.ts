import { expect, test } from "vitest";
import { runSteps, wordsOfStep, type Step } from "./steps.ts";

const node = (name: string, script: string): Step => ({ name, command: [process.execPath, "-e", script] });

test("every step runs, also after a failure, and both streams of the failed ones are shown", async () => {
  const steps = [
    node("first", "console.log('quiet')"),
    node("second", "console.log('out'); console.error('err'); process.exit(3)"),
    { name: "third", command: ["/does/not/exist"] } satisfies Step,
    node("fourth", "process.kill(process.pid, 'SIGKILL')"),
    node("fifth", ""),
  ];
  const told: string[] = [];
  const results = await runSteps(steps, ".", (result) => told.push(wordsOfStep({ ...result, seconds: 1 })));
  expect(results.map(({ passed }) => passed)).toEqual([true, false, false, false, true]);
  expect(told).toEqual([
    "passed  first (1.0 s)",
    expect.stringMatching(/^FAILED {2}second \(1\.0 s\)\n(?:out\nerr|err\nout)$/),
    expect.stringContaining("ENOENT"),
    expect.stringContaining("FAILED  fourth"),
    "passed  fifth (1.0 s)",
  ]);
});
