import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { openProcessGroup } from "../../slo/host/process-group.ts";
import { freePort, startPrometheus, startTarget } from "../../slo/run/local-services.ts";
import { emptyFolder, project, removeFolder, runProgram, writeSpec } from "./ci.fixture.ts";

describeLive("the gate's script against a preview environment", ["k6", "prometheus"], ({ prometheus: binary }) => {
  const group = openProcessGroup();
  const folder = emptyFolder();
  afterAll(async () => {
    await group.stopAll();
    removeFolder(folder);
  });

  test("loads the service and asks the Prometheus that it was given, by the labels that it was given", async () => {
    const services = join(folder, "services");
    mkdirSync(services);
    const target = await startTarget(group, { root: project, logFile: join(services, "t.log"), environment: process.env });
    if (target.kind === "failed") throw new Error(target.message);
    const prometheus = await startPrometheus(group, {
      binary,
      folder: join(services, "p"),
      logFile: join(services, "p.log"),
      job: "preview",
      targetUrl: target.url,
      port: await freePort(),
    });
    if (prometheus.kind === "failed") throw new Error(prometheus.message);
    const ended = await runProgram(["sh", join(project, "deploy/ci/gate.sh"), "run"], folder, {
      GATE_TARGET: target.url,
      GATE_PROMETHEUS: prometheus.url,
      GATE_SERVER_LABELS: "job=preview\n",
      GATE_SPEC: writeSpec(folder, "97%"),
      GATE_SCENARIO: "smoke",
      GATE_RATE: "60",
      GATE_DURATION: "8s",
      GATE_SET: "warmup=1\npayload=2KiB",
    });
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(0);
    expect(ended.stdout).toMatch(/^notice: storage-api under smoke: all 2 objectives are met/m);
    const report = JSON.parse(readFileSync(join(folder, "plimsoll-report/report.json"), "utf8")) as {
      [name in "target" | "prometheus"]: string;
    } & { embedded: boolean; reconciliation: { k6Requests: number; serverRequests: number } };
    expect([report.target, report.prometheus, report.embedded]).toEqual([target.url, prometheus.url, false]);
    expect(report.reconciliation.serverRequests).toBe(report.reconciliation.k6Requests);
  });
});
