import { join } from "node:path";
import { makeOwnFolder } from "../run/record.ts";
import { commandLine } from "../host/command-line.ts";
import { openProcessGroup } from "../host/process-group.ts";
import { startPrometheus, startTarget } from "../run/local-services.ts";
import { resolveTool } from "../run/tools/resolve.ts";
import { exitCodes } from "../host/exit-codes.ts";
import type { Host } from "../host/host.ts";
import { failed, type NoRun } from "./load-run.ts";

export type StackOptions = { targetPort: number; prometheusPort: number; fault?: string };

/** Keeps the local target and Prometheus up, on their usual ports, until it is interrupted, which is how it ends: exit 0. */
export async function stack(options: StackOptions, host: Host): Promise<number | NoRun> {
  const tool = await resolveTool("prometheus", { say: host.say });
  if (tool.kind === "missing") return failed(tool.message);
  const folder = join(host.folder, ".plimsoll", "stack");
  makeOwnFolder(host.folder, folder);
  await using group = openProcessGroup();
  const interrupted = new Promise<void>((resolve) => host.onInterrupt(() => resolve()));
  const environment = { FAULTS_ADMIN: "on", ...host.environment, ...(options.fault === undefined ? {} : { FAULTS: options.fault }) };
  const target = await startTarget(group, {
    root: host.project,
    logFile: join(folder, "target.log"),
    port: options.targetPort,
    environment,
  });
  if (target.kind === "failed") return failed(target.message);
  const prometheus = await startPrometheus(group, {
    binary: tool.path,
    folder,
    logFile: join(folder, "prometheus.log"),
    port: options.prometheusPort,
    job: "storage-api",
    targetUrl: target.url,
  });
  if (prometheus.kind === "failed") return failed(prometheus.message);
  host.out(`storage API  ${target.url}  (OpenAPI at ${target.url}/openapi.json)\nPrometheus   ${prometheus.url}\n`);
  host.say(`load it with: ${commandLine("load", `--scenario smoke --target ${target.url} --prometheus ${prometheus.url}`)}`);
  host.say("Ctrl-C stops both");
  const ended = await Promise.race([interrupted, target.child.exited, prometheus.child.exited]);
  if (ended === undefined) return exitCodes.met;
  return failed(`a part of the stack ended by itself: see ${folder}`);
}
