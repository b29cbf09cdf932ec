import { readFileSync, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { build, type BuildFailure, type Metafile, type Plugin } from "esbuild";
import { besideScript, counting } from "./plugins.ts";
import { k6Module } from "./check-types.ts";
import { esbuildProblems, problemOf } from "./problems.ts";

/** Lists the modules that a script imports and that are not in its bundle. */
const externals = ({ inputs }: Metafile): string[] =>
  Object.values(inputs).flatMap(({ imports }) => imports.flatMap(({ path, external }) => (external === true ? [path] : [])));

/** Tells whether a script's own files, of which the entry is one, ask for several things at once: the durations of such requests add up to more than passed. */
const asksAtOnce = ({ inputs }: Metafile, folder: string): boolean =>
  Object.keys(inputs)
    .map((path) => resolve(folder, path))
    .filter((path) => !path.startsWith(dirname(k6Module)) && statSync(path, { throwIfNoEntry: false })?.isFile())
    .some((path) => /\b(batch|asyncRequest)\s*\(/.test(readFileSync(path, "utf8")));

/** Makes one file for k6 of a script and its imports; CommonJS, which a bundle would rob of its exports, stays in its place. Nothing is written beside it. */
export async function bundleScenario(options: { entry: string; outfile: string; counted?: boolean }) {
  const entry = resolve(options.entry);
  const folder = dirname(entry);
  if (statSync(entry, { throwIfNoEntry: false })?.isDirectory())
    return { kind: "problems" as const, problems: [problemOf(entry, "is a folder; give the script in it")] };
  const built = await esbuildOf(entry, [besideScript(folder)]);
  if (built.kind === "problems") return built;
  const isCommonJs = built.metafile.inputs[basename(entry)]?.format === "cjs";
  const counts = options.counted === true && !isCommonJs;
  const notCounted = { kind: "not", reason: "it is CommonJS (write it with import and export)" } as const;
  const bundle = counts ? await esbuildOf(entry, [besideScript(folder), counting]) : built;
  if (bundle.kind === "problems") return bundle;
  if (!isCommonJs) {
    await mkdir(dirname(options.outfile), { recursive: true });
    await writeFile(options.outfile, bundle.text);
  }
  return {
    kind: "bundled",
    file: isCommonJs ? entry : options.outfile,
    /** Whether the script's checks and rates are counted; else why they cannot be. Undefined where nobody asked. */
    counted: counts ? ({ kind: "counted" } as const) : options.counted === true ? notCounted : undefined,
    atOnce: asksAtOnce(built.metafile, folder),
    /** Whether modules are imported that were not read: from https, or of an extension. */
    hasUnread: externals(built.metafile).some((path) => !/^k6(\/(?!x\/).*)?$/.test(path)),
  } as const;
}

async function esbuildOf(entry: string, plugins: Plugin[]) {
  const folder = dirname(entry);
  try {
    const { outputFiles, metafile } = await build({
      absWorkingDir: folder,
      entryPoints: [entry],
      bundle: true,
      write: false,
      metafile: true,
      logLevel: "silent",
      format: "esm",
      platform: "neutral",
      target: "es2022",
      mainFields: ["module", "main"],
      charset: "utf8",
      // k6 reads the map, so its errors name the lines of the sources.
      sourcemap: "inline",
      sourcesContent: false,
      sourceRoot: `${folder}/`,
      external: ["k6", "k6/*", "https://*"],
      alias: { "plimsoll/k6": k6Module },
      plugins,
    });
    return { kind: "built" as const, text: outputFiles[0]?.text ?? "", metafile };
  } catch (error) {
    const { errors } = error as Partial<BuildFailure>;
    if (errors === undefined) throw error;
    return { kind: "problems" as const, problems: esbuildProblems(errors, entry, folder) };
  }
}
