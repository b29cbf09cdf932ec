import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
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

function execute(path: string, words: string[], environment: Environment, seconds: number): Promise<Outcome<string>> {
  const { promise, resolve } = Promise.withResolvers<Outcome<string>>();
  const options = { timeout: seconds * 1000, killSignal: "SIGKILL" as const, env: { ...environment }, maxBuffer: 1 << 20 };
  try {
    execFile(path, words, options, (error, stdout, stderr) => {
      if (error === null) resolve({ kind: "ok", value: `${stdout}\n${stderr}` });
      else if (error.killed) resolve({ kind: "failed", reason: `${path} ${words.join(" ")} gave no answer within ${seconds} s` });
      else resolve({ kind: "failed", reason: `${path} does not run: ${firstLine(stderr) ?? error.message}` });
    });
  } catch (error) {
    resolve({ kind: "failed", reason: `${path} does not run: ${error instanceof Error ? error.message : String(error)}` });
  }
  return promise;
}

function firstLine(text: string): string | undefined {
  return text.split("\n").find((line) => line.trim() !== "");
}
