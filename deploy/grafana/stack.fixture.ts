import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Holds real processes for the live test: the storage API with faults, Prometheus that scrapes it, and the folder they use. */
export interface LiveStack {
  target: string;
  prometheus: string;
  folder: string;
  stop: () => Promise<void>;
}

/** Starts a program and waits for a line of its output; rejects with the output when it ends first. */
function startUntil(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  line: RegExp,
): { child: ChildProcess; found: Promise<string> } {
  const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const found = new Promise<string>((resolve, reject) => {
    const read = (text: string): void => {
      output += text;
      const match = line.exec(output)?.[1];
      if (match !== undefined) resolve(match);
    };
    child.stdout?.setEncoding("utf8").on("data", read);
    child.stderr?.setEncoding("utf8").on("data", read);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${command} ended with ${code}: ${output.slice(-2000)}`)));
  });
  return { child, found };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 5000);
  await exit;
  clearTimeout(late);
}

/** Answers every scrape with what `metrics` says at that moment. */
function metricsServer(metrics: () => string): Promise<Server> {
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(metrics());
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/** Starts the stack on free loopback ports; `metrics` is scraped beside the storage API, with its labels as they are. */
export async function startStack(prometheusBinary: string, faults: string, metrics: () => string): Promise<LiveStack> {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-grafana-"));
  const children: ChildProcess[] = [];
  const extra = await metricsServer(metrics);
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(ended));
    await new Promise((resolve) => {
      extra.close(resolve);
      extra.closeAllConnections();
    });
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const api = startUntil(
      process.execPath,
      ["target/server.ts"],
      { PATH: process.env["PATH"], PORT: "0", LOG_LEVEL: "warn", FAULTS: faults },
      /"address":"(http:[^"]+)"/,
    );
    children.push(api.child);
    const target = await api.found;
    const extraHost = `127.0.0.1:${(extra.address() as AddressInfo).port}`;
    const config = {
      global: { scrape_interval: "500ms", scrape_timeout: "500ms" },
      scrape_configs: [
        { job_name: "storage-api", static_configs: [{ targets: [new URL(target).host] }] },
        { job_name: "verdicts", honor_labels: true, static_configs: [{ targets: [extraHost] }] },
      ],
    };
    writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config));
    const args = [
      ...[`--config.file=${join(folder, "prometheus.yml")}`, `--storage.tsdb.path=${join(folder, "data")}`],
      ...["--web.listen-address=127.0.0.1:0", "--web.enable-remote-write-receiver"],
    ];
    const server = startUntil(prometheusBinary, args, { PATH: process.env["PATH"] }, /Listening on.*address=(127\.0\.0\.1:\d+)/);
    children.push(server.child);
    return { target, prometheus: `http://${await server.found}`, folder, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Runs k6 with remote write and native histograms; gives its own totals. Rejects with its output when it fails. */
export async function runK6(
  binary: string,
  stack: LiveStack,
  testid: string,
  environment: Record<string, string>,
): Promise<{ requests: number; dropped: number }> {
  const summary = join(stack.folder, `${testid}.json`);
  const args = [
    ...[
      "run",
      "--out",
      "experimental-prometheus-rw",
      "--features",
      "native-histograms,merge-run-tags",
      "--no-thresholds",
      "--no-usage-report",
    ],
    ...[
      "--summary-mode",
      "compact",
      "--summary-export",
      summary,
      "--tag",
      `testid=${testid}`,
      "--tag",
      "instance_id=0",
      join(root, "scenarios/smoke.ts"),
    ],
  ];
  const env = {
    PATH: process.env["PATH"],
    ...{
      PLIMSOLL_TARGET: stack.target,
      K6_PROMETHEUS_RW_SERVER_URL: `${stack.prometheus}/api/v1/write`,
      K6_PROMETHEUS_RW_PUSH_INTERVAL: "1s",
    },
    ...environment,
  };
  const { child, found } = startUntil(binary, args, env, /(?!)/);
  found.catch(() => undefined);
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) await found;
  const { metrics } = JSON.parse(readFileSync(summary, "utf8")) as { metrics: Record<string, { count?: number }> };
  return { requests: metrics["http_reqs"]?.count ?? Number.NaN, dropped: metrics["dropped_iterations"]?.count ?? 0 };
}
