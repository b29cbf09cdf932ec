import { setTimeout as sleep } from "node:timers/promises";
import { endingText, runProcess } from "../../host/process.ts";
import type { Pin, ToolName } from "./catalog.ts";
import { Unavailable, type Ports } from "./tool.ts";

const version = "(\\d+\\.\\d+\\.\\d+(?:-[0-9A-Za-z.-]+)?)";
const mostTries = 5;

/** Runs a program to learn its version; it may not run, not answer in time or be too old. */
export async function probe(path: string, pin: Pin, ports: Ports): Promise<string> {
  const found = versionIn(await versionOutput(path, pin, ports), pin.name);
  if (found === undefined) throw new Unavailable(`${path} does not state a version of ${pin.name}`);
  if (versionServes(found, pin.version)) return found;
  const major = pin.version.split(".")[0];
  throw new Unavailable(`${path} is ${pin.name} ${found}; ${pin.version} or newer within ${major}.x is needed`);
}

async function versionOutput(path: string, { versionArguments = ["--version"] }: Pin, { environment, bounds }: Ports): Promise<string> {
  const command = { command: path, args: versionArguments, environment, limitSeconds: bounds.probeSeconds };
  for (let tries = 1; ; tries += 1) {
    const { ending, output, stderr } = await runProcess(command);
    if (ending.kind === "exited" && ending.code === 0) return output;
    if (ending.kind === "overdue")
      throw new Unavailable(`${path} ${versionArguments.join(" ")} gave no answer within ${bounds.probeSeconds} s`);
    const words = stderr.split("\n").find((line) => line.trim() !== "") ?? endingText(command, ending);
    if (ending.kind !== "notStarted") throw new Unavailable(`${path} does not run: ${words}`);
    // A program that was written a moment ago is "busy" while a sibling's fork still holds it open.
    if (!words.includes("ETXTBSY") || tries === mostTries) throw new Unavailable(words);
    await sleep(50);
  }
}

const ownPatterns: Partial<Record<ToolName, string>> = {
  // k6 begins with the name it was started by.
  k6: `^\\S+ v${version} \\([^)]*\\bgo\\d`,
  helm: `^v${version}(?:\\+|$)`,
  kind: `^kind version ${version}`,
};

/** Reads the version from what a tool prints that is asked for it, e.g. `2.2.0`; most print it as Prometheus's tools do. */
export function versionIn(output: string, tool: ToolName): string | undefined {
  return new RegExp(ownPatterns[tool] ?? `^${tool}, version ${version} `, "m").exec(output)?.[1];
}

/** Says whether a version can stand in for the pinned one: the same major, and not older. A pre-release counts as older than its release. */
export function versionServes(version: string, pinned: string): boolean {
  const [release = "", preRelease] = version.split(/-(.*)/);
  const order = release.localeCompare(pinned, "en", { numeric: true });
  return release.split(".")[0] === pinned.split(".")[0] && (order > 0 || (order === 0 && preRelease === undefined));
}
