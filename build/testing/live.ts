import { describe, inject, test } from "vitest";
import type { FoundTool, FoundTools, LiveTool } from "./tools.ts";

declare module "vitest" {
  interface ProvidedContext {
    liveTools: FoundTools;
  }
}

/**
 * Describes tests that drive real tools, whose absolute paths the body gets by name.
 * A missing tool skips them with its reason in the title; where `CI` is set it fails them instead.
 */
export function describeLive<T extends LiveTool>(title: string, tools: readonly T[], body: (paths: Record<T, string>) => void): void {
  describeWith(inject("liveTools"), title, tools, body);
}

/** Describes tests with tools that were looked for elsewhere, as `describeLive` does. */
export function describeWith<T extends string>(
  found: Readonly<Record<T, FoundTool>>,
  title: string,
  tools: readonly T[],
  body: (paths: Record<T, string>) => void,
): void {
  const missing: string[] = [];
  const paths: Partial<Record<T, string>> = {};
  for (const tool of tools) {
    const entry = found[tool];
    if (entry.kind === "missing") missing.push(`${tool}: ${entry.message.replaceAll("\n", " ")}`);
    else paths[tool] = entry.path;
  }
  if (missing.length === 0) return void describe(title, () => body(paths as Record<T, string>));
  if (!process.env["CI"]) return test.skip(`${title} (skipped: ${missing.join("; ")})`);
  test(title, () => {
    throw new Error(`A live test needs what is missing here. ${missing.join("; ")}`);
  });
}
