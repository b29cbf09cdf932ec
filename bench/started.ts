import { mkdirSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { join } from "node:path";
import { z } from "zod";
import { bundleScenario } from "../slo/run/bundle/bundle.ts";
import type { Child } from "../slo/host/process-group.ts";
import { startK6 } from "../slo/run/k6.ts";
import { startPrometheus, startTarget } from "../slo/run/local-services.ts";
import { resolveTool } from "../slo/run/tools/resolve.ts";
import type { ToolName } from "../slo/run/tools/tool.ts";
import type { Bench } from "./figure.ts";

/** A part of the stack that runs. */
export interface Part {
  url: string;
  child: Child;
}

/** Finds a tool; throws the resolver's message when there is none. */
export async function toolOf({ say }: Bench, name: ToolName): Promise<string> {
  const tool = await resolveTool(name, { say });
  if (tool.kind === "missing") throw new Error(tool.message);
  return tool.path;
}

/** Starts the storage API with these variables and no faults of the caller's environment. */
export async function targetOf({ group, project, folder }: Bench, environment: Record<string, string>): Promise<Part> {
  const logFile = join(folder, "target.log");
  const started = await startTarget(group, { root: project, logFile, environment: { PATH: process.env["PATH"], ...environment } });
  if (started.kind === "failed") throw new Error(started.message);
  return started;
}

/** Starts a Prometheus that scrapes the target, if any, as the job `storage-api`. */
export async function prometheusOf(
  bench: Bench,
  name: string,
  targetUrl: string | undefined,
  { port, outOfOrder }: { port?: number; outOfOrder?: string } = {},
): Promise<Part> {
  const folder = join(bench.folder, name);
  mkdirSync(folder, { recursive: true });
  const started = await startPrometheus(bench.group, {
    binary: await toolOf(bench, "prometheus"),
    folder,
    logFile: join(bench.folder, "prometheus.log"),
    job: "storage-api",
    targetUrl,
    ...(port === undefined ? {} : { port }),
    ...(outOfOrder === undefined ? {} : { outOfOrder }),
    environment: process.env,
  });
  if (started.kind === "failed") throw new Error(started.message);
  return started;
}

/** A load of one of our scenarios, without a warm-up; `binary` stands in for k6, `rate` for the scenario's own. */
export interface OurLoad {
  scenario: string;
  target: string;
  writeUrl: string;
  seconds: number;
  rate?: number;
  vus?: number;
  binary?: string;
  summaryFile?: string;
}

/** Bundles a scenario as `load` does and starts k6 with it. */
export async function startOurs(bench: Bench, load: OurLoad): Promise<Child> {
  const { project, folder, group } = bench;
  const { scenario, target, writeUrl, seconds, rate, vus, binary, summaryFile } = load;
  const made = await bundleScenario({ entry: join(project, "scenarios", `${scenario}.ts`), outfile: join(folder, `${scenario}.js`) });
  if (made.kind === "problems") throw new Error(made.problems.map(({ message }) => message).join("\n"));
  return startK6(group, {
    binary: binary ?? (await toolOf(bench, "k6")),
    script: made.file,
    folder,
    logFile: join(folder, `${scenario}.log`),
    writeUrl,
    labels: { testid: "bench", instance_id: "0" },
    environment: {
      ...process.env,
      PLIMSOLL_TARGET: target,
      PLIMSOLL_DURATION: `${seconds}s`,
      PLIMSOLL_SET: JSON.stringify({ warmup: "0", ...(vus === undefined ? {} : { vus: String(vus) }) }),
      PLIMSOLL_SLOW_THRESHOLDS: "0.25",
      ...(rate === undefined ? {} : { PLIMSOLL_RATE: String(rate) }),
    },
    summaryFile,
    systemTags: undefined,
    onLine: () => undefined,
  });
}

/** Stops a part and waits for its end. */
export async function stop({ child }: Pick<Part, "child">): Promise<void> {
  await child.stop("SIGTERM", 5);
}

/** Serves on a free loopback port, in this process. */
export async function serve(listener: RequestListener): Promise<{ url: string; close: () => void }> {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

/** Takes remote writes, looks at nothing and answers 204. */
export const sink: RequestListener = (request, response) => {
  request.resume().on("end", () => response.writeHead(204).end());
};

/** Counts what the service answered below /api/, by its own counters: all, and failed (5xx, 599 for a connection that it cut). */
export async function servedBy(target: string): Promise<{ requests: number; errors: number }> {
  const text = await (await fetch(`${target}/metrics`)).text();
  const counts = [...text.matchAll(/^http_request_duration_seconds_count\{(.*route="\/api\/.*)\} (\d+)$/gm)];
  const sum = (of: typeof counts): number => of.reduce((all, [, , count]) => all + Number(count), 0);
  return { requests: sum(counts), errors: sum(counts.filter(([, labels = ""]) => /status_code="5\d\d"/.test(labels))) };
}

const answerSchema = z.object({ data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }) });

/** Asks Prometheus for one number; nothing there is 0. */
export async function askedOf(prometheus: string, query: string): Promise<number> {
  const answer = answerSchema.parse(await (await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`)).json());
  return Number(answer.data.result[0]?.value[1] ?? 0);
}
