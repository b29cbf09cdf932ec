import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Child, ProcessGroup } from "../host/process-group.ts";
import { freePort } from "./ports.ts";
import { waitFor } from "../host/wait.ts";

/** A service of the local stack that answers at `url`. */
export interface Started {
  kind: "started";
  url: string;
  child: Child;
}

/** Says why a service of the local stack did not come up. */
export interface NotStarted {
  kind: "failed";
  message: string;
  /** True when it refused what it was told, and did nothing. */
  refused: boolean;
}

/** How often the local Prometheus scrapes: short, because the verdict waits for two scrapes after the last request. */
export const scrapeIntervalSeconds = 0.25;

function prometheusConfig(job: string, targetUrl: string | undefined, outOfOrder: string | undefined): string {
  const storage = outOfOrder === undefined ? undefined : { tsdb: { out_of_order_time_window: outOfOrder } };
  if (targetUrl === undefined) return JSON.stringify({ storage, scrape_configs: [] });
  const { protocol, host } = new URL(targetUrl);
  return JSON.stringify({
    storage,
    scrape_configs: [
      {
        job_name: job,
        scrape_interval: `${scrapeIntervalSeconds * 1000}ms`,
        scrape_timeout: `${scrapeIntervalSeconds * 1000}ms`,
        scheme: protocol.replace(":", ""),
        static_configs: [{ targets: [host] }],
      },
    ],
  });
}

async function answers(url: string): Promise<true | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
    await response.arrayBuffer();
    return response.ok ? true : undefined;
  } catch {
    return undefined;
  }
}

async function untilReady(child: Child, url: string, name: string, limitSeconds: number): Promise<NotStarted | undefined> {
  const ready = await waitFor(async () => (child.exit() ? "exited" : ((await answers(url)) && "ready") || undefined), limitSeconds, 20);
  if (ready === "ready") return undefined;
  const said = child.tail().slice(-5).join("\n  ");
  if (ready === "exited")
    return {
      kind: "failed",
      refused: child.exit()?.code === 2,
      message: `${name} ended at once (exit ${child.exit()?.code ?? child.exit()?.signal ?? child.exit()?.error}):\n  ${said}`,
    };
  await child.stop("SIGKILL", 0);
  return { kind: "failed", refused: false, message: `${name} did not answer at ${url} within ${limitSeconds} s:\n  ${said}` };
}

/** Starts Prometheus on a loopback port with its data in `folder`, scraping `/metrics` of `targetUrl`'s host, if any, as `job`. */
export async function startPrometheus(
  group: ProcessGroup,
  options: {
    binary: string;
    folder: string;
    logFile: string;
    job: string;
    targetUrl: string | undefined;
    port?: number;
    /** How old a sample may be that it still takes, e.g. "30d"; Prometheus's own default is none but the newest. */
    outOfOrder?: string;
    environment: NodeJS.ProcessEnv;
  },
): Promise<Started | NotStarted> {
  mkdirSync(options.folder, { recursive: true });
  const config = join(options.folder, "prometheus.yml");
  writeFileSync(config, prometheusConfig(options.job, options.targetUrl, options.outOfOrder));
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    const url = `http://127.0.0.1:${port}`;
    const child = group.start({
      name: "prometheus",
      command: options.binary,
      args: [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(options.folder, "data")}`,
        "--storage.tsdb.retention.time=10y",
        `--web.listen-address=127.0.0.1:${port}`,
        "--web.enable-remote-write-receiver",
        "--scrape.discovery-reload-interval=100ms", // else the first scrape comes after 5 s
        "--log.level=warn",
      ],
      environment: options.environment,
      folder: options.folder,
      logFile: options.logFile,
    });
    const problem = await untilReady(child, `${url}/-/ready`, "Prometheus", 60);
    if (problem === undefined) return { kind: "started", url, child };
    if (attempt < 3 && options.port === undefined && /address already in use/.test(problem.message)) continue;
    return problem;
  }
}

/** Starts the storage API on a loopback port with what the environment says of store and faults. */
export async function startTarget(
  group: ProcessGroup,
  options: { root: string; logFile: string; port?: number; environment: NodeJS.ProcessEnv },
): Promise<Started | NotStarted> {
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    const url = `http://127.0.0.1:${port}`;
    const child = group.start({
      name: "storage API",
      command: process.execPath,
      args: [join(options.root, "target/server.ts")],
      environment: { LOG_LEVEL: "warn", ...options.environment, HOST: "127.0.0.1", PORT: String(port) },
      folder: options.root,
      logFile: options.logFile,
    });
    const problem = await untilReady(child, `${url}/health/readiness`, "the storage API", 30);
    if (problem === undefined) return { kind: "started", url, child };
    if (attempt < 3 && options.port === undefined && /EADDRINUSE/.test(problem.message)) continue;
    return problem;
  }
}
