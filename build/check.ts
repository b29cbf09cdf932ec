import { fileURLToPath } from "node:url";
import { runStep, wordsOfStep, type Step } from "./steps.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const tool = (path: string): [string, string] => [process.execPath, `${root}node_modules/${path}`];

const steps: Step[] = [
  { name: "lint and room fences", command: [...tool("oxlint/bin/oxlint"), "--config", ".oxlintrc.json", "."] },
  { name: "format", command: [...tool("oxfmt/bin/oxfmt"), "--config", ".oxfmtrc.json", "--check", "."] },
  { name: "types", command: [...tool("typescript/bin/tsc"), "--noEmit"] },
  { name: "generated files fresh", command: [...tool("tsx/dist/cli.mjs"), "build/generate.ts", "--check"] },
];

// All of them, also after one failed.
let failed = 0;
for (const step of steps) {
  const result = await runStep(step, root);
  console.log(wordsOfStep(result));
  if (!result.passed) failed += 1;
}
console.log(`checks: ${steps.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
