import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { pins, type Pin } from "./catalog.ts";
import { install, readCached } from "./cache.ts";
import { downloadRelease } from "./download.ts";
import { buildTool } from "./gobuild.ts";
import { withLock } from "./lock.ts";
import { wordsOf, type Attempt, type Outcome, type Ports } from "./tool.ts";

type Placed = { path: string; version: string };
/** Says how a tool came into the cache, or each way that failed. */
export type Obtained = { kind: "ok"; value: Placed & { from: "cache" | "download" | "build" } } | { kind: "failed"; attempts: Attempt[] };

const workPrefix = "work-";

/** Brings a tool into its cache entry, by download or else by building it, while holding the entry's lock. */
export async function obtain(pin: Pin, platform: string, folder: string, ports: Ports): Promise<Obtained> {
  const attempts: Attempt[] = [];
  const made = await makeFolder(folder);
  if (made.kind === "failed") return { kind: "failed", attempts: [{ way: "cache", reason: made.reason }] };
  const done = await withLock<Obtained>(folder, `${pin.name} ${pin.version}`, ports, async () => {
    // Another run may have installed it while this one waited.
    const cached = await readCached(pin, folder, ports);
    if (cached.kind === "ok") return { kind: "ok", value: { kind: "ok", value: { ...cached.value, from: "cache" } } };
    const work = await makeWorkFolder(folder);
    if (work.kind === "failed") return work;
    try {
      return { kind: "ok", value: await downloadOrBuild(pin, platform, folder, work.value, ports, attempts) };
    } finally {
      await rm(work.value, { recursive: true, force: true });
    }
  });
  if (done.kind === "ok") return done.value;
  return { kind: "failed", attempts: [{ way: "cache", reason: done.reason }] };
}

async function downloadOrBuild(
  pin: Pin,
  platform: string,
  folder: string,
  work: string,
  ports: Ports,
  attempts: Attempt[],
): Promise<Obtained> {
  for (const way of ["download", "build"] as const) {
    if (ports.signal?.aborted) {
      attempts.push({ way, reason: "interrupted" });
      continue;
    }
    const placed = way === "download" ? await viaDownload(pin, platform, folder, work, ports) : await viaBuild(pin, folder, work, ports);
    if (placed.kind === "ok") return { kind: "ok", value: { ...placed.value, from: way } };
    attempts.push({ way, reason: placed.reason });
    if (way === "download") ports.say(`${pin.name} ${pin.version}: not downloaded: ${placed.reason}`);
  }
  return { kind: "failed", attempts };
}

async function viaDownload(pin: Pin, platform: string, folder: string, work: string, ports: Ports): Promise<Outcome<Placed>> {
  return await guarded(async () => {
    const names = await downloadRelease(pin, platform, work, ports);
    if (names.kind === "failed") return names;
    let wanted: Outcome<Placed> = { kind: "failed", reason: `the archive held no ${pin.name}` };
    for (const name of names.value) {
      const placed = await install(pins[name], folder, join(work, name), "download", ports);
      if (name === pin.name) wanted = placed;
    }
    return wanted;
  });
}

async function viaBuild(pin: Pin, folder: string, work: string, ports: Ports): Promise<Outcome<Placed>> {
  return await guarded(async () => {
    const file = join(work, `built-${pin.name}`);
    const built = await buildTool(pin, file, ports);
    return built.kind === "failed" ? built : await install(pin, folder, file, "build", ports);
  });
}

// A full disk or a folder that vanished is an expected failure of the way, not a bug.
async function guarded(way: () => Promise<Outcome<Placed>>): Promise<Outcome<Placed>> {
  try {
    return await way();
  } catch (error) {
    if (error instanceof Error && "code" in error) return { kind: "failed", reason: wordsOf(error) };
    throw error;
  }
}

async function makeFolder(folder: string): Promise<Outcome<true>> {
  try {
    await mkdir(folder, { recursive: true });
    return { kind: "ok", value: true };
  } catch (error) {
    return { kind: "failed", reason: `${folder} cannot be made: ${wordsOf(error)}` };
  }
}

async function makeWorkFolder(folder: string): Promise<Outcome<string>> {
  try {
    // The lock is ours, so what an earlier run left behind belongs to nobody.
    const left = (await readdir(folder)).filter((name) => name.startsWith(workPrefix));
    for (const name of left) await rm(join(folder, name), { recursive: true, force: true });
    return { kind: "ok", value: await mkdtemp(join(folder, workPrefix)) };
  } catch (error) {
    return { kind: "failed", reason: `${folder} cannot be written: ${wordsOf(error)}` };
  }
}
