import { dirname, extname, resolve } from "node:path";
import type { Metafile } from "esbuild";

/** A source file of a script, with its text. */
export interface Source {
  path: string;
  text: string;
}

const k6Reads = new Set([".js", ".mjs", ".cjs", ".ts"]);
/** Modules of k6 that open files relative to the script that k6 was given. */
const relativeModules = new Set(["k6/experimental/fs", "k6/net/grpc"]);

/** How a script can be run: as it stands, as one bundle (whose `open()` may have to look beside the script), or not at all. */
export type Placement =
  | { kind: "inPlace" }
  | { kind: "bundle" }
  | { kind: "bundleWithOpen" }
  | { kind: "stuck"; path: string; line: number; column: number; what: string };

/**
 * Decides where a script runs. k6 resolves `open()` and its like from the place of the script, so a script that uses them,
 * or that is a single file, stays where it is, provided k6 itself can follow its imports.
 */
export function placementOf(metafile: Metafile, sources: readonly Source[], folder: string): Placement {
  const stuck = sources.flatMap((source) => tie(metafile, source))[0];
  const opens = sources.some(({ text }) => /\bopen\s*\(/.test(text));
  const commonJs = sources.some(({ path }) => metafile.inputs[path]?.format === "cjs");
  if (k6CanFollow(metafile, folder) && (sources.length === 1 || opens || commonJs || stuck !== undefined)) return { kind: "inPlace" };
  if (stuck !== undefined) return stuck;
  return { kind: opens ? "bundleWithOpen" : "bundle" };
}

/** Finds what ties a source to its place, apart from `open()`. */
function tie(metafile: Metafile, { path, text }: Source): Extract<Placement, { kind: "stuck" }>[] {
  const module = metafile.inputs[path]?.imports.find((each) => each.external === true && relativeModules.has(each.path))?.path;
  const what = module ?? (/\bimport\.meta\b/.test(text) ? "import.meta" : undefined);
  if (what === undefined) return [];
  const before = text.slice(0, text.indexOf(what)).split("\n");
  return [{ kind: "stuck", path, what, line: before.length, column: (before.at(-1) ?? "").length + 1 }];
}

/** Says what keeps a script from being bundled at all, even one that k6 could run in its place; undefined where nothing does. */
export function tiedTo(metafile: Metafile, sources: readonly Source[], entry: string): string | undefined {
  if (metafile.inputs[entry]?.format === "cjs") return "its being CommonJS (write it with import and export)";
  return sources.flatMap((source) => tie(metafile, source))[0]?.what;
}

/** Lists the modules that a script imports and that are not in its bundle. */
export const externals = ({ inputs }: Metafile): string[] =>
  Object.values(inputs).flatMap(({ imports }) => imports.flatMap(({ path, external }) => (external === true ? [path] : [])));

/** k6 takes relative imports with the exact file name, its own modules, and https addresses. */
function k6CanFollow({ inputs }: Metafile, folder: string): boolean {
  return Object.entries(inputs).every(
    ([path, { imports }]) =>
      k6Reads.has(extname(path)) &&
      imports.every(({ external, original, path: found }) => {
        if (external === true) return true;
        if (original === undefined || !/^\.{0,2}\//.test(original)) return false;
        return resolve(folder, dirname(path), original) === resolve(folder, found);
      }),
  );
}
