import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** Finds the nearest folder upwards that keeps runs (`.plimsoll/`), as a config is found; the given one where there is none. */
export function keepingFolder(folder: string, start = folder): string {
  if (existsSync(join(folder, ".plimsoll"))) return folder;
  return dirname(folder) === folder ? start : keepingFolder(dirname(folder), start);
}
