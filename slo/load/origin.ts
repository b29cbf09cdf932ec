import { arch, cpus, release, totalmem, type } from "node:os";
import { versionOf, type PrometheusApi } from "../collect/prometheus.ts";
import { version } from "../host/command-line.ts";
import type { Host } from "../host/host.ts";
import { runProcess } from "../host/process.ts";
import type { RunRecord } from "../run/record.ts";

/** Finds who loads, with what, from where; what does not tell is null. */
export async function originOf(host: Host, k6: string, api: PrometheusApi): Promise<NonNullable<RunRecord["origin"]>> {
  const [commit, prometheus] = await Promise.all([commitOf(host.folder), versionOf(api)]);
  return { command: host.command, commit, machine: machine(), versions: { plimsoll: version, k6, prometheus } };
}

/** Names the commit of a folder that git keeps, `-dirty` where something was not committed. */
async function commitOf(folder: string): Promise<string | null> {
  const args = ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"];
  const { ending, stdout } = await runProcess({ command: "git", args, folder, limitSeconds: 5 });
  return ending.kind === "exited" && ending.code === 0 ? stdout.trim() : null;
}

function machine(): string {
  const cores = cpus();
  return `${cores.length} × ${cores[0]?.model.trim() ?? "CPU"}, ${(totalmem() / 1e9).toFixed(1)} GB, ${type()} ${release()} ${arch()}, Node ${process.version}`;
}
