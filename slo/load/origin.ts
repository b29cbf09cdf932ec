import { arch, cpus, release, totalmem, type } from "node:os";
import { z } from "zod";
import type { PrometheusApi } from "../collect/prometheus.ts";
import { version } from "../host/command-line.ts";
import type { Host } from "../host/host.ts";
import { runProcess } from "../host/process.ts";
import type { RunRecord } from "../run/record.ts";

/** Finds who loads, with what, from where; what does not tell is null. */
export async function originOf(host: Host, k6: string, api: PrometheusApi): Promise<NonNullable<RunRecord["origin"]>> {
  const [commit, prometheus] = await Promise.all([commitOf(host.folder), prometheusVersion(api)]);
  return { command: host.command, commit, machine: machine(), versions: { plimsoll: version, k6, prometheus } };
}

/** Names the commit of a folder that git keeps, `-dirty` where something was not committed. */
async function commitOf(folder: string): Promise<string | null> {
  const args = ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"];
  const { ending, stdout } = await runProcess({ command: "git", args, folder, limitSeconds: 5 });
  return ending.kind === "exited" && ending.code === 0 ? stdout.trim() : null;
}

const buildInfo = z.object({ data: z.object({ version: z.string().max(40) }) });

async function prometheusVersion({ url, headers, timeoutSeconds, fetch }: PrometheusApi): Promise<string | null> {
  try {
    const response = await fetch(`${url}/api/v1/status/buildinfo`, { headers, signal: AbortSignal.timeout(timeoutSeconds * 1000) });
    return buildInfo.parse(await response.json()).data.version;
  } catch {
    return null; // others that answer PromQL do not tell
  }
}

function machine(): string {
  const cores = cpus();
  return `${cores.length} × ${cores[0]?.model.trim() ?? "CPU"}, ${(totalmem() / 1e9).toFixed(1)} GB, ${type()} ${release()} ${arch()}, Node ${process.version}`;
}
