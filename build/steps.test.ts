import { expect, test } from "vitest";
import { runStep, wordsOfStep, type Step } from "./steps.ts";

const node = (name: string, script: string): Step => ({ name, command: [process.execPath, "-e", script] });

test("a step passes by its exit code alone, and both streams of a failed one are shown", async () => {
  const steps = [
    node("first", "console.log('quiet')"),
    node("second", "console.log('out'); console.error('err'); process.exit(3)"),
    { name: "third", command: ["/does/not/exist"] } satisfies Step,
    node("fourth", "process.kill(process.pid, 'SIGKILL')"),
    node("fifth", ""),
  ];
  const results = await Promise.all(steps.map((step) => runStep(step, ".")));
  const told = results.map((result) => wordsOfStep({ ...result, seconds: 1 }));
  expect(results.map(({ passed }) => passed)).toEqual([true, false, false, false, true]);
  expect(told).toEqual([
    "passed  first (1.0 s)",
    expect.stringMatching(/^FAILED {2}second \(1\.0 s\)\n(?:out\nerr|err\nout)$/),
    expect.stringContaining("ENOENT"),
    expect.stringContaining("FAILED  fourth"),
    "passed  fifth (1.0 s)",
  ]);
});
