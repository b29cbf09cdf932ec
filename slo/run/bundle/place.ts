import { dirname, extname, resolve } from "node:path";
import type { Metafile } from "esbuild";

/** A source file of a script, with its text. */
export interface Source {
  path: string;
  text: string;
}

const k6Reads = new Set([".js", ".mjs", ".cjs", ".ts"]);

/** Lists the modules that a script imports and that are not in its bundle. */
export const externals = ({ inputs }: Metafile): string[] =>
  Object.values(inputs).flatMap(({ imports }) => imports.flatMap(({ path, external }) => (external === true ? [path] : [])));

/** Whether a script finds files from where it is: by `open()`, by a module of k6 that does, or by `import.meta`. */
export const findsFiles = (metafile: Metafile, sources: readonly Source[]): boolean =>
  externals(metafile).some((path) => path === "k6/experimental/fs" || path === "k6/net/grpc") ||
  sources.some(({ text }) => /\bopen\s*\(|\bimport\.meta\b/.test(text));

/** Whether a script runs where it is, unchanged: one that k6 can follow and that is a single file, finds files from its place, or is CommonJS, which a bundle would rob of its exports. */
export function runsInPlace(metafile: Metafile, sources: readonly Source[], folder: string): boolean {
  const isCommonJs = sources.some(({ path }) => metafile.inputs[path]?.format === "cjs");
  return k6CanFollow(metafile, folder) && (sources.length === 1 || isCommonJs || findsFiles(metafile, sources));
}

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
