import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { leftBehind } from "../../slo/cli/cli.fixture.ts";
import { openProcessGroup } from "../../slo/host/process-group.ts";
import { waitFor } from "../../slo/host/wait.ts";
import {
  checkout,
  emptyFolder,
  filledIn,
  jobEnvironment,
  outputsIn,
  project,
  readAction,
  readGitLabJob,
  removeFolder,
  runProgram,
  writeSpec,
} from "./ci.fixture.ts";

const script = join(project, "deploy/ci/gate.sh");
const brief = { GATE_SCENARIO: "smoke", GATE_RATE: "60", GATE_DURATION: "8s", GATE_SET: "warmup=1\n" };

/** Prepares a job's folder and the files that GitHub hands to a step. */
function job(target = "97%"): { folder: string; github: Record<string, string> } {
  const folder = emptyFolder();
  const [output, summary] = [join(folder, "output"), join(folder, "summary.md")];
  for (const file of [output, summary]) writeFileSync(file, "");
  return {
    folder,
    github: { GITHUB_ACTIONS: "true", GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary, GATE_SPEC: writeSpec(folder, target) },
  };
}

/** Lists the annotations in a log that the runner would obey: those while commands are not stopped. */
function obeyed(stdout: string): string[] {
  let token: string | undefined;
  return stdout.split("\n").filter((line) => {
    const stop = /^::stop-commands::(.+)$/.exec(line)?.[1];
    if (token === undefined && stop !== undefined) token = stop;
    else if (line === `::${token}::`) token = undefined;
    else return token === undefined && line.startsWith("::");
    return false;
  });
}

const folders: string[] = [];
afterAll(() => folders.forEach(removeFolder));
function remembered<T extends { folder: string }>(made: T): T {
  folders.push(made.folder);
  return made;
}

describeLive("the gate's script on GitHub", ["k6", "prometheus"], () => {
  const gate = (folder: string, environment: Record<string, string>): ReturnType<typeof runProgram> =>
    runProgram(["sh", script, "run"], folder, environment);

  test("ends with 0 when the objectives are met, with the summary, the reports and a notice", async () => {
    const { folder, github } = remembered(job());
    mkdirSync(join(folder, "plimsoll-report"));
    writeFileSync(join(folder, "plimsoll-report/report.html"), "of an earlier run");
    const ended = await gate(folder, { ...github, ...brief });
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(0);
    expect(obeyed(ended.stdout)).toEqual([
      expect.stringMatching(/^::notice title=Plimsoll%3A met::storage-api under smoke: all 2 objectives are met/),
    ]);
    expect(readFileSync(join(folder, "summary.md"), "utf8")).toMatch(/MET/);
    expect(outputsIn(join(folder, "output"))).toEqual({ "exit-code": "0" });
    expect(readdirSync(join(folder, "plimsoll-report"))).toEqual(
      expect.arrayContaining(["report.html", "report.json", "junit.xml", "summary.md", "code-quality.json"]),
    );
    expect(readFileSync(join(folder, "plimsoll-report/report.html"), "utf8")).toMatch(/<html/);
  });

  test("ends with 1 when a budget is exceeded, and annotates the objective at its place", async () => {
    const { folder, github } = remembered(job());
    const ended = await gate(folder, { ...github, ...brief, GATE_FAULT: "delete-answers-500", GATE_INCONCLUSIVE: "warn" });
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(1);
    const [error = "", ...more] = obeyed(ended.stdout).filter((line) => line.startsWith("::error"));
    expect(more).toEqual([]);
    expect(error).toMatch(
      /^::error file=slo\.yaml,line=4,col=\d+,title=Plimsoll%3A availability is exceeded::availability is exceeded: target 97%25 /,
    );
    expect(error).toMatch(/%0Aspent: [\d,.]+%25 of the error budget, bad: [\d,]+ of [\d,]+; needed: at most [\d,]+ bad of /);
    expect(readFileSync(join(folder, "plimsoll-report/junit.xml"), "utf8")).toMatch(/<failure/);
    expect(JSON.parse(readFileSync(join(folder, "plimsoll-report/code-quality.json"), "utf8"))).toMatchObject([
      { severity: "major", location: { path: "slo.yaml", lines: { begin: 4 } } },
    ]);
    expect(outputsIn(join(folder, "output"))).toEqual({ "exit-code": "1" });
  });

  test.each<[string, Record<string, string>, number, string]>([
    ["ends with 3 and errors when there is no proof", {}, 3, "error"],
    ["ends with 0 and warnings when that is set to warn", { GATE_INCONCLUSIVE: "warn" }, 0, "warning"],
  ])("%s", async (_sentence, environment, exitCode, level) => {
    const { folder, github } = remembered(job("99.9%"));
    const ended = await gate(folder, { ...github, ...brief, GATE_RATE: "10", GATE_DURATION: "3s", GATE_SET: "warmup=0", ...environment });
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(exitCode);
    const lines = obeyed(ended.stdout);
    expect(lines[0]).toMatch(new RegExp(`^::${level} file=slo\\.yaml,line=4,col=\\d+,.*; needed: 2,995 requests`));
    expect(lines.filter((line) => !line.startsWith(`::${level} `))).toEqual([]);
    expect(outputsIn(join(folder, "output"))).toEqual({ "exit-code": "3" });
  });

  test("a cancelled job stops everything, keeps what was measured and ends with 130", async () => {
    const { folder, github } = remembered(job());
    const lines = { stdout: [] as string[], stderr: [] as string[] };
    let sent = false;
    // A cancelled job signals the one process that it started, not its group.
    const child = openProcessGroup().start({
      name: "gate",
      command: "sh",
      args: [script, "run"],
      folder,
      environment: jobEnvironment({ ...github, ...brief, GATE_DURATION: "120s" }),
      logFile: join(folder, "gate.log"),
      onLine: (line, from) => {
        lines[from].push(line);
        if (sent || child.pid === undefined || !line.includes("/s of 60/s")) return;
        sent = true;
        process.kill(child.pid, "SIGINT");
      },
    });
    const { code } = await child.exited;
    expect([sent, code], [...lines.stderr, ...lines.stdout].join("\n")).toEqual([true, 130]);
    expect(existsSync(join(folder, "plimsoll-report/report.json"))).toBe(true);
    expect(obeyed(lines.stdout.join("\n")).join("\n")).toMatch(/^::error /);
    await waitFor(async () => (leftBehind(folder).length === 0 ? true : undefined), 15, 100);
    expect(leftBehind(folder)).toEqual([]);
  });
});

describeLive("what the gate's script refuses", ["k6", "prometheus"], () => {
  test.each<[string, Record<string, string>, RegExp]>([
    [
      "an unknown scenario",
      { GATE_SCENARIO: "smok" },
      /^::error title=Plimsoll%3A exit code 2::bad usage or bad spec; nothing was loaded%0A.*smoke/,
    ],
    ["a spec that is not there", { GATE_SPEC: "none.yaml" }, /none\.yaml/],
    ["a value that looks like a flag", { GATE_SPEC: "--json" }, /the spec "--json" cannot be read/],
    ["a value that looks like shell text", { GATE_SCENARIO: '$(touch made)`touch made`"; touch made; "' }, /exit code 2/],
    ["a set that looks like shell text", { GATE_SET: "payload=$(touch made)\n`touch made`=1" }, /exit code 2/],
    ["a fault together with a target", { GATE_FAULT: "delete-answers-500", GATE_TARGET: "http://127.0.0.1:1" }, /--fault is for/],
    ["a word for inconclusive that it does not know", { GATE_INCONCLUSIVE: "ignore" }, /fail or warn/],
  ])("%s ends with 2, with an annotation that says why", async (_sentence, environment, said) => {
    const { folder, github } = remembered(job());
    const ended = await runProgram(["sh", script, "run"], folder, { ...github, ...brief, ...environment });
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(2);
    expect(obeyed(ended.stdout).join("\n")).toMatch(said);
    expect(existsSync(join(folder, "made"))).toBe(false);
    expect(readdirSync(join(folder, "plimsoll-report"))).toEqual(["code-quality.json"]);
  });

  test("a spec with a problem ends with 2, and the annotation names its place", async () => {
    const { folder, github } = remembered(job("100%"));
    const ended = await runProgram(["sh", script, "run"], folder, { ...github, ...brief });
    expect(ended.exitCode).toBe(2);
    expect(obeyed(ended.stdout)).toEqual([expect.stringMatching(/^::error title=Plimsoll%3A exit code 2::.*slo\.yaml:5:13 /)]);
  });

  test("a target that does not answer ends with 4, warn or not", async () => {
    const { folder, github } = remembered(job());
    const ended = await runProgram(["sh", script, "run"], folder, {
      ...github,
      ...brief,
      GATE_TARGET: "http://127.0.0.1:1",
      GATE_INCONCLUSIVE: "warn",
    });
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(4);
    expect(obeyed(ended.stdout).join("\n")).toMatch(/^::error title=Plimsoll%3A exit code 4::/);
  });
});

describe("annotations without a report", () => {
  test.each([
    ["an exit code of 0 without a report is no pass", "0", ""],
    ["an inconclusive run that may pass as a warning needs its report too", "3", ""],
    ["a report that cannot be read is no pass", "0", "broken.json"],
  ])("%s", async (_sentence, code, report) => {
    const folder = remembered({ folder: emptyFolder() }).folder;
    writeFileSync(join(folder, "broken.json"), "{");
    const ended = await runProgram(
      [process.execPath, join(project, "deploy/ci/annotate.ts"), code, "warn", report, "none", "quality.json"],
      folder,
      { GITHUB_ACTIONS: "true" },
    );
    expect(ended.exitCode).toBe(1);
    expect(ended.stdout).toMatch(/^::error title=Plimsoll%3A no verdict::/);
  });
});

describeLive("in a fresh checkout", ["k6", "prometheus"], () => {
  let fresh = "";
  beforeAll(() => {
    fresh = remembered({ folder: checkout() }).folder;
  });

  test("the action's own steps install what a run needs, and judge it", async () => {
    const { folder, github } = remembered(job());
    const { inputs, runs } = readAction();
    const given: Record<string, string> = { spec: "slo.yaml", rate: "60", duration: "8s", set: "warmup=1" };
    const known: Record<string, string> = { "runner.temp": join(folder, "temp") };
    for (const [name, input] of Object.entries(inputs)) known[`inputs.${name}`] = given[name] ?? input.default;
    for (const step of runs.steps) {
      if (step.run === undefined) continue;
      const environment = Object.fromEntries(Object.entries(step.env ?? {}).map(([name, value]) => [name, filledIn(value, known)]));
      const { GATE_SPEC: _ours, ...files } = github;
      const ended = await runProgram([step.shell ?? "none", "-e", "-c", step.run], folder, {
        ...files,
        ...environment,
        GITHUB_ACTION_PATH: join(fresh, "deploy/ci/github"),
      });
      expect(ended.exitCode, ended.stderr + ended.stdout).toBe(0);
      for (const [name, value] of Object.entries(outputsIn(join(folder, "output"))))
        known[`steps.${step.id ?? "where"}.outputs.${name}`] = value;
    }
    expect(known["steps.gate.outputs.exit-code"]).toBe("0");
    expect(existsSync(join(folder, filledIn("${{ inputs.output }}", known), "junit.xml"))).toBe(true);
  });

  test("the GitLab job clones, installs, runs, and fails with the exit code of the verdict", async () => {
    const { folder } = remembered(job());
    const { variables, before_script: before, script: lines, artifacts } = readGitLabJob();
    const repository = join(folder, "repository");
    const home = join(folder, "home");
    const git = "git init --quiet --initial-branch=main . && git add . && git -c user.name=t -c user.email=t@localhost commit --quiet -m t";
    await runProgram(["cp", "-R", `${fresh}/.`, repository], folder, {});
    await runProgram(["rm", "-rf", join(repository, "node_modules")], folder, {});
    const made = await runProgram(["sh", "-c", git], repository, {});
    expect(made.exitCode, made.stderr).toBe(0);
    const environment = {
      ...Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, value.replace("$CI_PROJECT_DIR", folder)])),
      PLIMSOLL_REPOSITORY: `file://${repository}`,
      PLIMSOLL_HOME: home,
      GITLAB_CI: "true",
      CI_PROJECT_DIR: folder,
      ...brief,
      GATE_SPEC: "slo.yaml",
      GATE_FAULT: "delete-answers-500",
    };
    const ended = await runProgram(["bash", "-e", "-o", "pipefail", "-c", [...before, ...lines].join("\n")], folder, environment);
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(1);
    expect(ended.stdout).toMatch(/^error: slo\.yaml:4:\d+: availability is exceeded: /m);
    expect(ended.stdout).not.toMatch(/^::/m);
    expect(readFileSync(join(folder, artifacts.reports.junit), "utf8")).toMatch(/<failure/);
    expect(readFileSync(join(folder, artifacts.reports.codequality), "utf8")).toContain('"begin": 4');
  });
});
