import type { ToolName } from "./tool.ts";

const version = "(\\d+\\.\\d+\\.\\d+(?:-[0-9A-Za-z.-]+)?)";
const patterns: Record<ToolName, RegExp> = {
  // k6 begins with the name it was started by.
  k6: new RegExp(`^\\S+ v${version} \\([^)]*\\bgo\\d`, "m"),
  prometheus: new RegExp(`^prometheus, version ${version} `, "m"),
  promtool: new RegExp(`^promtool, version ${version} `, "m"),
};

/** Reads the version from what `k6 version`, `prometheus --version` or `promtool --version` print, e.g. `2.2.0`. */
export function versionIn(output: string, tool: ToolName): string | undefined {
  return patterns[tool].exec(output)?.[1];
}

/** Says whether a version can stand in for the pinned one: the same major, and not older. A pre-release counts as older than its release. */
export function versionServes(version: string, pinned: string): boolean {
  const [have, want] = [partsOf(version), partsOf(pinned)];
  if (have === undefined || want === undefined || have.numbers[0] !== want.numbers[0]) return false;
  for (const index of [1, 2] as const) {
    if (have.numbers[index] !== want.numbers[index]) return have.numbers[index] > want.numbers[index];
  }
  return !have.preRelease || want.preRelease;
}

function partsOf(version: string): { numbers: [number, number, number]; preRelease: boolean } | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)(-.+)?$/.exec(version);
  if (match === null) return undefined;
  return { numbers: [Number(match[1]), Number(match[2]), Number(match[3])], preRelease: match[4] !== undefined };
}
