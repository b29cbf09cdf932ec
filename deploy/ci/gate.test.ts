import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { emptyFolder, project, readAction, readGitLabJob, removeFolder, runProgram } from "./ci.fixture.ts";

const action = readAction();
const gate = readFileSync(join(project, "deploy/ci/gate.sh"), "utf8");
const gateVariables = [...new Set(gate.match(/GATE_[A-Z_]+/g))];

describe("the action", () => {
  test("puts no expression into shell text", () => {
    const texts = action.runs.steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
    expect(texts).toHaveLength(3);
    for (const text of texts) expect(text).toMatch(/^sh "\$GITHUB_ACTION_PATH\/\.\.\/gate\.sh" [a-z]+$/);
  });

  test("hands every input of the script over, and every input that it takes", () => {
    const env = action.runs.steps.find(({ id }) => id === "gate")?.env ?? {};
    expect(
      Object.keys(env)
        .filter((name) => name.startsWith("GATE_"))
        .toSorted(),
    ).toEqual(gateVariables.toSorted());
    const handed = Object.values(env).flatMap((value) => /inputs\.([a-z-]+)/.exec(value)?.[1] ?? []);
    expect([...handed, "artifact"].toSorted()).toEqual(Object.keys(action.inputs).toSorted());
    for (const [name, value] of Object.entries(env)) {
      if (name.startsWith("GATE_")) expect(value).toBe(`\${{ inputs.${name.slice(5).toLowerCase().replaceAll("_", "-")} }}`);
    }
  });

  test("names every scenario that there is", () => {
    const files = readdirSync(join(project, "scenarios")).flatMap((file) => /^([a-z]+)\.ts$/.exec(file)?.[1] ?? []);
    expect(files.length).toBeGreaterThan(3);
    for (const name of files) expect(action.inputs["scenario"]?.description).toContain(name);
  });

  test("keeps the reports and the cache when the gate is red", () => {
    const conditions = Object.fromEntries(action.runs.steps.map((step) => [step.uses?.split("@")[0] ?? step.run, step.if]));
    expect(conditions["actions/upload-artifact"]).toBe("${{ always() }}");
    expect(conditions["actions/cache/save"]).toMatch(/^\$\{\{ always\(\) && /);
  });
});

describe("the GitLab job", () => {
  test("uploads what the script writes, red or green", () => {
    const { variables, artifacts, cache } = readGitLabJob();
    const folder = variables["GATE_OUTPUT"] ?? "none";
    expect([artifacts.when, artifacts.paths, artifacts.reports.junit]).toEqual(["always", [`${folder}/`], `${folder}/junit.xml`]);
    expect(artifacts.reports.codequality).toBe(`${folder}/code-quality.json`);
    expect(gate).toContain("/code-quality.json");
    expect(variables["PLIMSOLL_CACHE"]).toBe(`$CI_PROJECT_DIR/${(cache.paths[0] ?? "").replace(/\/$/, "")}`);
  });

  test("sets only variables that the script reads", () => {
    const own = Object.keys(readGitLabJob().variables).filter((name) => name.startsWith("GATE_"));
    expect(own.filter((name) => !gateVariables.includes(name))).toEqual([]);
  });
});

describe("the script", () => {
  test("called without a step says how it is used, and ends with 2", async () => {
    const ended = await runProgram(["sh", join(project, "deploy/ci/gate.sh")], project, {});
    expect([ended.exitCode, ended.stderr]).toEqual([2, "usage: gate.sh where | install | run\n"]);
  });

  test("keys the cache by the tools' and packages' versions and by which tools a run fetches", async () => {
    const folder = emptyFolder();
    const where = (environment: Record<string, string>): Promise<{ stdout: string }> =>
      runProgram(["sh", join(project, "deploy/ci/gate.sh"), "where"], folder, { PLIMSOLL_CACHE: "cache", ...environment });
    const [embedded, again, given] = [await where({}), await where({}), await where({ GATE_PROMETHEUS: "http://127.0.0.1:1" })];
    expect(embedded.stdout).toMatch(new RegExp(`^folder=${folder}/cache\nkey=plimsoll-[A-Za-z]+-[a-z0-9_]+-embedded-[0-9a-f]{32}\n$`));
    expect(again.stdout).toBe(embedded.stdout);
    expect(given.stdout).toBe(embedded.stdout.replace("-embedded-", "-given-"));
    removeFolder(folder);
  });
});
