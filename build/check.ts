import { fileURLToPath } from "node:url";
import { runSteps, wordsOfStep, type Step } from "./steps.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const tool = (path: string): [string, string] => [process.execPath, `${root}node_modules/${path}`];

const steps: Step[] = [
  { name: "lint and room fences", command: [...tool("oxlint/bin/oxlint"), "--config", ".oxlintrc.json", "."] },
  { name: "format", command: [...tool("oxfmt/bin/oxfmt"), "--config", ".oxfmtrc.json", "--check", "."] },
  { name: "types", command: [...tool("typescript/bin/tsc"), "--noEmit"] },
  { name: "generated files fresh", command: [...tool("tsx/dist/cli.mjs"), "build/generate.ts", "--check"] },
];

const results = await runSteps(steps, root, (result) => console.log(wordsOfStep(result)));
const failed = results.filter((result) => !result.passed);
console.log(`checks: ${results.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
