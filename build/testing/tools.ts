import { spawnSync } from "node:child_process";
import { findOnPath } from "../../slo/run/tools/locate.ts";
import type { ToolName } from "../../slo/run/tools/catalog.ts";
import type { Environment } from "../../slo/run/tools/tool.ts";

export type LiveTool = ToolName | "kubectl" | "chromium";
/** Says where a tool is, or why it is not there and what would help. */
export type FoundTool = { kind: "found"; path: string } | { kind: "missing"; message: string };
export type FoundTools = Record<LiveTool, FoundTool>;

/** Names the environment variable that carries each tool's path. */
export const toolVariables: Record<LiveTool, string> = {
  k6: "K6_BIN",
  prometheus: "PROMETHEUS_BIN",
  promtool: "PROMTOOL_BIN",
  helm: "HELM_BIN",
  kind: "KIND_BIN",
  kubectl: "KUBECTL_BIN",
  chromium: "CHROMIUM_BIN",
};

const chromiumNames = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const probeMilliseconds = 20_000;

/** Finds kubectl on PATH, where every command of this project takes it from. */
export function findKubectl(environment: Environment): FoundTool {
  const path = findOnPath("kubectl", environment);
  return path === undefined ? { kind: "missing", message: "kubectl is not on PATH" } : { kind: "found", path };
}

/** Finds Terraform on PATH. */
export function findTerraform(): FoundTool {
  const path = findOnPath("terraform", process.env);
  return path === undefined ? { kind: "missing", message: "terraform is not on PATH" } : { kind: "found", path };
}

/** Finds a Chromium: `CHROMIUM_BIN`, which must run, then the usual names on PATH. */
export function findChromium(environment: Environment): FoundTool {
  const set = environment["CHROMIUM_BIN"];
  if (set) {
    const runs = spawnSync(set, ["--version"], { timeout: probeMilliseconds }).status === 0;
    return runs ? { kind: "found", path: set } : { kind: "missing", message: `CHROMIUM_BIN=${set} does not run` };
  }
  for (const name of chromiumNames) {
    const path = findOnPath(name, environment);
    if (path !== undefined) return { kind: "found", path };
  }
  return {
    kind: "missing",
    message: `none of ${chromiumNames.join(", ")} is on PATH; install Debian's package chromium, or set CHROMIUM_BIN`,
  };
}
