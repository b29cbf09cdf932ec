import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export type LiveTool = "k6" | "prometheus" | "promtool" | "chromium";
/** Says where each tool is, or why it is not there and what would help. */
export type FoundTools = Record<LiveTool, { kind: "found"; path: string } | { kind: "missing"; message: string }>;

/** Names the environment variable that carries each tool's path. */
export const toolVariables: Record<LiveTool, string> = {
  k6: "K6_BIN",
  prometheus: "PROMETHEUS_BIN",
  promtool: "PROMTOOL_BIN",
  chromium: "CHROMIUM_BIN",
};

/** Finds a Chromium: `CHROMIUM_BIN`, then the usual names on PATH. */
export function findChromium(environment: NodeJS.ProcessEnv): FoundTools["chromium"] {
  return findProgram(environment, "CHROMIUM_BIN", ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"], "install Debian's package chromium");
}

/** Finds a program by its variable, then by its names on PATH. */
export function findProgram(
  environment: NodeJS.ProcessEnv,
  variable: string,
  names: string[],
  remedy: string,
): { kind: "found"; path: string } | { kind: "missing"; message: string } {
  const set = environment[variable];
  if (set) return runs(set) ? { kind: "found", path: set } : { kind: "missing", message: `${variable}=${set} does not run` };
  for (const folder of (environment["PATH"] ?? "").split(delimiter)) {
    for (const name of names) {
      const path = join(folder, name);
      if (folder !== "" && executable(path)) return { kind: "found", path };
    }
  }
  return { kind: "missing", message: `none of ${names.join(", ")} is on PATH; ${remedy}, or set ${variable}` };
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function runs(path: string): boolean {
  return spawnSync(path, ["--version"], { timeout: 20_000 }).status === 0;
}
