import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runProcess } from "../slo/host/process.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const limitSeconds = 1200;

// Each is the script of a package that says by its exit code whether everything passed.
test.each<[name: string, script: string, ...args: string[]]>([
  ["lint and room fences", "oxlint/bin/oxlint", "--config", ".oxlintrc.json", "."],
  ["format", "oxfmt/bin/oxfmt", "--config", ".oxfmtrc.json", "--check", "."],
  ["types", "typescript/bin/tsc", "--noEmit"],
])(
  "%s",
  async (_name, script, ...args) => {
    const command = { command: process.execPath, args: [`${root}node_modules/${script}`, ...args], folder: root, limitSeconds };
    const { ending, output } = await runProcess(command);
    expect(ending, output).toEqual({ kind: "exited", code: 0 });
  },
  limitSeconds * 1000,
);
