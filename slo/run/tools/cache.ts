import { hash } from "node:crypto";
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { writeWhole } from "../record.ts";
import type { Pin } from "./catalog.ts";
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
  const stamp = readStamp(pin, folder);
  const found: Found = { kind: "found", path, from: "cache", version: stamp.version };
  if (stamp.origin === "build" && stamp.recipe !== recipeDigest(pin)) throw new Unavailable(`${path} was built from another recipe`);
  if (!isExecutable(path)) throw new Unavailable(`${path} is missing or cannot be executed`);
  const { size, mtimeMs } = statSync(path);
  if (size === stamp.bytes && mtimeMs === stamp.modifiedMs) return found;
  if (digestOf(path) !== stamp.sha256) throw new Unavailable(`${path} is not the file that was installed`);
  const version = await probe(path, pin, ports);
  try {
    writeWhole(stampPath(pin, folder), { ...stamp, modifiedMs: mtimeMs });
  } catch {
    // a cache that cannot be written, e.g. a shared one, serves all the same
  }
  return { ...found, version };
}

/** Puts a finished program in its place by renaming it, then its stamp; the caller holds the entry's lock. */
export async function install(pin: Pin, folder: string, file: string, origin: Stamp["origin"], ports: Ports): Promise<Found> {
  chmodSync(file, 0o755);
  const version = await probe(file, pin, ports);
  const path = join(folder, pin.name);
  rmSync(stampPath(pin, folder), { force: true });
  renameSync(file, path);
  const { size, mtimeMs } = statSync(path);
  const recipe = origin === "build" ? recipeDigest(pin) : "";
  const stamp: Stamp = { version, origin, recipe, bytes: size, modifiedMs: mtimeMs, sha256: digestOf(path) };
  writeWhole(stampPath(pin, folder), stamp);
  return { kind: "found", path, from: origin, version };
}

function readStamp(pin: Pin, folder: string): Stamp {
  const file = stampPath(pin, folder);
  if (!existsSync(file)) throw new Unavailable(`${folder} holds no ${pin.name}`);
  try {
    return stampSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new Unavailable(`${file} is not a stamp that can be read`, { cause: error });
  }
}

const stampPath = (pin: Pin, folder: string): string => join(folder, `${pin.name}.stamp.json`);
const digestOf = (path: string): string => hash("sha256", readFileSync(path));

function recipeDigest({ recipe }: Pin): string {
  const files = ["go.mod", "go.sum", "main.go", "tools.go"].map((name) => join(recipe.moduleFolder, name));
  const texts = files.map((file) => (existsSync(file) ? readFileSync(file, "utf8") : ""));
  return hash("sha256", JSON.stringify([recipe.package, recipe.tags, recipe.linkerFlags]) + texts.join(""));
}
