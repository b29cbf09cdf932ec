import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Child, ProcessGroup } from "../../../slo/host/process-group.ts";
import { endingText, runProcess } from "../../../slo/host/process.ts";
import { waitFor } from "../../../slo/host/wait.ts";
import { cacheFolder, findOnPath } from "../../../slo/run/tools/locate.ts";
import type { FoundTool } from "../tools.ts";

/** A small service of another language or library, which counts as that library does by itself. */
interface Library {
  /** The folder beside this file that holds its source and what pins its packages. */
  folder: string;
  /** The programs that build and run it. */
  programs: readonly string[];
  build: readonly (readonly [command: string, ...args: string[]])[];
  /** Runs what was built, in the folder where it was. */
  run: (built: string) => { command: string; args: readonly string[]; environment: NodeJS.ProcessEnv };
  metricsPath: string;
  /** True where the library's exporter listens on a port of its own. */
  ownMetricsPort: boolean;
}

const goService = (folder: string): Library => ({
  folder,
  programs: ["go"],
  build: [["go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-o", "service", "."]],
  run: (built) => ({ command: join(built, "service"), args: [], environment: {} }),
  metricsPath: "/metrics",
  ownMetricsPort: false,
});
const nodeService = (folder: string, file: string, ownMetricsPort: boolean): Library => ({
  folder,
  programs: ["npm"],
  build: [["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]],
  run: () => ({ command: process.execPath, args: [file], environment: {} }),
  metricsPath: "/metrics",
  ownMetricsPort,
});

/** Every library whose own series the presets are proved against. */
export const libraries = {
  promhttp: goService("promhttp"),
  "OpenTelemetry Go": goService("otel-go"),
  "OpenTelemetry Node": nodeService("otel-node", "server.cjs", true),
  "prom-client": nodeService("prom-client", "server.mjs", false),
  Micrometer: {
    folder: "micrometer",
    programs: ["java", "mvn"],
    build: [["mvn", "-q", "-B", "package"]],
    run: () => ({ command: "java", args: ["-XX:TieredStopAtLevel=1", "-Xshare:auto", "-jar", "target/service.jar"], environment: {} }),
    metricsPath: "/actuator/prometheus",
    ownMetricsPort: false,
  },
  "prometheus_client for Python": {
    folder: "python",
    programs: ["python3"],
    build: [["python3", "-m", "pip", "install", "-q", "--target", "packages", "--require-hashes", "-r", "requirements.txt"]],
    run: (built) => ({ command: "python3", args: ["server.py"], environment: { PYTHONPATH: join(built, "packages") } }),
    metricsPath: "/metrics",
    ownMetricsPort: false,
  },
  Envoy: {
    folder: "envoy",
    programs: ["python3"],
    build: [["python3", "-m", "pip", "install", "-q", "--target", "packages", "--require-hashes", "-r", "requirements.txt"]],
    run: () => ({ command: "sh", args: ["run.sh"], environment: {} }),
    metricsPath: "/stats/prometheus",
    ownMetricsPort: true,
  },
} satisfies Record<string, Library>;
export type LibraryName = keyof typeof libraries;

/** A service of gRPC and WebSocket, judged by what k6 counts: it has no metrics. */
export const protocols = goService("protocols");

/** A server that speaks MongoDB's protocol and keeps its data in SQLite. Its module lacks the file that says which version it is, and it does not start without. */
export const ferretdb: Library = {
  folder: "ferretdb",
  programs: ["go"],
  build: [
    ["go", "mod", "vendor"],
    ["cp", "version.txt", "vendor/github.com/FerretDB/FerretDB/build/version/"],
    [
      "go",
      "build",
      "-mod=vendor",
      "-trimpath",
      "-buildvcs=false",
      "-tags=ferretdb_no_postgresql",
      "-ldflags=-s -w",
      "-o",
      "service",
      "github.com/FerretDB/FerretDB/cmd/ferretdb",
    ],
    ["rm", "-r", "vendor"],
  ],
  run: (built) => ({ command: join(built, "service"), args: ["--handler=sqlite", "--telemetry=disable"], environment: {} }),
  metricsPath: "/debug/metrics",
  ownMetricsPort: true,
};

/** A collector of the parts that the lab's two use, with Elasticsearch's exporter. Its newest version whose module can be had, and the profiler's packages that it wants for a signal of its own are stood in for by `profiles/`. */
export const collector: Library = {
  folder: "collector",
  programs: ["go"],
  build: [["go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", "service", "."]],
  run: (built) => ({ command: join(built, "service"), args: [], environment: {} }),
  metricsPath: "",
  ownMetricsPort: false,
};

/** Elasticsearch's minimal distribution: the server and security, without data streams' own API, most of x-pack, and Kibana. */
export const elasticsearch: Library = {
  folder: "elasticsearch",
  programs: ["java", "mvn"],
  build: [["mvn", "-q", "-B", "package"]],
  run: (built) => ({ command: join(built, "target/elasticsearch-8.19.21/bin/elasticsearch"), args: [], environment: {} }),
  metricsPath: "",
  ownMetricsPort: false,
};

/** How a library's series are named in a spec, what it calls the route that is asked for by id, and a bucket that it has. */
export interface Mapping {
  metrics: string;
  /** Of k6's requests; the service's own name of it too, unless it tells none. */
  route: string;
  tellsRoute: boolean;
  atMostSeconds: number;
}
export const mappings: Record<LibraryName, Mapping> = {
  promhttp: { metrics: "promhttp", route: "/items/{id}", tellsRoute: true, atMostSeconds: 0.5 },
  "OpenTelemetry Go": { metrics: "otel", route: "/items/{id}", tellsRoute: true, atMostSeconds: 0.5 },
  "OpenTelemetry Node": {
    metrics: "{ preset: otel, duration: http_server_request_duration }",
    route: "/items/:id",
    tellsRoute: true,
    atMostSeconds: 0.5,
  },
  "prom-client": { metrics: "{ preset: fastify, labels: { route: path } }", route: "/items/#id", tellsRoute: true, atMostSeconds: 0.3 },
  Micrometer: { metrics: "micrometer", route: "/items/{id}", tellsRoute: true, atMostSeconds: 0.5 },
  "prometheus_client for Python": {
    metrics:
      "{ requests: http_requests_total, duration: request_latency_seconds, labels: { method: method, route: path, status: status } }",
    route: "/items/{id}",
    tellsRoute: true,
    atMostSeconds: 0.5,
  },
  Envoy: {
    metrics: "{ preset: envoy, where: { envoy_cluster_name: shop } }",
    route: "/items/{id}",
    tellsRoute: false,
    atMostSeconds: 0.5,
  },
};

const here = fileURLToPath(new URL(".", import.meta.url));

/** Reads what a library's service really says at its metrics path, trimmed; it was kept after seven GETs and three POSTs of which two failed. */
export const keptMetrics = (name: LibraryName): string => readFileSync(join(here, libraries[name].folder, "metrics.txt"), "utf8");

/** Builds a library's service once for each state of its folder, and gives the folder where it is; it stays in the cache. */
export async function buildService({ folder, programs, build }: Library): Promise<FoundTool> {
  const missing = programs.filter((program) => findOnPath(program, process.env) === undefined);
  if (missing.length > 0) return { kind: "missing", message: `${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} not on PATH` };
  const source = join(here, folder);
  const entries = join(cacheFolder(process.env, process.platform), "services");
  const built = join(entries, `${folder}-${digestOf(source)}`);
  if (existsSync(built)) return { kind: "found", path: built };
  const unfinished = join(entries, `${folder}.${process.pid}`);
  mkdirSync(unfinished, { recursive: true });
  cpSync(source, unfinished, { recursive: true });
  for (const [command, ...args] of build) {
    const ran = {
      command,
      args,
      folder: unfinished,
      limitSeconds: 1_800,
      environment: { ...process.env, GOWORK: "off", CGO_ENABLED: "0" },
    };
    const { ending, output } = await runProcess(ran);
    if (ending.kind === "exited" && ending.code === 0) continue;
    rmSync(unfinished, { recursive: true });
    return { kind: "missing", message: `${endingText(ran, ending)}: ${output.trim().split("\n").slice(-3).join(" / ")}` };
  }
  if (existsSync(built)) rmSync(unfinished, { recursive: true });
  else renameSync(unfinished, built);
  return { kind: "found", path: built };
}

function digestOf(folder: string): string {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted()) {
    if (/\.(go|mod|sum|json|[cm]js|xml|java|py|sh|yaml)$|(requirements|version)\.txt$/.test(name))
      hash.update(name).update(readFileSync(join(folder, name)));
  }
  return hash.digest("hex").slice(0, 12);
}

/** A service to start: where it listens, where its log goes, and of how many requests one answers 500 (none at 0). */
export interface LibraryOptions {
  library: Library;
  built: string;
  port: number;
  /** The same as `port` where the library has none of its own. */
  metricsPort: number;
  failEvery: number;
  logFile: string;
}

/** Starts a service that was built, and waits until it listens. */
export async function startLibrary(group: ProcessGroup, options: LibraryOptions): Promise<Child> {
  const { library, built, port, metricsPort, failEvery, logFile } = options;
  const { command, args, environment } = library.run(built);
  const own = { PORT: String(port), METRICS_PORT: String(metricsPort), FAIL_EVERY: String(failEvery) };
  const child = group.start({
    name: library.folder,
    command,
    args: [...args],
    environment: { ...process.env, ...environment, ...own },
    folder: built,
    logFile,
  });
  const ask = async () => (child.exit() ? "exited" : (await listens(port)) && (await listens(metricsPort)) ? "ready" : undefined);
  const state = await waitFor(ask, 60, 50);
  if (state === "ready") return child;
  throw new Error(`${library.folder} ${state ?? "did not listen within 60 s"}:\n${child.tail().slice(-10).join("\n")}`);
}

/** Connects and asks nothing: a request would be counted. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
