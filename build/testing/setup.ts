import type { TestProject } from "vitest/node";
import { findChromium, findProgram, toolVariables, type FoundTools, type LiveTool } from "./tools.ts";

/** Finds the real tools once, before the live tests, and hands their paths to the workers. */
export async function setup(project: TestProject): Promise<void> {
  const found: FoundTools = {
    k6: findProgram(process.env, "K6_BIN", ["k6"], "install k6"),
    prometheus: findProgram(process.env, "PROMETHEUS_BIN", ["prometheus"], "install Prometheus"),
    promtool: findProgram(process.env, "PROMTOOL_BIN", ["promtool"], "install Prometheus"),
    chromium: findChromium(process.env),
  };
  for (const [tool, entry] of Object.entries(found) as [LiveTool, FoundTools[LiveTool]][]) {
    process.stderr.write(`live tests: ${tool}: ${entry.kind === "found" ? entry.path : entry.message}\n`);
    if (entry.kind === "found") process.env[toolVariables[tool]] = entry.path;
  }
  project.provide("liveTools", found);
}
