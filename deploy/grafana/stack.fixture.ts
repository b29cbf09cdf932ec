import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ProcessGroup, openProcessGroup } from "../../slo/host/process-group.ts";
import { endingText, runProcess } from "../../slo/host/process.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Real processes for the live test: the storage API with faults, Prometheus that scrapes it, and the folder they use. */
export interface LiveStack {
  target: string;
  prometheus: string;
  folder: string;
  stop: () => Promise<void>;
}

/** Starts a program that stays, and gives what `line` finds in a line of its output; rejects with the last lines when it ends first. */
function startUntil(group: ProcessGroup, folder: string, command: string, args: string[], more: NodeJS.ProcessEnv, line: RegExp) {
  return new Promise<string>((resolve, reject) => {
    const child = group.start({
      name: command,
      command,
      args,
      folder: root,
      environment: { PATH: process.env["PATH"], ...more },
      logFile: join(folder, "log"),
      onLine: (text) => {
        const found = line.exec(text)?.[1];
        if (found !== undefined) resolve(found);
      },
    });
    void child.exited.then((exit) => reject(new Error(`${command} ended: ${JSON.stringify(exit)}\n${child.tail().join("\n")}`)));
  });
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
  const group = openProcessGroup();
  const extra = await metricsServer(metrics);
  const stop = async (): Promise<void> => {
    await group.stopAll();
    await new Promise((resolve) => {
      extra.close(resolve);
      extra.closeAllConnections();
    });
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const settings = { PORT: "0", LOG_LEVEL: "warn", FAULTS: faults };
    const target = await startUntil(group, folder, process.execPath, ["target/server.ts"], settings, /"address":"(http:[^"]+)"/);
    const extraHost = `127.0.0.1:${(extra.address() as AddressInfo).port}`;
    const config = {
      global: { scrape_interval: "500ms", scrape_timeout: "500ms" },
      scrape_configs: [
        { job_name: "storage-api", static_configs: [{ targets: [new URL(target).host] }] },
        { job_name: "verdicts", honor_labels: true, static_configs: [{ targets: [extraHost] }] },
      ],
    };
    const configFile = join(folder, "prometheus.yml");
    writeFileSync(configFile, JSON.stringify(config));
    const stored = [`--config.file=${configFile}`, `--storage.tsdb.path=${join(folder, "data")}`];
    const args = [...stored, "--web.listen-address=127.0.0.1:0", "--web.enable-remote-write-receiver"];
    const address = await startUntil(group, folder, prometheusBinary, args, {}, /Listening on.*address=(127\.0\.0\.1:\d+)/);
    return { target, prometheus: `http://${address}`, folder, stop };
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
  more: Record<string, string>,
): Promise<{ requests: number; dropped: number }> {
  const summary = join(stack.folder, `${testid}.json`);
  const output = ["--out", "experimental-prometheus-rw", "--features", "native-histograms,merge-run-tags"];
  const quiet = ["--no-thresholds", "--no-usage-report", "--summary-mode", "compact", "--summary-export", summary];
  const tags = ["--tag", `testid=${testid}`, "--tag", "instance_id=0"];
  const k6 = {
    command: binary,
    args: ["run", ...output, ...quiet, ...tags, join(root, "scenarios/smoke.ts")],
    folder: root,
    limitSeconds: 90,
    environment: {
      PATH: process.env["PATH"],
      PLIMSOLL_TARGET: stack.target,
      K6_PROMETHEUS_RW_SERVER_URL: `${stack.prometheus}/api/v1/write`,
      K6_PROMETHEUS_RW_PUSH_INTERVAL: "1s",
      ...more,
    },
  };
  const ran = await runProcess(k6);
  if (ran.ending.kind !== "exited" || ran.ending.code !== 0) throw new Error(`${endingText(k6, ran.ending)}\n${ran.output.slice(-2000)}`);
  const { metrics } = JSON.parse(readFileSync(summary, "utf8")) as { metrics: Record<string, { count?: number }> };
  return { requests: metrics["http_reqs"]?.count ?? Number.NaN, dropped: metrics["dropped_iterations"]?.count ?? 0 };
}
