import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

/** This project's root, without a slash at its end. */
export const project = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** How a command ended. */
export interface Ended {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** Runs one program to its end in a folder; `started` gets the process, to signal it. */
export function runProgram(
  command: readonly string[],
  folder: string,
  environment: Record<string, string>,
  started: (pid: number, said: () => string) => void = () => undefined,
): Promise<Ended> {
  const [program = "", ...args] = command;
  const env = { ...withoutCi(process.env), ...environment };
  const child = spawn(program, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  return new Promise((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      if (child.pid !== undefined) started(child.pid, () => stderr);
    });
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}

/** Drops what a CI that runs these tests has set for itself: its files are not ours to write to. */
function withoutCi(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(?:GITHUB_|RUNNER_|GITLAB_|CI_|GATE_)/.test(name)));
}

/** Makes an empty folder for one test. */
export function emptyFolder(): string {
  return mkdtempSync(join(tmpdir(), "plimsoll-ci-"));
}

/** Copies the project without packages, runs and history: what a checkout holds. */
export function checkout(): string {
  const folder = emptyFolder();
  const left = new Set(["node_modules", ".plimsoll", ".git", "dist", "coverage"]);
  cpSync(project, folder, { recursive: true, filter: (path) => path === project || !left.has(basename(path)) });
  return folder;
}

/** Removes a folder of a test. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Writes a spec with the given targets of availability and gives its name; the objectives are on lines 4 and 7. */
export function writeSpec(folder: string, target: string): string {
  const text = `version: 1
service: storage-api
objectives:
  - name: availability
    target: ${target}
    indicator: { errors: { side: client } }
  - name: latency
    target: 90%
    indicator: { latency: { side: client, atMost: 900ms } }
`;
  writeFileSync(join(folder, "slo.yaml"), text);
  return "slo.yaml";
}

/** A step of the action as its file states it. */
export interface Step {
  id?: string;
  if?: string;
  uses?: string;
  shell?: string;
  run?: string;
  env?: Record<string, string>;
  with?: Record<string, string>;
}

/** The action as its file states it. */
export interface Action {
  inputs: Record<string, { default: string; required: boolean; description: string }>;
  outputs: Record<string, { value: string }>;
  runs: { using: string; steps: Step[] };
}

/** Reads the action. */
export function readAction(): Action {
  return parse(readFileSync(join(project, "deploy/ci/github/action.yml"), "utf8")) as Action;
}

/** A job of GitLab as its file states it. */
export interface GitLabJob {
  variables: Record<string, string>;
  before_script: string[];
  script: string[];
  artifacts: { when: string; paths: string[]; reports: { junit: string; codequality: string } };
  cache: { paths: string[]; when: string };
}

/** Reads the job that others extend. */
export function readGitLabJob(): GitLabJob {
  return (parse(readFileSync(join(project, "deploy/ci/gitlab.yml"), "utf8")) as { ".plimsoll": GitLabJob })[".plimsoll"];
}

/** Fills in `${{ name }}` as GitHub does, for plain names; one that is not known throws, so that a test cannot pass on an empty value. */
export function filledIn(text: string, known: Record<string, string>): string {
  return text.replace(/\$\{\{\s*(.+?)\s*\}\}/g, (_whole, name: string) => {
    const value = known[name];
    if (value === undefined) throw new Error(`the action reads ${name}, which the test does not know`);
    return value;
  });
}

/** Reads what steps wrote to `$GITHUB_OUTPUT`, one `name=value` a line. */
export function outputsIn(file: string): Record<string, string> {
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}
