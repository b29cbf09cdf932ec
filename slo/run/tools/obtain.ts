import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errorMessage } from "../../host/error-message.ts";
import { takeLock } from "../lock.ts";
import { pins, type Pin } from "./catalog.ts";
import { install, readCached } from "./cache.ts";
import { downloadRelease } from "./download.ts";
import { buildTool } from "./gobuild.ts";
import { type Attempt, type Outcome, type Ports } from "./tool.ts";

type Placed = { path: string; version: string };
/** Says how a tool came into the cache, or each way that failed. */
export type Obtained = { kind: "ok"; value: Placed & { from: "cache" | "download" | "build" } } | { kind: "failed"; attempts: Attempt[] };

const workPrefix = "work-";
const pollMilliseconds = 100;
const sayEverySeconds = 10;

/** Brings a tool into its cache entry, by download or else by building it, while holding the entry's lock. */
export async function obtain(pin: Pin, platform: string, folder: string, ports: Ports): Promise<Obtained> {
  const lock = await awaitLock(folder, `${pin.name} ${pin.version}`, ports);
  if (lock.kind === "failed") return failedIn("cache", lock.reason);
  try {
    // Another run may have installed it while this one waited.
    const cached = await readCached(pin, folder, ports);
    if (cached.kind === "ok") return { kind: "ok", value: { ...cached.value, from: "cache" } };
    const work = await makeWorkFolder(folder);
    if (work.kind === "failed") return failedIn("cache", work.reason);
    try {
      return await downloadOrBuild(pin, platform, folder, work.value, ports);
    } finally {
      await rm(work.value, { recursive: true, force: true });
    }
  } finally {
    lock.value();
  }
}

const failedIn = (way: Attempt["way"], reason: string): Obtained => ({ kind: "failed", attempts: [{ way, reason }] });

/** Waits for an entry's lock, for as long as a build may take; gives its release. */
async function awaitLock(folder: string, label: string, ports: Ports): Promise<Outcome<() => void>> {
  const began = performance.now();
  let nextWords = 0;
  for (;;) {
    const lock = takeLock(folder, label, 0);
    if (lock.kind === "held") return { kind: "ok", value: lock.release };
    if (lock.kind === "failed") return { kind: "failed", reason: lock.message };
    const waitedSeconds = (performance.now() - began) / 1000;
    if (ports.signal?.aborted) return { kind: "failed", reason: "interrupted" };
    if (waitedSeconds >= ports.bounds.buildSeconds)
      return { kind: "failed", reason: `another run still installs it after ${ports.bounds.buildSeconds} s` };
    if (waitedSeconds >= nextWords) {
      ports.say(`${label}: waiting for another run that installs it (process ${lock.pid}), ${Math.floor(waitedSeconds)} s`);
      nextWords += sayEverySeconds;
    }
    await sleep(pollMilliseconds);
  }
}

async function downloadOrBuild(pin: Pin, platform: string, folder: string, work: string, ports: Ports): Promise<Obtained> {
  const attempts: Attempt[] = [];
  for (const way of ["download", "build"] as const) {
    const placed = await via(way, pin, platform, folder, work, ports);
    if (placed.kind === "ok") return { kind: "ok", value: { ...placed.value, from: way } };
    attempts.push({ way, reason: placed.reason });
    if (way === "download") ports.say(`${pin.name} ${pin.version}: not downloaded: ${placed.reason}`);
  }
  return { kind: "failed", attempts };
}

/** Goes one way; a full disk or a folder that vanished is an expected failure of it, not a bug. */
async function via(
  way: "download" | "build",
  pin: Pin,
  platform: string,
  folder: string,
  work: string,
  ports: Ports,
): Promise<Outcome<Placed>> {
  if (ports.signal?.aborted) return { kind: "failed", reason: "interrupted" };
  try {
    return way === "download" ? await viaDownload(pin, platform, folder, work, ports) : await viaBuild(pin, folder, work, ports);
  } catch (error) {
    if (error instanceof Error && "code" in error) return { kind: "failed", reason: errorMessage(error) };
    throw error;
  }
}

async function viaDownload(pin: Pin, platform: string, folder: string, work: string, ports: Ports): Promise<Outcome<Placed>> {
  const names = await downloadRelease(pin, platform, work, ports);
  if (names.kind === "failed") return names;
  let wanted: Outcome<Placed> = { kind: "failed", reason: `the archive held no ${pin.name}` };
  for (const name of names.value) {
    const placed = await install(pins[name], folder, join(work, name), "download", ports);
    if (name === pin.name) wanted = placed;
  }
  return wanted;
}

async function viaBuild(pin: Pin, folder: string, work: string, ports: Ports): Promise<Outcome<Placed>> {
  const file = join(work, `built-${pin.name}`);
  const built = await buildTool(pin, file, ports);
  return built.kind === "failed" ? built : await install(pin, folder, file, "build", ports);
}

async function makeWorkFolder(folder: string): Promise<Outcome<string>> {
  try {
    // The lock is ours, so what an earlier run left behind belongs to nobody.
    const left = (await readdir(folder)).filter((name) => name.startsWith(workPrefix));
    for (const name of left) await rm(join(folder, name), { recursive: true, force: true });
    return { kind: "ok", value: await mkdtemp(join(folder, workPrefix)) };
  } catch (error) {
    return { kind: "failed", reason: `${folder} cannot be written: ${errorMessage(error)}` };
  }
}
