import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { openProcessGroup } from "../host/process-group.ts";
import { freePort, startPrometheus, startTarget } from "../run/local-services.ts";
import { waitFor } from "../host/wait.ts";
import { brief, easySpec, k6Pid, leftAfterwards, reportIn, run, runsIn, start, workingFolder } from "./cli.fixture.ts";

const project = new URL("../../", import.meta.url).pathname;
const parentOf = (pid: number): number => Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);

describeLive("a run that is cut short", ["k6", "prometheus"], () => {
  test.each(["SIGINT", "SIGHUP", "SIGTERM"] as const)("by %s ends with 130, its children stopped, its record kept", async (signal) => {
    const folder = workingFolder();
    const running = start(["load", "--scenario", "smoke", "--rate", "60", "--duration", "60s", "--spec", easySpec(folder)], { folder });
    await k6Pid(folder);
    await running.says(" of ");
    running.process.kill(signal);
    const ended = await running.ended;
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(130);
    const { verdict, objectives, load } = reportIn(folder);
    expect(verdict).toBe("interrupted");
    for (const { name, evidence } of objectives) {
      const most = (evidence?.best.total ?? 0) + 6 * (load.interruptedIterations ?? 0);
      expect(evidence?.worst.total, name).toBeLessThanOrEqual(most);
    }
    expect(await leftAfterwards(folder)).toEqual([]);
  });

  test.each<[string, (processes: number[]) => number | undefined, NodeJS.Signals]>([
    ["the end of npm, as when a job is cancelled", (processes) => processes.at(-1), "SIGTERM"],
    ["Ctrl-C, which reaches it from the terminal and by way of npm,", (processes) => -(processes.at(-1) ?? 0), "SIGINT"],
    ["the sudden end of npm", (processes) => processes.at(-1), "SIGKILL"],
    ["the sudden end of whatever started it", (processes) => processes[0], "SIGKILL"],
  ])("by %s stops its children and keeps what was measured", async (_, choose, signal) => {
    const folder = workingFolder();
    const args = ["--scenario", "smoke", "--rate", "60", "--duration", "60s", "--spec", easySpec(folder)];
    const npm = spawn("npm", ["--prefix", project, "run", "load", "--", ...args], {
      cwd: folder,
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    npm.stderr.on("data", (text: Buffer) => (said += text.toString()));
    const command = parentOf(await k6Pid(folder));
    await waitFor(async () => (said.includes(" of ") ? true : undefined), 30, 50);
    const processes: number[] = [];
    for (let pid = parentOf(command); processes.at(-1) !== npm.pid && pid > 1; pid = parentOf(pid)) processes.push(pid);
    process.kill(choose(processes) ?? 0, signal);
    expect(await leftAfterwards(folder), said).toEqual([]);
    expect(said.match(/interrupted: stopping k6/g), said).toHaveLength(1);
    expect(reportIn(folder).verdict).toBe("interrupted");
  });

  test.each([
    ["awaits what never comes is not carried out", "await new Promise(() => {});"],
    ["leaves a timer running ends all the same", "setInterval(() => {}, 1000);"],
  ])("by a config that %s", async (_, statement) => {
    const folder = workingFolder();
    writeFileSync(join(folder, "plimsoll.config.mjs"), `${statement} export default {};`);
    const ended = await run(["load", "--scenario", "smoke", "--target", "http://127.0.0.1:1", "--spec", easySpec(folder)], { folder });
    expect(ended.exitCode, ended.stderr).toBe(4);
  });

  test("before it began leaves no folder", async () => {
    const folder = workingFolder();
    writeFileSync(join(folder, "endless.js"), "for (;;) {}");
    const running = start(["load", "--script", "endless.js", "--spec", easySpec(folder)], { folder });
    await waitFor(async () => (runsIn(folder).length > 0 ? true : undefined), 30, 10);
    running.process.kill("SIGINT");
    const ended = await running.ended;
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(130);
    expect([await leftAfterwards(folder), runsIn(folder)]).toEqual([[], []]);
  });

  test("by proof ends with 1 as soon as failure is proved, and is not told as interrupted", async () => {
    const folder = workingFolder();
    const args = ["--scenario", "smoke", "--rate", "60", "--duration", "60s", "--fault", "delete-answers-500", "--stop-on", "exceeded"];
    const ended = await run(["load", ...args], { folder });
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(1);
    const { verdict, reasons, timings, objectives, load } = reportIn(folder);
    expect(verdict).toBe("exceeded");
    expect(reasons.join("\n")).toMatch(
      /the load was stopped \d+ s after k6 began, when \d+ bad of \d+ proved that availability is exceeded .*as if all others of \d+ planned/,
    );
    expect(reasons.join("\n")).not.toMatch(/interrupted|exit code|never sent/);
    expect(timings.loadSeconds).toBeLessThan(60);
    expect(load.errors).toBeGreaterThanOrEqual(8); // of 3,600 requests 0.1 % may be bad, and 8 prove that it is more
    expect(objectives.filter((one) => one.verdict === "met")).toEqual([]);
    expect(await leftAfterwards(folder)).toEqual([]);
  });

  test("by the death of k6 ends with 4, and is never met", async () => {
    const folder = workingFolder();
    const running = start(["load", "--scenario", "smoke", "--rate", "60", "--duration", "60s", "--spec", easySpec(folder)], { folder });
    const pid = await k6Pid(folder);
    await running.says(" of ");
    process.kill(pid, "SIGKILL");
    const ended = await running.ended;
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(4);
    expect(reportIn(folder).verdict).not.toBe("met");
    expect(await leftAfterwards(folder)).toEqual([]);
  });

  test("by the death of the command itself leaves no process, and the run can still be judged: not met", async () => {
    const folder = workingFolder();
    const running = start(["load", "--scenario", "smoke", "--rate", "60", "--duration", "60s", "--spec", easySpec(folder)], { folder });
    await k6Pid(folder);
    await running.says(" of ");
    running.process.kill("SIGKILL");
    await running.ended;
    expect(await leftAfterwards(folder)).toEqual([]);
    const gate = await run(["gate"], { folder });
    expect(gate.exitCode, gate.stderr + gate.stdout).toBe(3);
    expect(gate.stdout).toContain("killed before k6 ended");
  });

  test("by the death of the target is exceeded, and says when it died", async () => {
    const folder = workingFolder();
    const group = openProcessGroup();
    afterAll(() => group.stopAll());
    const target = await startTarget(group, { root: project, logFile: join(folder, "t.log"), environment: process.env });
    if (target.kind === "failed") throw new Error(target.message);
    const running = start(
      ["load", "--scenario", "smoke", ...brief, "--duration", "12s", "--spec", easySpec(folder), "--target", target.url],
      { folder },
    );
    await k6Pid(folder);
    await running.says(" of ");
    await target.child.stop("SIGKILL", 0);
    const ended = await running.ended;
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(1);
    expect(ended.stdout).toMatch(/without an answer.*from [^,]+ on, none before/s);
  });
});

describeLive("a run whose Prometheus fails", ["k6", "prometheus"], ({ prometheus: binary }) => {
  const group = openProcessGroup();
  afterAll(() => group.stopAll());

  async function services(folder: string, port?: number) {
    mkdirSync(folder, { recursive: true });
    const target = await startTarget(group, { root: project, logFile: join(folder, "t.log"), environment: process.env });
    if (target.kind === "failed") throw new Error(target.message);
    const at = port ?? (await freePort());
    const options = {
      binary,
      folder: join(folder, "p"),
      logFile: join(folder, "p.log"),
      job: "storage-api",
      targetUrl: target.url,
      port: at,
    };
    const prometheus = await startPrometheus(group, options);
    if (prometheus.kind === "failed") throw new Error(prometheus.message);
    return { target, prometheus, again: () => startPrometheus(group, options) };
  }

  test("in the middle and comes back with its data gives the same verdict, and no request is lost in the counts", async () => {
    const folder = workingFolder();
    const { target, prometheus, again } = await services(join(folder, "services"));
    const args = ["load", "--scenario", "smoke", "--rate", "60", "--duration", "20s", "--set", "warmup=1", "--spec", easySpec(folder)];
    const running = start([...args, "--target", target.url, "--prometheus", prometheus.url], { folder });
    await k6Pid(folder);
    await running.says(" of ");
    await prometheus.child.stop("SIGKILL", 0);
    await running.says("Prometheus"); // the relay says that its destination is gone
    await again();
    const ended = await running.ended;
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(0);
    const { reconciliation: r } = reportIn(folder);
    expect([r.relayRequests, r.prometheusRequests, r.serverRequests, r.agrees]).toEqual([r.k6Requests, r.k6Requests, r.k6Requests, true]);
  });

  test("for good ends with 3, and the printed command gives the verdict when it is back", async () => {
    const folder = workingFolder();
    const { target, prometheus, again } = await services(join(folder, "services"));
    const args = ["load", "--scenario", "smoke", ...brief, "--spec", easySpec(folder), "--settle-limit", "3"];
    const running = start([...args, "--target", target.url, "--prometheus", prometheus.url], { folder });
    await k6Pid(folder);
    await running.says(" of ");
    await prometheus.child.stop("SIGKILL", 0);
    const ended = await running.ended;
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(3);
    const [testid = ""] = runsIn(folder);
    expect(ended.stderr).toContain(`npm run slo -- gate --run ${testid}`);
    await again();
    const gate = await run(["gate", "--run", testid], { folder });
    // The client's counts are complete; the service was not scraped while Prometheus was gone, but its counters are cumulative.
    expect([0, 3], gate.stderr + gate.stdout).toContain(gate.exitCode);
    const report = reportIn(folder);
    expect(report.reconciliation.prometheusRequests).toBe(report.reconciliation.relayRequests);
    expect(report.objectives.filter((o) => o.side === "client").map((o) => o.verdict)).toEqual(["met", "met"]);
  });
});
