import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import type { Environment, Ports } from "./tool.ts";

/** Finds an executable file by name on PATH; empty and relative entries are passed over, so that a work folder cannot plant one. */
export function findOnPath(name: string, environment: Environment): string | undefined {
  for (const folder of (environment["PATH"] ?? "").split(delimiter)) {
    if (isAbsolute(folder) && isExecutable(join(folder, name))) return join(folder, name);
  }
  return undefined;
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Names the cache folder: `PLIMSOLL_CACHE`, else `plimsoll` in the user's cache folder. */
export function cacheFolder(environment: Environment, os: Ports["platform"]["os"]): string {
  if (environment["PLIMSOLL_CACHE"]) return resolve(environment["PLIMSOLL_CACHE"]);
  const home = environment["HOME"] ?? homedir();
  if (os === "darwin") return join(home, "Library", "Caches", "plimsoll");
  // The XDG base directory specification has relative values ignored.
  const xdg = environment["XDG_CACHE_HOME"] ?? "";
  return join(isAbsolute(xdg) ? xdg : join(home, ".cache"), "plimsoll");
}
