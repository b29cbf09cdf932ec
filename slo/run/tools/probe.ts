import { setTimeout as sleep } from "node:timers/promises";
import { endingText, runProcess } from "../../host/process.ts";
import type { Pin } from "./catalog.ts";
import type { Bounds, Environment, Outcome } from "./tool.ts";
import { versionIn, versionServes } from "./version.ts";

const busyRetries = 5;

/** Runs a program to learn its version; fails with the reason when it does not run, does not answer in time or is too old. */
export async function probe(path: string, pin: Pin, environment: Environment, bounds: Bounds): Promise<Outcome<string>> {
  const said = await runVersion(path, pin, environment, bounds);
  if (said.kind === "failed") return said;
  const version = versionIn(said.value, pin.name);
  if (version === undefined) return { kind: "failed", reason: `${path} does not state a version of ${pin.name}` };
  if (versionServes(version, pin.version)) return { kind: "ok", value: version };
  const major = pin.version.split(".")[0];
  return { kind: "failed", reason: `${path} is ${pin.name} ${version}; ${pin.version} or newer within ${major}.x is needed` };
}

async function runVersion(path: string, pin: Pin, environment: Environment, bounds: Bounds): Promise<Outcome<string>> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await execute(path, pin.versionArguments, environment, bounds.probeSeconds);
    // A program that was written a moment ago is "busy" while a sibling's fork still holds it open.
    if (outcome.kind === "ok" || !outcome.reason.includes("ETXTBSY") || attempt === busyRetries) return outcome;
    await sleep(50);
  }
}

async function execute(path: string, args: string[], environment: Environment, limitSeconds: number): Promise<Outcome<string>> {
  const command = { command: path, args, environment: { ...environment }, limitSeconds };
  const { ending, output, stderr } = await runProcess(command);
  if (ending.kind === "exited" && ending.code === 0) return { kind: "ok", value: output };
  if (ending.kind === "overdue") return { kind: "failed", reason: `${path} ${args.join(" ")} gave no answer within ${limitSeconds} s` };
  if (ending.kind === "notStarted") return { kind: "failed", reason: endingText(command, ending) };
  return { kind: "failed", reason: `${path} does not run: ${firstLine(stderr) ?? endingText(command, ending)}` };
}

function firstLine(text: string): string | undefined {
  return text.split("\n").find((line) => line.trim() !== "");
}
