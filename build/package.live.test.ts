import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endingText, runProcess } from "../slo/host/process.ts";
import { k6Pid, leftAfterwards, reportIn, undisturbed, workingFolder } from "../slo/cli/cli.fixture.ts";
import { describeLive } from "./testing/live.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** What a user's shell has: nothing of the npm that runs the tests. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^INIT_CWD$/i.test(name)));

async function run(folder: string, command: string, args: string[], more: NodeJS.ProcessEnv = {}) {
  const started = { command, args, folder, environment: { ...environment, ...more }, limitSeconds: 240 };
  const { ending, stdout, stderr } = await runProcess(started);
  return { exitCode: ending.kind === "exited" ? ending.code : endingText(started, ending), stdout, stderr };
}

/** Every file of a folder with its size and time. */
const contentsOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => {
    const { size, mtimeMs } = statSync(join(folder, name));
    return `${name} ${size} ${mtimeMs}`;
  });

const script = `import http from "k6/http";
export const options = { scenarios: { all: { executor: "constant-arrival-rate", rate: 50, duration: "60s", preAllocatedVUs: 20 } } };
export default () => void http.get(__ENV.PLIMSOLL_TARGET);`;
const typed = `import { client, constant, openLoad } from "plimsoll/k6";
const get = client()("GET /", { expect: [200], answer: "none" });
const load = openLoad({ name: "orders", shape: constant, peakRate: 50, seconds: 6 }, () => void get.send());
export const { options, warmup } = load;
export default load.run;`;
const spec = `version: 1
service: shop
objectives:
  - name: availability
    target: 97%
    indicator: { errors: { side: client } }`;

const config = `import { defineConfig } from "plimsoll";
export default defineConfig({
  spec: "perf tests/slo.yaml",
  script: "perf tests/orders.ts",
  environments: { shop: { target: "http://127.0.0.1:1" } },
});
`;

describeLive("the package", ["k6", "prometheus"], () => {
  const folder = join(workingFolder(), "a shop");
  const deep = join(folder, "perf tests");
  const installed = join(folder, "node_modules/plimsoll");
  const launcher = join(installed, "slo/cli/plimsoll.js");
  let packed: { size: number; files: { path: string }[] };
  let shop: Server;
  let target = "";
  let oldNode = "";

  beforeAll(async () => {
    mkdirSync(deep, { recursive: true });
    const made = await run(root, "npm", ["pack", "--json", "--pack-destination", folder]);
    const parsed: unknown = JSON.parse(made.stdout.slice(made.stdout.search(/^[[{]/m)));
    [packed] = Object.values(parsed as object) as [typeof packed];
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "shop", type: "commonjs" }));
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { strict: true, module: "commonjs" } }));
    writeFileSync(join(deep, "orders.ts"), typed);
    writeFileSync(join(deep, "slo.yaml"), spec);
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "";
    const added = await run(folder, "npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", `./${tarball}`]);
    if (added.exitCode !== 0) throw new Error(`npm install: ${added.stderr}`);
    shop = createServer((_request, response) => response.end("ok"));
    await new Promise<void>((resolve) => shop.listen(0, "127.0.0.1", resolve));
    target = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`;
    const old = await run(folder, "npm", ["exec", "--yes", "--package=node@20", "--", "node", "-p", "process.execPath"]);
    oldNode = old.stdout.trim();
  }, 300_000);
  afterAll(() => void shop.close());

  test("holds compiled files only, and few of them", () => {
    const others = packed.files.map(({ path }) => path).filter((path) => !/^dist\/package\/|^(README|LICENSE)|^package\.json$/.test(path));
    expect(others).toEqual(["slo/cli/plimsoll.js"]);
    expect(packed.files.filter(({ path }) => /\.(test|fixture)\.|(?<!\.d)\.ts$|dashboard/.test(path))).toEqual([]);
    expect(packed.size).toBeLessThan(1_000_000);
  });

  test("answers --version and --help, and refuses what it does not know", async () => {
    expect(await run(deep, "npx", ["plimsoll", "--version"])).toMatchObject({ exitCode: 0, stdout: "plimsoll 0.1.0\n" });
    const help = await run(folder, "npx", ["plimsoll", "load", "--help"]);
    expect(help).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("npx plimsoll load --scenario smoke") });
    expect(await run(folder, "npx", ["plimsoll", "load", "--scenarios", "smoke"])).toMatchObject({ exitCode: 2 });
  });

  test("loads for --help nothing that only a load needs", async () => {
    const told = `import { registerHooks } from "node:module"; registerHooks({ load(url, context, next) { console.error(url); return next(url, context); } });`;
    const help = await run(folder, process.execPath, ["--import", `data:text/javascript,${encodeURIComponent(told)}`, launcher, "--help"]);
    const packages = [...help.stderr.matchAll(/node_modules\/(?!plimsoll\/)((?:@[^/]+\/)?[^/]+)/g)].map(([, name]) => name);
    expect([...new Set(packages)].toSorted()).toEqual(["commander", "zod"]);
  });

  test("a config and a script are checked by the types that the package brings", async () => {
    const compile = [
      "tsc",
      "--noEmit",
      "--ignoreConfig",
      "--strict",
      "--module",
      "esnext",
      "--moduleResolution",
      "bundler",
      "plimsoll.config.ts",
      "perf tests/orders.ts",
    ];
    writeFileSync(join(folder, "plimsoll.config.ts"), config.replace("spec:", "specs:"));
    expect(await run(folder, "npx", compile)).toMatchObject({ stdout: expect.stringContaining("'specs' does not exist in type") });
    writeFileSync(join(folder, "plimsoll.config.ts"), config);
    expect(await run(folder, "npx", compile)).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  });

  test("judges what the config of another project says, from a folder with a space, and writes nothing but its own folder", async () => {
    const before = contentsOf(installed);
    writeFileSync(join(folder, "plimsoll.config.ts"), config);
    const load = () => run(deep, "npx", ["plimsoll", "load", "--target", target]);
    const ended = await undisturbed(load, ({ stderr }) => stderr);
    expect(ended.stderr).toContain("report: .plimsoll/runs/");
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(ended.stderr).not.toMatch(/TS\d+/);
    const report = reportIn(deep);
    expect(report.verdict).toBe("met");
    expect(report.load.requests).toBeGreaterThanOrEqual(300);
    expect(contentsOf(installed)).toEqual(before);
    const status = await run(folder, "sh", ["-c", "git init -q . && git status --porcelain --untracked-files=all"]);
    expect(status.stdout).not.toContain(".plimsoll");
  });

  test.each([
    ["the package's gate", join(installed, "dist/package/deploy/ci/gate.sh")],
    ["a checkout's gate, which leaves it to the package", join(root, "deploy/ci/gate.sh")],
  ])("%s reads the repository's config, and annotates what is wrong", async (_which, gate) => {
    writeFileSync(join(folder, "plimsoll.config.ts"), config);
    const ended = await run(folder, "sh", [gate, "run"], { GATE_ENV: "shops", GITHUB_ACTIONS: "true" });
    expect(ended.exitCode).toBe(2);
    expect(ended.stdout).toMatch(/^::error title=Plimsoll%3A exit code 2::.*there is no environment "shops" \(did you mean shop\?\)/m);
    expect(ended.stderr).toContain("exit code of the load: 2; of the gate: 2");
  });

  test("a vendored copy, which npm links, works by its sources", async () => {
    const other = workingFolder();
    writeFileSync(join(other, "package.json"), "{}");
    const added = await run(other, "npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", root]);
    expect(added.exitCode, added.stderr).toBe(0);
    expect(await run(other, "npx", ["plimsoll", "--version"])).toMatchObject({ exitCode: 0, stdout: "plimsoll 0.1.0\n" });
    const checked = await run(other, "npx", ["plimsoll", "check"]);
    expect(checked).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("objectives of storage-api, reads well") });
  });

  test("on an older Node says in one sentence what it needs when npm cannot bring one", async () => {
    const ended = await run(folder, oldNode, [launcher, "--version"], { PATH: "/nowhere" });
    expect(ended).toMatchObject({
      exitCode: 4,
      stdout: "",
      stderr: expect.stringMatching(/^plimsoll needs Node 24 or newer, this is v20\.[^\n]+\n$/),
    });
  });

  test.each([
    ["an interrupt on an older Node stops everything and ends with 130", "SIGINT", 130],
    ["so does a termination", "SIGTERM", 130],
    ["an older Node that is killed leaves nothing running", "SIGKILL", null],
  ] as const)("%s", async (_sentence, signal, exitCode) => {
    const own = workingFolder();
    writeFileSync(join(own, "slo.yaml"), spec);
    writeFileSync(join(own, "orders.js"), script);
    const args = [launcher, "load", "--script", "orders.js", "--spec", "slo.yaml", "--target", target];
    const child = spawn(oldNode, args, { cwd: own, env: environment, stdio: "ignore" });
    const ended = new Promise((resolve) => child.on("exit", resolve));
    await k6Pid(own);
    child.kill(signal);
    expect(await ended).toBe(exitCode);
    expect(await leftAfterwards(own)).toEqual([]);
  });
});
