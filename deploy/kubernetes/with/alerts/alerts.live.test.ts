import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { goProgram } from "../../../../build/testing/go-programs.ts";
import { describeLive, describeWith } from "../../../../build/testing/live.ts";
import { openProcessGroup } from "../../../../slo/host/process-group.ts";
import { waitFor } from "../../../../slo/host/wait.ts";
import { freePort } from "../../../../slo/run/local-services.ts";
import { startService, type ServiceProcess } from "../../../../target/process.fixture.ts";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const ruleFiles = [here("rules-objectives.yml"), here("rules-service.yml")];
const alertmanager = await goProgram("alertmanager");
const temporary = (): string => mkdtempSync(join(tmpdir(), "plimsoll-alerts-"));

/** One alert as Alertmanager tells a webhook of it. */
interface Told {
  status: "firing" | "resolved";
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

const http = (status: string, route: string): string =>
  `http_request_duration_seconds_count{job="storage-api",method="DELETE",route="${route}",status_code="${status}"}`;
const bucket = (le: string): string =>
  `http_request_duration_seconds_bucket{job="storage-api",method="GET",route="/api/x",status_code="200",le="${le}"}`;
const pod = 'namespace="plimsoll",pod="storage-api-0"';

describeLive("the alerts beside the objectives, in promtool", ["promtool"], ({ promtool }) => {
  test("are rules that Prometheus takes, as those of the objectives are", () => {
    const checked = spawnSync(promtool, ["check", "rules", ...ruleFiles], { encoding: "utf8" });
    expect(checked.stdout + checked.stderr).toContain("SUCCESS");
    expect(checked.status).toBe(0);
  });

  test.each<[string, Record<string, string>, string[]]>([
    [
      "calm",
      {
        [http("200", "/api/a")]: "0+60x40",
        [http("500", "/api/a")]: "0+1x40",
        'up{job="storage-api"}': "1x40",
        [bucket("0.25")]: "0+60x40",
        [bucket("+Inf")]: "0+60x40",
        [`kube_pod_container_status_restarts_total{${pod},container="a"}`]: "7x30 8x10",
        [`kube_pod_container_status_restarts_total{${pod},container="just scraped"}`]: "_x36 3 4",
        'process_start_time_seconds{job="storage-api",instance="a"}': "100x30 400x10",
      },
      [],
    ],
    [
      "one route of two fails",
      { [http("200", "/api/a")]: "0+6x40", [http("500", "/api/a")]: "0+1x40", [http("200", "/api/b")]: "0+900x40" },
      ["RequestsFail /api/a"],
    ],
    ["probes fail, which are no requests of users", { [http("500", "/health/readiness")]: "0+6x40" }, []],
    [
      "one request in ten is slow",
      { [bucket("0.25")]: "0+54x40", [bucket("0.5")]: "0+60x40", [bucket("+Inf")]: "0+60x40" },
      ["RequestsSlow /api/x"],
    ],
    ["a pod cannot be scraped", { 'up{job="storage-api"}': "1x5 0x40" }, ["ServiceDown "]],
    ["a probe fails", { 'probe_success{job="storage-api-probe",instance="http://x"}': "1x5 0x40" }, ["ProbeFails "]],
    [
      "a pod is near its limit",
      {
        [`process_resident_memory_bytes{job="storage-api",${pod}}`]: "90x40",
        [`kube_pod_container_resource_limits{resource="memory",${pod},container="a"}`]: "100x40",
      },
      ["MemoryNearLimit "],
    ],
    ["a process computes without a pause", { [`process_cpu_seconds_total{job="storage-api",instance="a"}`]: "0+10x40" }, ["CpuSaturated "]],
    [
      "a container restarts",
      { [`kube_pod_container_status_restarts_total{${pod},container="a"}`]: "7x20 8x5 9x15" },
      ["ContainerRestarts "],
    ],
    ["a process restarts", { 'process_start_time_seconds{job="storage-api",instance="a"}': "100x15 200x5 300x30" }, ["ContainerRestarts "]],
    [
      "a disk fills up",
      { 'node_filesystem_avail_bytes{mountpoint="/"}': "9x40", 'node_filesystem_size_bytes{mountpoint="/"}': "100x40" },
      ["DiskNearlyFull "],
    ],
    ["a node has no memory", { node_memory_MemAvailable_bytes: "4x40", node_memory_MemTotal_bytes: "100x40" }, ["NodeMemoryLow "]],
    ["a rule fails", { 'prometheus_rule_evaluation_failures_total{rule_group="a"}': "0+1x40" }, ["RulesFail "]],
    ["a receiver cannot be told", { 'alertmanager_notifications_failed_total{integration="webhook"}': "0+1x40" }, ["AlertsNotDelivered "]],
  ])("%s", (_sentence, given, fired) => {
    const folder = temporary();
    // Up, unless it is said otherwise.
    const series = { 'up{job="storage-api"}': "1x40", ...given };
    const input_series = Object.entries(series).map(([name, values]) => ({ series: name, values }));
    const exp_samples = fired.map((name) => {
      const [alertname, route] = name.split(" ");
      return { labels: `{alertname="${alertname}"${route ? `,route="${route}"` : ""}}`, value: 1 };
    });
    const promql_expr_test = [{ expr: 'count by (alertname, route) (ALERTS{alertstate="firing"})', eval_time: "390s", exp_samples }];
    const tests = [{ interval: "10s", input_series, promql_expr_test }];
    writeFileSync(join(folder, "test.yml"), JSON.stringify({ rule_files: [here("rules-service.yml")], evaluation_interval: "10s", tests }));
    expect(
      execFileSync(promtool, ["test", "rules", join(folder, "test.yml")], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }),
    ).toContain("SUCCESS");
  });
});

describeWith({ alertmanager }, "Alertmanager", ["alertmanager"], ({ alertmanager: programs }) => {
  test.each(["alertmanager.yml", "receivers/alertmanager.yml"])("takes %s (amtool check-config)", (file) => {
    const checked = spawnSync(join(programs, "amtool"), ["check-config", here(file)], { encoding: "utf8" });
    expect(checked.stdout + checked.stderr).toContain("SUCCESS");
    expect(checked.status).toBe(0);
  });

  describeLive("with Prometheus and the storage API", ["prometheus"], ({ prometheus }) => {
    const group = openProcessGroup();
    const told: Told[] = [];
    const paged: { event_action: string; routing_key: string; payload?: { summary: string } }[] = [];
    const receivers = createServer((request, response) => {
      let text = "";
      request.on("data", (piece: Buffer) => (text += piece.toString()));
      request.on("end", () => {
        const body = JSON.parse(text) as { alerts: Told[] } & (typeof paged)[number];
        if (request.url === "/webhook") told.push(...body.alerts);
        else paged.push(body);
        response.writeHead(202, { "content-type": "application/json" }).end('{"status":"success","message":"","dedup_key":"x"}');
      });
    });
    let service: ServiceProcess;
    let [api, prometheusUrl, alertmanagerUrl] = ["", "", ""];
    let loading = true;
    let load: Promise<void> = Promise.resolve();

    /** Asks for one bucket after the other until the test is over; what fails is the service's to count. */
    async function keepLoading(): Promise<void> {
      for (let i = 0; loading; i += 1) {
        const url = `${api}/api/buckets/b${i % 50}`;
        const put = { method: "PUT", headers: { "content-type": "application/octet-stream" }, body: "x" };
        await fetch(url, i % 3 === 0 ? put : {}).then((answer) => answer.arrayBuffer(), () => undefined); // prettier-ignore
        await sleep(20);
      }
    }

    async function faults(rules: object[]): Promise<void> {
      const request = { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify({ rules }) };
      expect((await fetch(`${api}/admin/faults`, request)).status).toBe(200);
    }

    const json = async <T>(url: string): Promise<T> => (await (await fetch(url)).json()) as T;
    async function value(query: string): Promise<number | undefined> {
      type Answer = { data: { result: { value: [number, string] }[] } };
      const { data } = await json<Answer>(`${prometheusUrl}/api/v1/query?query=${encodeURIComponent(query)}`);
      return data.result[0] && Number(data.result[0].value[1]);
    }
    const heard = (status: Told["status"], labels: Record<string, string>): Promise<Told | undefined> =>
      waitFor(
        async () => told.find((one) => one.status === status && Object.entries(labels).every(([name, at]) => one.labels[name] === at)),
        240,
        500,
      );
    const page = { alertname: "ErrorBudgetBurn", severity: "page", objective: "server availability", service: "storage-api" };

    beforeAll(async () => {
      const folder = temporary();
      await new Promise<void>((ready) => receivers.listen(0, "127.0.0.1", ready));
      const receiver = `http://127.0.0.1:${(receivers.address() as AddressInfo).port}`;
      service = startService({ FAULTS_ADMIN: "on", DRAIN_SECONDS: "0" });
      api = await service.address;
      const [port, alertmanagerPort] = [await freePort(), await freePort()];
      [prometheusUrl, alertmanagerUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${alertmanagerPort}`];
      mkdirSync(join(folder, "secrets"));
      writeFileSync(join(folder, "secrets/webhook"), `${receiver}/webhook`);
      writeFileSync(join(folder, "secrets/pagerduty"), "a-key");
      const config = readFileSync(here("receivers/alertmanager.yml"), "utf8").replaceAll(
        "/etc/alertmanager-secrets",
        join(folder, "secrets"),
      );
      // Everything is as in production but where PagerDuty is.
      writeFileSync(join(folder, "alertmanager.yml"), `global: { pagerduty_url: "${receiver}/v2/enqueue" }\n${config}`);
      const settings = {
        global: { scrape_interval: "1s", evaluation_interval: "5s" },
        rule_files: ruleFiles,
        alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertmanagerPort}`] }] }] },
        scrape_configs: [{ job_name: "storage-api", static_configs: [{ targets: [new URL(api).host] }] }],
      };
      writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(settings));
      const start = (name: string, command: string, args: string[]): void =>
        void group.start({ name, command, args, environment: process.env, folder, logFile: join(folder, `${name}.log`) });
      start("prometheus", prometheus, [
        `--config.file=${join(folder, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ]);
      start("alertmanager", join(programs, "alertmanager"), [
        `--config.file=${join(folder, "alertmanager.yml")}`,
        `--storage.path=${join(folder, "told")}`,
        `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
        "--cluster.listen-address=",
      ]);
      load = keepLoading();
    }, 60_000);

    afterAll(async () => {
      loading = false;
      await load;
      service.child.kill("SIGKILL");
      await group.stopAll();
      receivers.close();
    }, 30_000);

    test("a load without a fault burns nothing, and nobody is told", async () => {
      const burn = 'slo:current_burn_rate:ratio{sloth_slo="server-availability"}';
      expect(await waitFor(() => value(burn).catch(() => undefined), 90, 500)).toBe(0);
      expect(await value(`sum(http_request_duration_seconds_count{route=~"/api/.*"})`)).toBeGreaterThan(50);
      expect(told).toEqual([]);
    }, 120_000);

    test("a fault fires the page, and a webhook and PagerDuty hear of it; its ticket is held back", async () => {
      await faults([{ kind: "error", every: 4, status: 500 }]);
      const one = await heard("firing", page);
      expect(one?.annotations).toMatchObject({ summary: 'storage-api spends the error budget of "server availability" too fast' });
      expect(one?.annotations["runbook"]).toContain("http_request_duration_seconds_count");
      expect(one?.labels).toMatchObject({ sloth_id: "storage-api-server-availability", windows: "short" });
      expect(await heard("firing", { alertname: "RequestsFail", route: "/api/buckets/:id", method: "GET" })).toBeDefined();
      expect(await waitFor(async () => paged.find(({ event_action }) => event_action === "trigger"), 60, 500)).toMatchObject({
        routing_key: "a-key",
      });
      type Held = { labels: Record<string, string>; status: { state: string; inhibitedBy: string[] } };
      const held = await waitFor(async () => {
        const all = await json<Held[]>(`${alertmanagerUrl}/api/v2/alerts`);
        return all.find(({ labels, status }) => labels["severity"] === "ticket" && labels["alertname"] === "ErrorBudgetBurn" && status.inhibitedBy.length > 0);
      }, 60, 500); // prettier-ignore
      expect(held?.status.state).toBe("suppressed");
    }, 300_000);

    test("the fault's end resolves it, and both hear of that too", async () => {
      await faults([]);
      expect(await heard("resolved", page)).toBeDefined();
      expect(await waitFor(async () => paged.find(({ event_action }) => event_action === "resolve"), 120, 500)).toBeDefined();
    }, 400_000);

    test("a service that is gone is told once: its objectives without data are held back", async () => {
      service.child.kill("SIGKILL");
      expect(await heard("firing", { alertname: "ServiceDown" })).toBeDefined();
      expect(await waitFor(() => value('ALERTS{alertname="ObjectiveWithoutData",alertstate="firing"}'), 180, 500)).toBe(1);
      await sleep(11_000); // longer than a group waits before it tells of a further alert
      expect(told.filter(({ labels }) => labels["alertname"] === "ObjectiveWithoutData")).toEqual([]);
    }, 400_000);
  });
});

test("the two configurations of Alertmanager tell the same alerts to receivers of the same names", () => {
  const [lab = "", called = ""] = ["alertmanager.yml", "receivers/alertmanager.yml"].map((file) => readFileSync(here(file), "utf8"));
  const untilReceivers = (text: string): string | undefined => text.replace(/^#.*\n/, "").split("receivers:\n")[0];
  expect(untilReceivers(called)).toBe(untilReceivers(lab));
});
