import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { nearest } from "../../spec/words.ts";

/** Lists the names of a folder's scenarios: its own `.ts` files, tests and declarations aside, in alphabetical order; in the package they are bundles, `.js`. */
export function listScenarios(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^[A-Za-z0-9_-]+\.[jt]s$/.test(entry.name))
    .map((entry) => entry.name.slice(0, -".ts".length))
    .toSorted();
}

/** Finds a scenario by its name, or says why there is none; only a listed name becomes a path. */
export function findScenario(folder: string, name: string) {
  const names = listScenarios(folder);
  const entry = [join(folder, `${name}.ts`), join(folder, `${name}.js`)].find((path) => existsSync(path));
  if (names.includes(name) && entry !== undefined) return { kind: "found" as const, name, entry };
  const there = `scenarios: ${names.join(", ")}`;
  if (name === "") return { kind: "unknown" as const, message: `no scenario named; ${there}` };
  const meant = nearest(name, names);
  return { kind: "unknown" as const, message: `unknown scenario "${name}"${meant === undefined ? "" : ` (${meant})`}; ${there}` };
}
