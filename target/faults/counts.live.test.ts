import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { type ServiceProcess, startService } from "../process.fixture.ts";
import { requestCounts } from "../samples.fixture.ts";
import { reportSchema } from "./admin.ts";

const script = `
import http from "k6/http";
import { Counter } from "k6/metrics";
const failed = new Counter("failed");
export const options = {
  discardResponseBodies: true,
  summaryTrendStats: ["count"],
  scenarios: { all: { executor: "shared-iterations", vus: 8, iterations: 1500, maxDuration: "90s" } },
};
export default function () {
  const url = __ENV.BASE + "/api/buckets/" + __VU;
  for (const answer of [http.put(url, "x"), http.get(url), http.post(__ENV.BASE + "/api/echo", "{}", { headers: { "content-type": "application/json" } })]) {
    if (answer.status === 0 || answer.status >= 500) failed.add(1);
  }
}
`;

const rules = [
  { kind: "drop", method: "GET", route: "/api/buckets/:id", every: 50 },
  { kind: "drop", method: "PUT", route: "/api/buckets/:id", share: 0.02, seed: 4 },
  { kind: "error", method: "*", route: "*", share: 0.01, seed: 9, status: 503 },
];

describeLive("k6 and the service", ["k6"], ({ k6 }) => {
  let folder = "";
  let service: ServiceProcess | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "storage-api-"));
  });
  afterEach(async () => {
    service?.child.kill("SIGKILL");
    await service?.ended;
    rmSync(folder, { recursive: true });
  });

  test("count the same requests and the same errors, dropped connections included", async () => {
    service = startService({ FAULTS: JSON.stringify(rules), FAULTS_ADMIN: "on" });
    const base = await service.address;
    const [entry, summary] = [join(folder, "script.js"), join(folder, "summary.json")];
    writeFileSync(entry, script);
    const run = spawn(k6, ["run", "--quiet", "--no-usage-report", `--summary-export=${summary}`, entry], {
      env: { BASE: base, HOME: folder },
      stdio: "ignore",
    });
    expect(await once(run, "close")).toEqual([0, null]);

    const { metrics } = JSON.parse(readFileSync(summary, "utf8"));
    const report = reportSchema.parse(await (await fetch(`${base}/admin/faults`)).json());
    const counts = requestCounts(await (await fetch(`${base}/metrics`)).text());
    const ofApi = Object.entries(counts).filter(([key]) => key.includes(" /api/"));
    const sum = (entries: [string, number][]): number => entries.reduce((total, [, count]) => total + count, 0);
    const injected = report.rules.reduce((total, rule) => total + rule.injected, 0);

    expect(metrics.http_reqs.count).toBe(4_500);
    expect(sum(ofApi)).toBe(4_500);
    expect(injected).toBeGreaterThan(60);
    expect(metrics.failed.count).toBe(injected);
    expect(sum(ofApi.filter(([key]) => /5\d\d$/.test(key)))).toBe(injected);
    expect(report.rules[0]).toMatchObject({ matched: 1_500, injected: 30 });
  });
});
