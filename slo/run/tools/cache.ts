import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import type { Pin, Recipe } from "./catalog.ts";
import { cacheFolder, isExecutable } from "./locate.ts";
import { Unavailable, type Found, type Ports } from "./tool.ts";
import { probe } from "./version.ts";

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

/** Names one product's folder in the cache, e.g. `…/plimsoll/tools/k6-2.2.0-linux-amd64`. */
export function entryFolder({ product, version }: Pin, platform: string, ports: Ports): string {
  return join(cacheFolder(ports.environment, ports.platform.os), "tools", `${product}-${version}-${platform}`);
}

/**
 * Finds a tool in the cache. While size and time are those of its stamp nothing is spawned; else the file must still have the
 * stamp's SHA-256 and run. Anything else is a reason to install it anew.
 */
export async function findCached(pin: Pin, folder: string, ports: Ports): Promise<Found> {
  const path = join(folder, pin.name);
  const stamp = await readStamp(pin, folder);
  const found: Found = { kind: "found", path, from: "cache", version: stamp.version };
  if (stamp.origin === "build" && stamp.recipe !== (await recipeDigest(pin.recipe)))
    throw new Unavailable(`${path} was built from another recipe`);
  if (!isExecutable(path)) throw new Unavailable(`${path} is missing or cannot be executed`);
  const { size, mtimeMs } = await stat(path);
  if (size === stamp.bytes && mtimeMs === stamp.modifiedMs) return found;
  if ((await digestOf(path)) !== stamp.sha256) throw new Unavailable(`${path} is not the file that was installed`);
  const version = await probe(path, pin, ports);
  // A cache that cannot be written, e.g. a shared one, serves all the same.
  await writeStamp(pin, folder, { ...stamp, modifiedMs: mtimeMs }).catch(() => undefined);
  return { ...found, version };
}

/** Puts a finished program in its place by renaming it, then its stamp; the caller holds the entry's lock. */
export async function install(pin: Pin, folder: string, file: string, origin: Stamp["origin"], ports: Ports): Promise<Found> {
  await chmod(file, 0o755);
  const version = await probe(file, pin, ports);
  const path = join(folder, pin.name);
  await rm(stampPath(pin, folder), { force: true });
  await rename(file, path);
  const { size, mtimeMs } = await stat(path);
  const recipe = origin === "build" ? await recipeDigest(pin.recipe) : "";
  await writeStamp(pin, folder, { version, origin, recipe, bytes: size, modifiedMs: mtimeMs, sha256: await digestOf(path) });
  return { kind: "found", path, from: origin, version };
}

async function readStamp(pin: Pin, folder: string): Promise<Stamp> {
  const file = stampPath(pin, folder);
  try {
    return stampSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    const isAbsent = error instanceof Error && "code" in error && error.code === "ENOENT";
    throw new Unavailable(isAbsent ? `${folder} holds no ${pin.name}` : `${file} is not a stamp that can be read`, { cause: error });
  }
}

async function writeStamp(pin: Pin, folder: string, stamp: Stamp): Promise<void> {
  const unfinished = join(folder, `${pin.name}.stamp.${process.pid}`);
  await writeFile(unfinished, `${JSON.stringify(stamp)}\n`);
  await rename(unfinished, stampPath(pin, folder));
}

const stampPath = (pin: Pin, folder: string): string => join(folder, `${pin.name}.stamp.json`);

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
