import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { startService, type ServiceProcess } from "../../target/process.fixture.ts";
import { reportIn, run, undisturbed, workingFolder } from "./cli.fixture.ts";

/** A folder of a user, with these files. */
function folderWith(files: Record<string, string>): string {
  const folder = workingFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}
const textIn = (folder: string, file: string): string => readFileSync(join(folder, file), "utf8");

describeLive("init", ["k6", "prometheus"], () => {
  let service: ServiceProcess;
  let target = "";
  beforeAll(async () => {
    service = startService({});
    target = await service.address;
  });
  afterAll(() => void service.child.kill());

  test("makes of an OpenAPI document what a load gives a two-sided verdict with, and overwrites nothing", async () => {
    const paths = { "/health/readiness": { get: {} }, "/api/users": { post: {} } };
    const folder = folderWith({ "openapi.json": JSON.stringify({ openapi: "3.1.0", servers: [{ url: target }], paths }) });
    writeFileSync(join(folder, "package.json"), '{"name":"@acme/shop"}');
    mkdirSync(join(folder, ".github"));
    const made = await run(["init"], { folder });
    expect(made.exitCode, made.stderr).toBe(0);
    expect(made.stderr).toContain("counts as fastify does");
    const script = `${textIn(folder, "perf/shop.ts")}// edited\n`;
    writeFileSync(join(folder, "perf/shop.ts"), script);
    const again = await run(["init"], { folder });
    for (const file of ["plimsoll.config.ts", "perf/shop.ts", "perf/shop.yaml", ".github/workflows/slo.yml"])
      expect(again.stderr).toContain(`${file} is there already and stays as it is`);
    expect(textIn(folder, "perf/shop.ts")).toBe(script);
    const load = () => {
      rmSync(join(folder, ".plimsoll"), { recursive: true, force: true });
      return run(["load", "--duration", "14s"], { folder });
    };
    const loaded = await undisturbed(load, ({ stdout }) => stdout);
    expect(reportIn(folder).load.offeredIterations).toBe(700);
    expect(loaded.exitCode, loaded.stderr + loaded.stdout).toBe(0);
    expect(loaded.stderr).not.toMatch(/TS\d+/);
    expect(reportIn(folder).objectives.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual([
      "availability met",
      "availability, server met",
      "latency met",
      "latency, server met",
    ]);
  });

  test("translates a script's thresholds, and says of each that it cannot translate why", async () => {
    const script = `import http from "k6/http";
import { Trend } from "k6/metrics";
new Trend("cart", true);
export const options = { vus: 1, iterations: 1, thresholds: {
  http_req_failed: ["rate<0.01"], "http_req_duration{status:200}": ["p(95)<400"], http_req_duration: ["avg<200"], cart: [{ threshold: "p(90)<300", abortOnFail: true }],
} };
export default () => http.get(__ENV.PLIMSOLL_TARGET);`;
    const folder = folderWith({ "my-test.js": script });
    const made = await run(["init", "--from-script", "my-test.js", "--target", target, "--service", "shop", "--ci", "gitlab"], { folder });
    expect(made.exitCode, made.stderr).toBe(0);
    expect(made.stderr).toContain("the script's executors are of a closed model: latency");
    expect(textIn(folder, "my-test.yaml"), "a spec stands beside its script").toMatch(
      /target: 90%[^]*name: cart[^]*target: 95%[^]*target: 99%[^]*# not translated: http_req_duration: avg<200: bounds a mean/,
    );
    expect(textIn(folder, "plimsoll.config.ts")).toContain('script: "my-test.js"');
    expect(existsSync(join(folder, "perf/shop.ts"))).toBe(false);
    expect(textIn(folder, ".gitlab/slo.yml")).toContain("gate.sh run");
    const checked = await run(["check"], { folder });
    expect(checked.stdout).toContain("5 objectives of shop, reads well");
    expect(checked.stderr).toContain("our scenarios count by method, route, name, scenario; under a user script it can be");
    const scaled = await run(["load", "--script", "my-test.js", "--spec", "my-test.yaml", "--rate", "5"], { folder });
    expect([scaled.exitCode, scaled.stderr]).toEqual([2, expect.stringContaining("this one has its own options") as string]);
    const asScript = await run(["check", "my-test.yaml", "--script", "my-test.js"], { folder });
    expect([asScript.exitCode, asScript.stderr]).toEqual([0, ""]);
    const again = await run(["init", "--from-script", "my-test.js", "--target", target, "--service", "shop", "--ci", "gitlab"], { folder });
    expect(again.stderr).toContain("the objectives found now were not written: move my-test.yaml away");
    expect(again.stdout).toContain("--script my-test.js --spec my-test.yaml");
    const asScenario = await run(["check", "my-test.yaml", "--scenario", "smoke"], { folder });
    expect([asScenario.exitCode, asScenario.stdout], asScenario.stderr).toEqual([2, ""]);
  });

  test("of a service that does not answer writes what it can, and does not end as if all were well", async () => {
    const folder = folderWith({});
    const made = await run(["init", "http://127.0.0.1:1"], { folder });
    expect([made.exitCode, made.stderr]).toEqual([4, expect.stringContaining("does not answer")]);
    expect(existsSync(join(folder, "plimsoll.config.ts"))).toBe(true);
  });

  test.each([
    ["init", { perf: "" }, ["init", "http://127.0.0.1:1"]],
    ["load", { ".plimsoll": "" }, ["load", "--scenario", "smoke"]],
  ])("%s names the folder that it cannot write to", async (_, files, args) => {
    const folder = folderWith(files);
    const ended = await run(args, { folder });
    expect([ended.exitCode, ended.stderr]).toEqual([4, expect.stringContaining(`${folder} cannot be written to`)]);
  });

  test.each([
    ["nothing that says what the service is", {}, [], "give its address, an OpenAPI document or a HAR"],
    ["an address without http://", {}, ["127.0.0.1:1/orders"], "an address begins with http://"],
    ["a document that is none", { "openapi.yaml": "a: 1" }, [], "openapi.yaml is no OpenAPI document"],
    ["an address with credentials", {}, ["http://a:b@shop.example"], "must hold no credentials"],
    ["a script that is not there", {}, ["--from-script", "gone.js", "--target", "http://127.0.0.1:1"], "there is no script"],
    ["a script without an address to judge it by", {}, ["--from-script", "gone.js"], "nothing says where the service is"],
  ])("refuses %s, and writes nothing", async (_what, files, args, said) => {
    const folder = folderWith(files);
    const made = await run(["init", ...args], { folder });
    expect(made.exitCode).toBe(2);
    expect(made.stderr).toContain(said);
    expect(existsSync(join(folder, "plimsoll.config.ts"))).toBe(false);
  });
});
