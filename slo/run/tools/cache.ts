import { hash } from "node:crypto";
import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Pin } from "./catalog.ts";
import { cacheFolder, isExecutable } from "./locate.ts";
import { Unavailable, type Found, type Ports } from "./tool.ts";
import { probe } from "./version.ts";

/** Names one product's folder in the cache, e.g. `…/plimsoll/tools/k6-2.2.0-linux-amd64`. */
export function entryFolder({ product, version }: Pin, platform: string, ports: Ports): string {
  return join(cacheFolder(ports.environment, ports.platform.os), "tools", `${product}-${version}-${platform}`);
}

/** Finds a tool in the cache. What stands there was run before it was put there, so nothing is spawned. */
export async function findCached(pin: Pin, folder: string): Promise<Found> {
  const path = placeOf(pin, folder);
  if (!isExecutable(path)) throw new Unavailable(`${folder} holds no ${pin.name}`);
  return { kind: "found", path, from: "cache", version: pin.version };
}

/** Puts a finished program in its place by renaming it; the caller holds the entry's lock. */
export async function install(pin: Pin, folder: string, file: string, from: "download" | "build", ports: Ports): Promise<Found> {
  chmodSync(file, 0o755);
  const version = await probe(file, pin, ports);
  const whole = openSync(file, "r");
  fsyncSync(whole); // on the disk before it has its name, so that not even a power cut leaves a half of it there
  closeSync(whole);
  const path = placeOf(pin, folder);
  mkdirSync(dirname(path), { recursive: true });
  renameSync(file, path);
  return { kind: "found", path, from, version };
}

/** Names a tool's place in its entry, by the recipe of its build, so that a changed recipe takes effect. */
const placeOf = (pin: Pin, folder: string): string => join(folder, recipeDigest(pin).slice(0, 16), pin.name);

function recipeDigest({ recipe }: Pin): string {
  const files = ["go.mod", "go.sum", "main.go", "tools.go"].map((name) => join(recipe.moduleFolder, name));
  const texts = files.map((file) => (existsSync(file) ? readFileSync(file, "utf8") : ""));
  return hash("sha256", JSON.stringify([recipe.package, recipe.tags, recipe.linkerFlags]) + texts.join(""));
}
