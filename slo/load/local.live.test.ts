import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { openProcessGroup } from "../host/process-group.ts";
import { freePort, startTarget } from "../run/local-services.ts";
import { brief, easySpec, k6Pid, leftAfterwards, reportIn, run, runsIn, start, workingFolder } from "../cli/cli.fixture.ts";

const project = new URL("../../", import.meta.url).pathname;

describeLive("a run with everything started here", ["k6", "prometheus"], () => {
  test("that keeps its objectives ends with 0, and all sides agree to the request", async () => {
    const folder = workingFolder();
    const ended = await run(["load", "--scenario", "smoke", ...brief, "--spec", easySpec(folder)], { folder });
    expect(ended.stderr).not.toMatch(/bug/);
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(0);
    const report = reportIn(folder);
    const { reconciliation: r } = report;
    expect([report.verdict, r.agrees, r.lostBetween]).toEqual(["met", true, 0]);
    expect([r.relayRequests, r.prometheusRequests, r.serverRequests]).toEqual([r.k6Requests, r.k6Requests, r.k6Requests]);
    expect(report.objectives.map((o) => [o.name, o.verdict])).toEqual(
      ["availability", "server errors", "latency", "server latency"].map((name) => [name, "met"]),
    );
    expect(report.timings.toFirstRequestSeconds).toBeGreaterThan(0);
    const [testid = ""] = runsIn(folder);
    expect(readdirSync(join(folder, ".plimsoll/runs", testid))).toEqual(
      expect.arrayContaining(["report.json", "report.html", "junit.xml", "summary.md", "run.json", "k6.log"]),
    );
    expect(await leftAfterwards(folder)).toEqual([]);
    const history = await run(["history"], { folder });
    expect(history.stdout).toContain(testid);
    const again = await run(["gate", "--run", testid, "--json"], { folder });
    expect(again.exitCode, again.stderr).toBe(0);
    expect((JSON.parse(again.stdout) as { verdict: string }).verdict).toBe("met");
  });

  test("whose DELETE answers 500 ends with 1 and names the route", async () => {
    const folder = workingFolder();
    const ended = await run(
      ["load", "--scenario", "load", "--rate", "60", "--duration", "12s", "--set", "warmup=1", "--fault", "delete-answers-500"],
      { folder },
    );
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(1);
    const report = reportIn(folder);
    expect(report.routes[0]).toMatchObject({ method: "DELETE", route: "/api/buckets/:id" });
    expect(report.routes[0]?.errors).toBe(report.routes[0]?.requests);
    expect(ended.stdout).toContain("/api/buckets/:id");
  });

  test("that is too short to prove anything ends with 3 and says how many requests are needed", async () => {
    const folder = workingFolder();
    const ended = await run(["load", "--scenario", "smoke", "--rate", "10", "--duration", "3s", "--set", "warmup=0"], { folder });
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(3);
    expect(ended.stdout).toMatch(/2,?995/);
    expect(ended.stderr).toMatch(/2,?995/); // said before the load, too
  });

  test("whose service loses some writes is loaded and judged all the same, since seeds are sent again", async () => {
    const folder = workingFolder();
    const lossy = JSON.stringify([{ kind: "error", method: "PUT", share: 0.3 }]);
    const ended = await run(["load", "--scenario", "smoke", ...brief, "--spec", easySpec(folder), "--fault", lossy], { folder });
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(1);
    const { reasons, reconciliation: r } = reportIn(folder);
    expect(reasons.join("\n")).not.toMatch(/exit code|bucket/);
    expect(r.serverRequests).toBe(r.k6Requests);
  });

  test("whose service takes no write at all ends with 4, and says that the buckets could not be filled", async () => {
    const folder = workingFolder();
    const broken = JSON.stringify([{ kind: "error", method: "PUT", every: 1 }]);
    const ended = await run(["load", "--scenario", "smoke", ...brief, "--spec", easySpec(folder), "--fault", broken], { folder });
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(4);
    const reasons = reportIn(folder).reasons.join("\n");
    expect(reasons).toMatch(/the buckets could not be filled before the load: http:\S+ does not take PUT .*it answered 500/);
    expect(reasons).not.toContain("the script threw");
  });

  test("whose target stalls for 2 s counts dropped and slow requests and is not met", async () => {
    const folder = workingFolder();
    const stall = JSON.stringify([{ kind: "stall", route: "/api/buckets/:id", afterSeconds: 8, forSeconds: 2 }]);
    const spec = easySpec(folder);
    const ended = await run(
      ["load", "--scenario", "smoke", "--rate", "100", "--duration", "10s", "--set", "vus=20", "--spec", spec, "--fault", stall],
      { folder },
    );
    const report = reportIn(folder);
    expect([1, 3], ended.stderr + ended.stdout).toContain(ended.exitCode);
    expect(report.load.droppedIterations).toBeGreaterThan(0);
    expect(report.objectives.find((o) => o.name === "latency")?.evidence?.worst.bad).toBeGreaterThan(report.load.droppedIterations);
  });
});

describeLive("a command that cannot be carried out as given", ["k6", "prometheus"], () => {
  const folder = workingFolder();
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return name;
  };
  const k6Script = (body: string): string => `import http from "k6/http";\nexport default function () {\n${body}\n}\n`;

  test.each([
    ["an unknown flag has a suggestion", ["load", "--scenari", "smoke"], /--scenario/],
    ["an unknown scenario has a suggestion", ["load", "--scenario", "smok"], /smoke/],
    ["no scenario at all is told what to give", ["load"], /--scenario NAME or --script FILE/],
    ["an unknown --set key has a suggestion", ["load", "--scenario", "smoke", "--set", "paylod=1KiB"], /payload/],
    ["a rate must be a number", ["load", "--scenario", "smoke", "--rate", "fast"], /number above 0/],
    ["a URL with a password is refused", ["load", "--scenario", "smoke", "--prometheus", "http://a:b@127.0.0.1:1"], /environment/],
    [
      "a spec with a problem names file, line and column",
      [
        "load",
        "--scenario",
        "smoke",
        "--spec",
        file(
          "bad.yaml",
          "version: 1\nservice: x\nobjectives:\n  - name: a\n    target: 100%\n    indicator: { errors: { side: client } }\n",
        ),
      ],
      /bad\.yaml:5:13/,
    ],
    ["a spec that is not there is named", ["load", "--scenario", "smoke", "--spec", "none.yaml"], /none\.yaml/],
    [
      "a script with a syntax error names file and line",
      ["load", "--script", file("syntax.js", k6Script("  http.get(;"))],
      /syntax\.js:3:\d+/,
    ],
    [
      "a script with a missing import names file and line",
      ["load", "--script", file("missing.js", 'import x from "../cli/nothing.js";\nexport default function () { x(); }\n')],
      /missing\.js:1:\d+/,
    ],
    ["a script that is not there is named", ["load", "--script", "none.js"], /none\.js/],
    [
      "a fault makes no sense for a isUserScript target",
      ["load", "--scenario", "smoke", "--fault", "x", "--target", "http://127.0.0.1:1"],
      /--fault/,
    ],
    ["gate without a run says how to get one", ["gate"], /npm run load/],
    ["gate of a path that leaves the folder is refused", ["gate", "--run", "../../etc"], /not the id of a run/],
    ["check names the place too", ["check", "bad.yaml"], /bad\.yaml:5:13/],
  ])("%s: exit 2, nothing started", async (_, args, message) => {
    const ended = await run(args, { folder });
    expect(ended.stderr).toMatch(message);
    expect(ended.exitCode, ended.stderr).toBe(2);
    expect(runsIn(folder)).toEqual([]);
  });

  test("a target that is down ends with 4 before any load", async () => {
    const port = await freePort();
    const ended = await run(["load", "--scenario", "smoke", "--target", `http://127.0.0.1:${port}`], { folder: workingFolder() });
    expect(ended.exitCode, ended.stderr).toBe(4);
    expect(ended.stderr).toContain(`http://127.0.0.1:${port} does not answer`);
    expect(existsSync(join(ended.folder, ".plimsoll/runs", runsIn(ended.folder)[0] ?? "none", "k6.log"))).toBe(false);
  });

  test("a Prometheus that is down ends with 4 and is named", async () => {
    const port = await freePort();
    const ended = await run(["load", "--scenario", "smoke", "--prometheus", `http://127.0.0.1:${port}`], { folder: workingFolder() });
    expect(ended.exitCode, ended.stderr).toBe(4);
    expect(ended.stderr).toContain(`Prometheus at http://127.0.0.1:${port} does not answer`);
  });

  test.each([
    ["a fault that is none", "no-such-fault", /no preset "no-such-fault"; there are: delete-answers-500/],
    ["a fault that is broken JSON", "{bad", /is not JSON/],
  ])("%s is told before anything starts: exit 2, and no folder is left", async (_, fault, words) => {
    const folder = workingFolder();
    const ended = await run(["load", "--scenario", "smoke", "--fault", fault], { folder });
    expect(ended.exitCode, ended.stderr).toBe(2);
    expect(ended.stderr).toMatch(words);
    expect(runsIn(folder)).toEqual([]);
  });

  test("a target that does not answer leaves no folder behind", async () => {
    const folder = workingFolder();
    const ended = await run(["load", "--scenario", "smoke", "--target", `http://127.0.0.1:${await freePort()}`], { folder });
    expect(ended.exitCode, ended.stderr).toBe(4);
    expect(runsIn(folder)).toEqual([]);
  });

  test("a port in use is named", async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)),
    );
    const ended = await run(["stack", "--target-port", String(port), "--prometheus-port", String(await freePort())], {
      folder: workingFolder(),
    });
    server.close();
    expect(ended.exitCode, ended.stderr).toBe(4);
    expect(ended.stderr).toContain(String(port));
    expect(await leftAfterwards(ended.folder)).toEqual([]);
  });

  test("a folder that cannot be written is named", async () => {
    const place = workingFolder();
    writeFileSync(join(place, ".plimsoll"), "a file where the folder should be");
    const ended = await run(["load", "--scenario", "smoke"], { folder: place });
    expect(ended.exitCode, ended.stderr).toBe(4);
    expect(ended.stderr).toContain(".plimsoll");
  });
});

describeLive("two runs on one target", ["k6", "prometheus"], () => {
  test("the second is refused with 4 while the first loads, and names it", async () => {
    const group = openProcessGroup();
    afterAll(() => group.stopAll());
    const folder = workingFolder();
    const target = await startTarget(group, { root: project, logFile: join(folder, "t.log"), environment: process.env });
    if (target.kind === "failed") throw new Error(target.message);
    const args = ["load", "--scenario", "smoke", ...brief, "--duration", "5m", "--spec", easySpec(folder), "--target", target.url];
    const first = start(args, { folder });
    await k6Pid(folder);
    const second = await run(args, { folder });
    expect(second.exitCode, second.stderr).toBe(4);
    expect(second.stderr).toContain(`is loading ${target.url} now`);
    first.process.kill("SIGINT");
    const ended = await first.ended;
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(130);
  });
});

describeLive("a user script", ["k6", "prometheus"], () => {
  test("with an arrival rate is judged by k6's histogram and the server's buckets, and can be met", async () => {
    const folder = workingFolder();
    writeFileSync(
      join(folder, "open.ts"),
      `import http from "k6/http";
import type { Options } from "k6/options";
export const options: Options = { scenarios: { steady: { executor: "constant-arrival-rate", rate: 60, timeUnit: "1s", duration: "6s", preAllocatedVUs: 100 } } };
export function setup() { http.put(__ENV.PLIMSOLL_TARGET + "/api/buckets/a", "bytes", { tags: { name: "/api/buckets/:id" } }); }
export default function () { http.get(__ENV.PLIMSOLL_TARGET + "/api/buckets/a", { tags: { name: "/api/buckets/:id" } }); }
`,
    );
    const ended = await run(["load", "--script", "open.ts", "--spec", easySpec(folder), "--json"], { folder });
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(0);
    const report = reportIn(folder);
    expect(report.objectives.map((o) => o.verdict)).toEqual(["met", "met", "met", "met"]);
    expect(report.objectives[2]?.queries.bad).toContain("k6_http_req_duration_seconds");
    expect((JSON.parse(ended.stdout) as { testid: string }).testid).toBe(report.testid);
  });

  test("in a closed model proves errors, and leaves latency open", async () => {
    const folder = workingFolder();
    writeFileSync(
      join(folder, "mine.js"),
      `import http from "k6/http";
export const options = { scenarios: { steady: { executor: "constant-vus", vus: 2, duration: "4s" } }, tags: { team: "a" } };
export default function () { http.get(__ENV.PLIMSOLL_TARGET + "/api/users", { tags: { name: "/api/users" } }); }
`,
    );
    const ended = await run(["load", "--script", "mine.js", "--spec", easySpec(folder)], { folder });
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(3);
    const verdicts = Object.fromEntries(reportIn(folder).objectives.map((o) => [o.name, o.verdict]));
    expect(verdicts).toMatchObject({ availability: "met", latency: "inconclusive" });
  });
});
