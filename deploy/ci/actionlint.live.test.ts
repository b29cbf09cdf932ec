import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { emptyFolder, project, readAction, removeFolder, runProgram, type Ended } from "./ci.fixture.ts";

const version = "1.7.12";
const hasGo = spawnSync("go", ["version"]).status === 0;
const buildMilliseconds = 300_000;

/** Builds actionlint from its module once for a user; the folder names the version, so that a new one is built anew. */
async function obtained(): Promise<string> {
  const cache = process.env["PLIMSOLL_CACHE"] ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "plimsoll");
  const folder = join(cache, `tools/actionlint-${version}`);
  const binary = join(folder, "actionlint");
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  const module = `github.com/rhysd/actionlint/cmd/actionlint@v${version}`;
  const work = mkdtempSync(join(folder, "build-"));
  try {
    const built = await runProgram(["go", "install", module], work, { GOBIN: work, GOFLAGS: "", GOOS: "", GOARCH: "" });
    if (built.exitCode !== 0) throw new Error(`actionlint could not be built: ${built.stderr}`);
    renameSync(join(work, "actionlint"), binary);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return binary;
}

/** The action as a workflow of one job, because actionlint looks at the steps of workflows only. */
function asWorkflow(): string {
  const { inputs, runs } = readAction();
  const declared = Object.entries(inputs).map(([name, { description, required }]) => [name, { description, required, type: "string" }]);
  const steps = runs.steps.map((step) => ({ ...step, ...(step.shell === undefined ? {} : { shell: "bash" }) }));
  return stringify({
    on: { workflow_call: { inputs: Object.fromEntries(declared) as object } },
    jobs: { gate: { "runs-on": "ubuntu-latest", steps } },
  });
}

const title = hasGo ? "actionlint" : "actionlint (skipped: Go is not installed, and actionlint is built from its module)";

describe.skipIf(!hasGo && !process.env["CI"])(`${title}`, () => {
  let actionlint = "";
  const folder = emptyFolder();
  const workflows = join(folder, ".github/workflows");
  const lint = (name: string, text: string): Promise<Ended> => {
    writeFileSync(join(workflows, name), text);
    return runProgram([actionlint, "-no-color", "-shellcheck=", "-pyflakes=", join(workflows, name)], folder, {});
  };
  const example = readFileSync(join(project, "deploy/ci/github/example.yml"), "utf8");

  beforeAll(async () => {
    actionlint = await obtained();
    mkdirSync(workflows, { recursive: true });
    mkdirSync(join(folder, ".git"));
    cpSync(join(project, "deploy/ci"), join(folder, "deploy/ci"), { recursive: true });
  }, buildMilliseconds);
  afterAll(() => removeFolder(folder));

  test("finds nothing in the example workflow, with the action beside it", async () => {
    expect(await lint("example.yml", example)).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  });

  test("finds nothing in the action's steps", async () => {
    expect(await lint("action.yml", asWorkflow())).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  });

  test.each([
    [
      "an input that the action does not have",
      example.replace("scenario: smoke", "scenarios: smoke"),
      /input "scenarios" is not defined in action "Plimsoll gate"/,
    ],
    ["an output that the action does not have", example.replace("outputs.exit-code", "outputs.exit"), /property "exit" is not defined/],
    [
      "a step's output that nothing writes an id for",
      asWorkflow().replaceAll("steps.where.", "steps.were."),
      /property "were" is not defined/,
    ],
    [
      "untrusted text within a script",
      asWorkflow().replace('gate.sh" run', 'gate.sh" ${{ github.event.pull_request.title }}'),
      /untrusted/,
    ],
  ])("would find %s", async (_sentence, text, expected) => {
    expect([example, asWorkflow()]).not.toContain(text);
    const ended = await lint("broken.yml", text);
    expect([ended.exitCode, ended.stdout]).toEqual([1, expect.stringMatching(expected)]);
  });

  test("the example's workflow names only files that are there", () => {
    const { jobs } = parse(example) as { jobs: Record<string, { steps: { uses?: string; with?: Record<string, string> }[] }> };
    const steps = Object.values(jobs).flatMap(({ steps }) => steps);
    const files = steps.flatMap((step) => [step.uses?.startsWith("./") ? join(step.uses, "action.yml") : undefined, step.with?.["spec"]]);
    const named = files.filter((file) => file !== undefined);
    expect(named).toHaveLength(3);
    expect(named.filter((file) => !existsSync(join(project, file)))).toEqual([]);
  });
});
