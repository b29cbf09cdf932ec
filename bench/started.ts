import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Child } from "../slo/host/process-group.ts";
import { startPrometheus, startTarget } from "../slo/run/stack.ts";
import { resolveTool } from "../slo/run/tools/resolve.ts";
import type { ToolName } from "../slo/run/tools/tool.ts";
import type { Bench } from "./figure.ts";

/** Is a part of the stack that runs. */
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
export async function targetOf({ nursery, project, folder }: Bench, environment: Record<string, string>): Promise<Part> {
  const started = await startTarget(nursery, {
    root: project,
    logFile: join(folder, "target.log"),
    environment: { PATH: process.env["PATH"], ...environment },
  });
  if (started.kind === "failed") throw new Error(started.message);
  return started;
}

/** Starts a Prometheus that scrapes the target, if any, as the job `storage-api`. */
export async function prometheusOf(bench: Bench, name: string, targetUrl: string | undefined, port?: number): Promise<Part> {
  const folder = join(bench.folder, name);
  mkdirSync(folder, { recursive: true });
  const started = await startPrometheus(bench.nursery, {
    binary: await toolOf(bench, "prometheus"),
    folder,
    logFile: join(bench.folder, "prometheus.log"),
    job: "storage-api",
    targetUrl,
    ...(port === undefined ? {} : { port }),
    environment: process.env,
  });
  if (started.kind === "failed") throw new Error(started.message);
  return started;
}

/** Stops a part and waits for its end. */
export async function stop({ child }: Part): Promise<void> {
  await child.stop("SIGTERM", 5);
}
