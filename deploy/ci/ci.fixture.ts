import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { endingText, runProcess } from "../../slo/host/process.ts";

/** This project's root, without a slash at its end. */
export const project = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** How a command ended. */
export interface Ended {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs one program to its end in a folder; one that cannot be started is an error. */
export async function runProgram([command = "", ...args]: readonly string[], folder: string, more: NodeJS.ProcessEnv): Promise<Ended> {
  const { ending, stdout, stderr } = await runProcess({ command, args, folder, environment: jobEnvironment(more), limitSeconds: 300 });
  if (ending.kind === "exited") return { exitCode: ending.code, stdout, stderr };
  throw new Error(`${endingText({ command, limitSeconds: 300 }, ending)}: ${stderr}`);
}

/** What a job is given, without what a CI that runs these tests has set for itself: its files are not ours to write to. */
export function jobEnvironment(more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:GITHUB_|RUNNER_|GITLAB_|CI_|GATE_)/.test(name));
  return { ...Object.fromEntries(kept), ...more };
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
