import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { errorMessage } from "../../host/error-message.ts";
import type { Pin, Recipe } from "./catalog.ts";
import { cacheFolder, isExecutable } from "./locate.ts";
import { probe } from "./probe.ts";
import type { Outcome, Ports } from "./tool.ts";

const stampSchema = z.strictObject({
  version: z.string(),
  origin: z.enum(["download", "build"]),
  /** For a build: what it was built from. */
  recipe: z.string(),
  bytes: z.number(),
  modifiedMs: z.number(),
  sha256: z.string(),
});
type Stamp = z.infer<typeof stampSchema>;

/** One product's folder in the cache, e.g. `…/plimsoll/tools/k6-2.2.0-linux-amd64`. */
export function entryFolder(pin: Pin, platform: string, ports: Ports): string {
  return join(cacheFolder(ports.environment, ports.platform.os), "tools", `${pin.product}-${pin.version}-${platform}`);
}

/**
 * Reads a tool from the cache. While size and time are those of its stamp nothing is spawned; else the file must still have the
 * stamp's SHA-256 and run. Anything else is a reason to install it anew.
 */
export async function readCached(pin: Pin, folder: string, ports: Ports): Promise<Outcome<{ path: string; version: string }>> {
  const path = join(folder, pin.name);
  const stamp = await readStamp(pin, folder);
  if (stamp.kind === "failed") return stamp;
  if (stamp.value.origin === "build" && stamp.value.recipe !== (await recipeDigest(pin.recipe))) {
    return { kind: "failed", reason: `${path} was built from another recipe` };
  }
  if (!isExecutable(path)) return { kind: "failed", reason: `${path} is missing or cannot be executed` };
  const file = await stat(path);
  if (file.size === stamp.value.bytes && file.mtimeMs === stamp.value.modifiedMs)
    return { kind: "ok", value: { path, version: stamp.value.version } };
  if ((await digestOf(path)) !== stamp.value.sha256) return { kind: "failed", reason: `${path} is not the file that was installed` };
  const probed = await probe(path, pin, ports.environment, ports.bounds);
  if (probed.kind === "failed") return probed;
  // A cache that cannot be written, e.g. a shared one, serves all the same.
  await writeStamp(pin, folder, { ...stamp.value, modifiedMs: file.mtimeMs }).catch(() => undefined);
  return { kind: "ok", value: { path, version: probed.value } };
}

/** Puts a finished program in its place by renaming it, then its stamp; the caller holds the entry's lock. */
export async function install(
  pin: Pin,
  folder: string,
  file: string,
  origin: Stamp["origin"],
  ports: Ports,
): Promise<Outcome<{ path: string; version: string }>> {
  await chmod(file, 0o755);
  const probed = await probe(file, pin, ports.environment, ports.bounds);
  if (probed.kind === "failed") return probed;
  const path = join(folder, pin.name);
  await rm(stampPath(pin, folder), { force: true });
  await rename(file, path);
  const { size, mtimeMs } = await stat(path);
  const recipe = origin === "build" ? await recipeDigest(pin.recipe) : "";
  await writeStamp(pin, folder, { version: probed.value, origin, recipe, bytes: size, modifiedMs: mtimeMs, sha256: await digestOf(path) });
  return { kind: "ok", value: { path, version: probed.value } };
}

async function readStamp(pin: Pin, folder: string): Promise<Outcome<Stamp>> {
  try {
    const stamp = stampSchema.safeParse(JSON.parse(await readFile(stampPath(pin, folder), "utf8")));
    return stamp.success ? { kind: "ok", value: stamp.data } : { kind: "failed", reason: `${stampPath(pin, folder)} is not a stamp` };
  } catch (error) {
    const absent = error instanceof Error && "code" in error && error.code === "ENOENT";
    return { kind: "failed", reason: absent ? `${folder} holds no ${pin.name}` : `${stampPath(pin, folder)}: ${errorMessage(error)}` };
  }
}

async function writeStamp(pin: Pin, folder: string, stamp: Stamp): Promise<void> {
  const unfinished = join(folder, `${pin.name}.stamp.${process.pid}`);
  await writeFile(unfinished, `${JSON.stringify(stamp)}\n`);
  await rename(unfinished, stampPath(pin, folder));
}

function stampPath(pin: Pin, folder: string): string {
  return join(folder, `${pin.name}.stamp.json`);
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

async function recipeDigest(recipe: Recipe): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([recipe.package, recipe.tags, recipe.linkerFlags]));
  for (const name of ["go.mod", "go.sum", "main.go", "tools.go"]) {
    hash.update(await readFile(join(recipe.moduleFolder, name)).catch(() => ""));
  }
  return hash.digest("hex");
}
