// Runs compose.yaml itself with every profile at once and a service that is broken, and asks what a person would ask. Needs the ports that it publishes.
// An image that cannot be had here is told and stood in for: FerretDB in MongoDB's place; Grafana is left out, which nothing else needs.
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { describeWith } from "../build/testing/live.ts";
import { find } from "../build/testing/setup.ts";
import type { FoundTool } from "../build/testing/tools.ts";
import { type Ran, runProcess } from "../slo/host/process.ts";
import { waitFor } from "../slo/host/wait.ts";

const folder = fileURLToPath(new URL("./", import.meta.url));
const file = `${folder}compose.yaml`;
const project = "plimsoll-compose-test";
const fault = "delete-answers-500";
interface Service {
  image: string;
  build?: unknown;
}
const { services } = parse(readFileSync(file, "utf8"), { merge: true }) as { services: Record<string, Service> };

const docker = (...args: string[]): Promise<Ran> => runProcess({ command: "docker", args, limitSeconds: 900 });
const isGood = ({ ending }: Ran): boolean => ending.kind === "exited" && ending.code === 0;
const isHad = async (image: string): Promise<boolean> =>
  isGood(await docker("image", "inspect", image)) || isGood(await docker("pull", "--quiet", image));

async function findCompose(): Promise<FoundTool> {
  if (!isGood(await docker("version"))) return { kind: "missing", message: "docker is not there, or its daemon does not run" };
  if (isGood(await docker("compose", "version"))) return { kind: "found", path: "docker" };
  return { kind: "missing", message: "docker has no plugin compose (https://docs.docker.com/compose/install/)" };
}

/** FerretDB's arguments, as in Kubernetes. */
function ferretdb(): { image: string; command: string[] } {
  const { patches } = parse(readFileSync(`${folder}kubernetes/with/mongodb/ferretdb/kustomization.yaml`, "utf8")) as {
    patches: { patch: string }[];
  };
  const { spec } = parse(patches[0]?.patch ?? "") as {
    spec: { template: { spec: { containers: [{ image: string; args: string[] }] } } };
  };
  const [{ image, args }] = spec.template.spec.containers;
  return {
    image,
    command: args.map((word) => word.replace(/\$\((\w+)_USERNAME\)/, "plimsoll").replace(/\$\(\w+\)/, "$${MONGODB_PASSWORD}")),
  };
}

/** What stands in for what this machine lacks; folders of the stores are in memory, since an image that was built elsewhere may not have them. */
async function standIns(work: string): Promise<unknown> {
  const lacking: string[] = [];
  for (const [name, { image, build }] of Object.entries(services)) if (build === undefined && !(await isHad(image))) lacking.push(name);
  if (lacking.length > 0) process.stderr.write(`compose: images that cannot be had: ${lacking.join(", ")}\n`);
  const changed: Record<string, unknown> = { load: { volumes: [`${work}:/work/.plimsoll`] } };
  if (lacking.includes("grafana")) changed["grafana"] = { profiles: ["left-out"] };
  if (lacking.includes("mongodb")) changed["mongodb"] = ferretdb();
  const config = "/etc/prometheus/prometheus.yml";
  const mounted = ["--rm", "--volume", `${folder}prometheus/prometheus.yml:${config}:ro`, "--entrypoint", "/bin/promtool"];
  const checks = await docker("run", ...mounted, services["prometheus"]?.image ?? "", "check", "config", "--syntax-only", config);
  if (!isGood(checks)) {
    // An image that was built without discovery by DNS.
    const own = await find("prometheus");
    if (own.kind === "found") changed["prometheus"] = { volumes: [`${own.path}:/bin/prometheus:ro`] };
  }
  const inMemory = (id: number) => ({ driver_opts: { type: "tmpfs", device: "tmpfs", o: `uid=${id},gid=${id}` } });
  return { services: changed, volumes: { loki: inMemory(10_001), mongodb: inMemory(999) } };
}

interface Span {
  tags: { key: string; value: unknown }[];
}

describeWith({ docker: await findCompose() }, "Compose with every profile", ["docker"], () => {
  const work = mkdtempSync(join(tmpdir(), "plimsoll-compose-"));
  const environment = {
    ...process.env,
    MONGODB_PASSWORD: randomBytes(16).toString("hex"),
    TARGET_FAULTS: fault,
    PLIMSOLL_USER: `${process.getuid?.()}:${process.getgid?.()}`,
  };
  const override = join(work, "override.json");
  const compose = (...words: string[]): Promise<Ran> => {
    const files = ["--file", file, "--file", override, "--env-file", `${folder}lab.env`];
    const args = ["compose", "--project-name", project, "--progress", "quiet", ...files, ...words];
    return runProcess({ command: "docker", args, limitSeconds: 1_500, environment });
  };
  const ask = async <T>(port: number, path: string, query: Record<string, string> = {}): Promise<T> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}?${new URLSearchParams(query).toString()}`);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  const left = async (): Promise<string> => {
    const label = ["--filter", `label=com.docker.compose.project=${project}`];
    const lists = [
      ["ps", "--all"],
      ["volume", "ls"],
      ["network", "ls"],
    ];
    const all = lists.map((words) => docker(...words, "--quiet", ...label));
    return (await Promise.all(all)).map(({ stdout }) => stdout).join("");
  };
  const targets = async (): Promise<Record<string, string>> => {
    const { data } = await ask<{ data: { activeTargets: { labels: { job: string }; health: string }[] } }>(9_090, "/api/v1/targets");
    return Object.fromEntries(data.activeTargets.map(({ labels, health }) => [labels.job, health]));
  };
  const told = async (): Promise<number> =>
    (await ask<{ data: { activeAlertmanagers: unknown[] } }>(9_090, "/api/v1/alertmanagers")).data.activeAlertmanagers.length;

  let load: Ran;
  let testid = "";
  /** The lines of the service about the run's requests, as its container wrote them. */
  let lines: string[] = [];

  beforeAll(async () => {
    writeFileSync(override, JSON.stringify(await standIns(work)));
    const up = await compose("up", "--detach", "--build");
    if (!isGood(up)) throw new Error(up.output);
  }, 1_800_000);
  afterAll(async () => {
    await compose("--profile", "*", "down", "--volumes", "--timeout", "5");
    rmSync(work, { recursive: true, force: true });
  }, 120_000);

  test("Prometheus reads every part, and finds Alertmanager", async () => {
    const parts = ["alertmanager", "collector", "mongodb-exporter", "node-exporter", "storage-api-probe", "web", "web-probe"];
    const wanted = Object.fromEntries([...parts, "prometheus", "storage-api"].map((job) => [job, "up"]));
    await waitFor(
      async () =>
        Object.values(await targets()).filter((health) => health === "up").length === Object.keys(wanted).length ? true : undefined,
      60,
      500,
    );
    expect(await targets()).toEqual(wanted);
    expect(await told()).toBe(1);
  });

  test("the page answers with buckets out of the database, and both probes succeed", async () => {
    const put = await fetch("http://127.0.0.1:8080/api/buckets/one", { method: "PUT", body: "contents" });
    expect(put.ok, await put.text()).toBe(true);
    expect(JSON.stringify(await ask(8_080, "/api/buckets"))).toContain('"one"');
    const probes = async () =>
      (await ask<{ data: { result: unknown[] } }>(9_090, "/api/v1/query", { query: "probe_success == 1" })).data.result;
    expect(await waitFor(async () => ((await probes()).length === 2 ? true : undefined), 30, 500)).toBe(true);
  });

  test("the load in its container ends with 1, and its report names the fault by the traces", async () => {
    const telemetry = ["--traces", "http://jaeger:16686", "--logs", "http://loki:3100"];
    load = await compose("run", "--rm", "-T", "load", "--scenario", "smoke", "--rate", "40", ...telemetry);
    process.stderr.write(`${load.stdout}\n`);
    expect(load.ending, load.output).toEqual({ kind: "exited", code: 1 });
    [testid = ""] = readdirSync(join(work, "runs"));
    const report = readFileSync(join(work, "runs", testid, "report.json"), "utf8");
    expect(load.stdout).toMatch(/EXCEEDED +deletes work/);
    expect(report).toContain(`"plimsoll.fault": "${fault}"`);
    const { stdout } = await compose("logs", "--no-color", "--no-log-prefix", "target");
    lines = stdout.split("\n").filter((line) => line.includes(`"testid":"${testid}"`));
    expect(lines.length).toBeGreaterThan(1_000);
  });

  test("each of its lines is in Loki, once", async () => {
    const query = { query: `{service_name="storage-api"} | plimsoll_testid="${testid}"`, limit: "5000", since: "1h" };
    const held = async (): Promise<string[]> => {
      const { data } = await ask<{ data: { result: { values: [string, string][] }[] } }>(3_100, "/loki/api/v1/query_range", query);
      return data.result.flatMap(({ values }) => values.map(([, line]) => line));
    };
    await waitFor(async () => ((await held()).length >= lines.length ? true : undefined), 30, 500);
    const got = await held();
    const different = new Set(got);
    const missing = lines.filter((line) => !different.has(line));
    expect({ held: got.length, different: different.size, missing }).toEqual({ held: lines.length, different: lines.length, missing: [] });
  });

  test("each request that the fault broke is a trace in Jaeger, with the fault", async () => {
    const broken = lines.map((line) => JSON.parse(line) as Record<string, string>).filter((line) => line["fault"] === fault);
    const wanted = new Set(broken.map((line) => line["trace_id"]));
    expect(wanted.size).toBeGreaterThan(100);
    const tags = JSON.stringify({ "plimsoll.testid": testid, "plimsoll.fault": fault });
    const query = { service: "storage-api", limit: "5000", lookback: "1h", tags };
    const traces = async () => (await ask<{ data: { traceID: string; spans: Span[] }[] }>(16_686, "/api/traces", query)).data;
    await waitFor(async () => ((await traces()).length >= wanted.size ? true : undefined), 30, 500);
    expect(new Set((await traces()).map(({ traceID }) => traceID.padStart(32, "0")))).toEqual(wanted);
  });

  test("Alertmanager has the alert of the route, and the exemplars of the collector's span metrics lead to traces", async () => {
    const alert = { alertname: "RequestsFail", service: "storage-api", method: "DELETE", route: "/api/buckets/:id" };
    const alerts = async () => (await ask<{ labels: Record<string, string> }[]>(9_093, "/api/v2/alerts")).map(({ labels }) => labels);
    await waitFor(async () => ((await alerts()).some(({ alertname }) => alertname === "RequestsFail") ? true : undefined), 60, 500);
    expect(await alerts()).toContainEqual(expect.objectContaining(alert));
    const now = Date.now() / 1_000;
    const exemplars = await ask(9_090, "/api/v1/query_exemplars", {
      query: `traces_span_metrics_duration_seconds_bucket{plimsoll_fault="${fault}"}`,
      start: String(now - 600),
      end: String(now),
    });
    expect(JSON.stringify(exemplars)).toMatch(/"trace_id":"[0-9a-f]{32}"/);
  });

  test("a part that is stopped is no target any more, not one that is down", async () => {
    expect(isGood(await compose("stop", "--timeout", "2", "alertmanager", "node-exporter", "blackbox-exporter", "web"))).toBe(true);
    const wanted = { "storage-api": "up", prometheus: "up", collector: "up", "mongodb-exporter": "up" };
    await waitFor(async () => (Object.keys(await targets()).length === 4 && (await told()) === 0 ? true : undefined), 60, 500);
    expect([await targets(), await told()]).toEqual([wanted, 0]);
  });

  test("down with every profile leaves no container, volume or network", async () => {
    expect(isGood(await compose("--profile", "*", "down", "--volumes", "--timeout", "5"))).toBe(true);
    expect(await left()).toBe("");
  });
});
