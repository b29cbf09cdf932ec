import type { TestProject } from "vitest/node";
import { resolveTool } from "../../slo/run/tools/resolve.ts";
import type { ToolName } from "../../slo/run/tools/catalog.ts";
import { findChromium, findKubectl, toolVariables, type FoundTools, type LiveTool } from "./tools.ts";

const say = (line: string): void => void process.stderr.write(`live tests: ${line}\n`);

/** Finds the real tools once, before the live tests, and hands their paths to the workers; what is missing is said, not thrown. */
export async function setup(project: TestProject): Promise<void> {
  const found: FoundTools = {
    k6: await find("k6"),
    prometheus: await find("prometheus"),
    promtool: await find("promtool"),
    helm: await find("helm"),
    kind: await find("kind"),
    kubectl: findKubectl(process.env),
    chromium: findChromium(process.env),
  };
  for (const [tool, entry] of Object.entries(found) as [LiveTool, FoundTools[LiveTool]][]) {
    say(`${tool}: ${entry.kind === "found" ? entry.path : entry.message}`);
    if (entry.kind === "found") process.env[toolVariables[tool]] = entry.path;
  }
  project.provide("liveTools", found);
}

/** Finds a tool as a run does. */
export async function find(tool: ToolName): Promise<FoundTools["k6"]> {
  const resolution = await resolveTool(tool, { say });
  return resolution.kind === "found" ? { kind: "found", path: resolution.path } : { kind: "missing", message: resolution.message };
}
