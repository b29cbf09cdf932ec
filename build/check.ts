import { fileURLToPath, pathToFileURL } from "node:url";
import { endingText, runProcess } from "../slo/host/process.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const limitSeconds = 1200;

/** The checks, each a script of a package that says by its exit code whether it passed. */
const checks: [name: string, script: string, ...args: string[]][] = [
  ["lint and room fences", "oxlint/bin/oxlint", "--config", ".oxlintrc.json", "."],
  ["format", "oxfmt/bin/oxfmt", "--config", ".oxfmtrc.json", "--check", "."],
  ["types", "typescript/bin/tsc", "--noEmit"],
  ["generated files fresh", "vitest/vitest.mjs", "run", "--config", "build/vitest.config.ts", "build/generated.test.ts"],
];

/** Runs one check; its words are one line when it passed, with everything that it printed when it failed. */
export async function runCheck(name: string, command: string, args: readonly string[]): Promise<{ passed: boolean; words: string }> {
  const began = performance.now();
  const { ending, output } = await runProcess({ command, args, folder: root, limitSeconds });
  const passed = ending.kind === "exited" && ending.code === 0;
  const line = `${passed ? "passed" : "FAILED"}  ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`;
  const why = ending.kind === "exited" ? "" : endingText({ command, limitSeconds }, ending);
  return { passed, words: passed ? line : `${line}\n${(output + why).trimEnd()}` };
}

/** Runs all of them, also after one failed; gives how many failed. */
async function main(): Promise<number> {
  let failed = 0;
  for (const [name, script, ...args] of checks) {
    const { passed, words } = await runCheck(name, process.execPath, [`${root}node_modules/${script}`, ...args]);
    console.log(words);
    if (!passed) failed += 1;
  }
  console.log(`checks: ${checks.length - failed} passed, ${failed} failed`);
  return failed;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exitCode = Math.min(1, await main());
