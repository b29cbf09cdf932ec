import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { extname, join } from "node:path";
import type { Child, ChildOptions, ProcessGroup } from "../host/process-group.ts";
import { waitFor } from "../host/wait.ts";
import type { Metrics } from "../spec/presets.ts";

export interface Started {
  kind: "started";
  url: string;
  child: Child;
}

export interface NotStarted {
  kind: "failed";
  message: string;
  /** True when it refused its settings, and did nothing. */
  refused: boolean;
}

/** How often the local Prometheus scrapes, seconds: short, because the verdict waits for two scrapes after the last request. */
export const usualScrapeSeconds = 0.25;

/** Finds how often a page of metrics is scraped, seconds: less often where reading it takes long, since a scrape that outlasts its interval fails. */
export async function scrapeIntervalOf(url: string): Promise<number> {
  let interval = usualScrapeSeconds;
  for (let reads = 0; reads < 3; reads += 1) {
    const began = performance.now();
    if ((await answerAt(url, 10)) === undefined) return interval;
    const seconds = (performance.now() - began) / 1000;
    if (seconds < usualScrapeSeconds / 2) return usualScrapeSeconds; // a first read may be slow
    interval = [0.5, 1, 2, 5, 10].find((each) => each >= 2 * seconds) ?? 30;
  }
  return interval;
}

/** Gives the address at which a target's metrics are read: the target's own, but for what is said otherwise. */
export function scrapeUrl(targetUrl: string, { path, scheme, port }: Metrics["scrape"]): string {
  const own = new URL(targetUrl);
  const asIs = port === undefined ? own.host : `${own.hostname}:${port}`;
  return `${scheme ?? own.protocol.replace(":", "")}://${asIs}${path}`;
}

/** Finds where a target's metrics are: where they are said to be, or, if nothing answers there, at the target's own port. */
export async function findMetrics(targetUrl: string, said: Metrics["scrape"]): Promise<Metrics["scrape"]> {
  if (said.port === undefined || (await answers(scrapeUrl(targetUrl, said)))) return said;
  const own = { path: said.path, scheme: undefined, port: undefined };
  return (await answers(scrapeUrl(targetUrl, own))) ? own : said;
}

function prometheusConfig({ job, targetUrl, scrape: from, outOfOrder, intervalSeconds = usualScrapeSeconds }: PrometheusOptions): string {
  const storage = outOfOrder === undefined ? undefined : { tsdb: { out_of_order_time_window: outOfOrder } };
  if (targetUrl === undefined) return JSON.stringify({ storage, scrape_configs: [] });
  const { protocol, host, pathname, searchParams } = new URL(
    scrapeUrl(targetUrl, from ?? { path: "/metrics", scheme: undefined, port: undefined }),
  );
  const interval = `${intervalSeconds * 1000}ms`;
  const timing = { scrape_interval: interval, scrape_timeout: interval };
  const params = Object.fromEntries([...new Set(searchParams.keys())].map((key) => [key, searchParams.getAll(key)]));
  const at = { scheme: protocol.replace(":", ""), metrics_path: pathname, params, static_configs: [{ targets: [host] }] };
  const histograms = { scrape_native_histograms: true, always_scrape_classic_histograms: true };
  const scrape = { job_name: job, ...timing, ...histograms, ...at };
  return JSON.stringify({ storage, scrape_configs: [scrape] });
}

interface Service {
  name: string;
  readyPath: string;
  /** Tells whether it is this child that answers at the URL, and not whoever else has the port. */
  isOwn: (child: Child, url: string) => boolean | Promise<boolean>;
  limitSeconds: number;
  /** A given port is the only one; else a free one is taken, and another where that was lost to someone else. */
  port: number | undefined;
  child: (port: number) => ChildOptions;
}

const mostTries = 3;

async function startService(group: ProcessGroup, { port: given, child: childAt, ...service }: Service): Promise<Started | NotStarted> {
  for (let tries = 1; ; tries += 1) {
    const port = given ?? (await freePort());
    const url = `http://127.0.0.1:${port}`;
    const child = group.start(childAt(port));
    const problem = await untilReady(child, url, service);
    if (problem === undefined) return { kind: "started", url, child };
    const isPortTaken = /address already in use|EADDRINUSE/.test(problem.message);
    if (given !== undefined || !isPortTaken || tries === mostTries) return problem;
  }
}

type Readiness = Omit<Service, "port" | "child">;

async function untilReady(child: Child, url: string, { name, readyPath, isOwn, limitSeconds }: Readiness): Promise<NotStarted | undefined> {
  const ask = async (): Promise<"exited" | "ready" | undefined> =>
    child.exit() ? "exited" : (await answers(url + readyPath)) && (await isOwn(child, url)) ? "ready" : undefined;
  const state = await waitFor(ask, limitSeconds, 20);
  if (state === "ready") return undefined;
  const said = child.tail().slice(-5).join("\n  ");
  const { code, signal, error } = child.exit() ?? {};
  if (state === "exited")
    return { kind: "failed", refused: code === 2, message: `${name} ended at once (exit ${code ?? signal ?? error}):\n  ${said}` };
  await child.stop("SIGKILL", 0);
  return { kind: "failed", refused: false, message: `${name} did not answer at ${url}${readyPath} within ${limitSeconds} s:\n  ${said}` };
}

/** Gives what a URL answers; undefined where that is an error, or nothing. */
async function answerAt(url: string, limitSeconds = 1): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(limitSeconds * 1000) });
    const text = await response.text();
    return response.ok ? text : undefined;
  } catch {
    return undefined;
  }
}

const answers = async (url: string): Promise<boolean> => (await answerAt(url, 5)) !== undefined;

interface PrometheusOptions {
  binary: string;
  folder: string;
  logFile: string;
  /** Under this name it scrapes the metrics of `targetUrl`'s host, if there is one: at `/metrics`, or where `scrape` says. */
  job: string;
  targetUrl: string | undefined;
  scrape?: Metrics["scrape"];
  intervalSeconds?: number;
  port?: number;
  /** How old a sample may be that it still takes, e.g. "30d"; Prometheus's own default is none but the newest. */
  outOfOrder?: string;
}

export function startPrometheus(group: ProcessGroup, options: PrometheusOptions): Promise<Started | NotStarted> {
  const { binary, folder, logFile } = options;
  mkdirSync(folder, { recursive: true });
  const config = join(folder, "prometheus.yml");
  writeFileSync(config, prometheusConfig(options));
  const args = (port: number): string[] => [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    "--storage.tsdb.retention.time=10y",
    `--web.listen-address=127.0.0.1:${port}`,
    "--web.enable-remote-write-receiver",
    "--scrape.discovery-reload-interval=100ms", // else the first scrape comes after 5 s
    "--log.level=warn",
  ];
  const child = (port: number): ChildOptions => ({ name: "prometheus", command: binary, args: args(port), folder, logFile });
  const isOwn = async (_: Child, url: string): Promise<boolean> =>
    (await answerAt(`${url}/api/v1/status/flags`))?.includes(JSON.stringify(config)) === true;
  return startService(group, { name: "Prometheus", readyPath: "/-/ready", isOwn, limitSeconds: 60, port: options.port, child });
}

export function startTarget(
  group: ProcessGroup,
  { root, logFile, port: given, environment }: { root: string; logFile: string; port?: number; environment: NodeJS.ProcessEnv },
): Promise<Started | NotStarted> {
  const child = (port: number): ChildOptions => ({
    name: "storage API",
    command: process.execPath,
    args: [join(root, `target/server${extname(import.meta.url)}`)], // .js in the package
    environment: { LOG_LEVEL: "warn", ...environment, HOST: "127.0.0.1", PORT: String(port) },
    folder: root,
    logFile,
  });
  const isOwn = ({ tail }: Child): boolean => tail().some((line) => line.includes('"listening"'));
  return startService(group, { name: "the storage API", readyPath: "/health/readiness", isOwn, limitSeconds: 30, port: given, child });
}

/** Finds a free port on 127.0.0.1; another process may take it first, so starters try again with the next. */
export async function freePort(): Promise<number> {
  await using server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}
