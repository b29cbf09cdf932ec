import { readFileSync, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { build, type BuildFailure, type Metafile, type Plugin } from "esbuild";
import { besideScript, counting } from "./plugins.ts";
import { k6Module } from "./check-types.ts";
import { esbuildProblems, problemOf, type Problems } from "./problems.ts";

/** Lists the modules that a script imports and that are not in its bundle. */
const externals = ({ inputs }: Metafile): string[] =>
  Object.values(inputs).flatMap(({ imports }) => imports.flatMap(({ path, external }) => (external === true ? [path] : [])));

/** Whether a script finds files from where it is: by `open()`, by a module of k6 that does, or by `import.meta`. */
const findsFiles = (metafile: Metafile, texts: readonly string[]): boolean =>
  externals(metafile).some((path) => path === "k6/experimental/fs" || path === "k6/net/grpc") ||
  texts.some((text) => /\bopen\s*\(|\bimport\.meta\b/.test(text));

/** k6 takes relative imports with the exact file name, its own modules, and https addresses. */
function k6CanFollow({ inputs }: Metafile, folder: string): boolean {
  return Object.entries(inputs).every(
    ([path, { imports }]) =>
      /\.([mc]?js|ts)$/.test(path) &&
      imports.every(({ external, original, path: found }) => {
        if (external === true) return true;
        if (original === undefined || !/^\.{0,2}\//.test(original)) return false;
        return resolve(folder, dirname(path), original) === resolve(folder, found);
      }),
  );
}

/**
 * Makes one file for k6 of a script and its imports, or leaves a script where it is that k6 can run unchanged: one that k6 can follow and that is a
 * single file, finds files from its place, or is CommonJS, which a bundle would rob of its exports. Nothing is written beside it, and without an
 * `outfile` nothing at all.
 */
export async function bundleScenario(options: { entry: string; outfile?: string; counted?: boolean }) {
  const entry = resolve(options.entry);
  const folder = dirname(entry);
  if (statSync(entry, { throwIfNoEntry: false })?.isDirectory()) return problemOf(entry, "is a folder; give the script in it");
  const built = await esbuildOf(entry, []);
  if (built.kind === "problems") return built;
  const { inputs } = built.metafile;
  const paths = Object.keys(inputs).map((path) => resolve(folder, path));
  const finds = findsFiles(
    built.metafile,
    paths.map((path) => readFileSync(path, "utf8")),
  );
  const counts = options.counted === true && inputs[basename(entry)]?.format !== "cjs";
  const notCounted = { kind: "not", reason: "it is CommonJS (write it with import and export)" } as const;
  const common = {
    kind: "bundled",
    /** Whether the script's checks and rates are counted; else why they cannot be. Undefined where nobody asked. */
    counted: counts ? ({ kind: "counted" } as const) : options.counted === true ? notCounted : undefined,
    /** Whether modules are imported that were not read: from https, or of an extension. */
    hasUnread: externals(built.metafile).some((path) => !/^k6(\/(?!x\/).*)?$/.test(path)),
  } as const;
  const staysWhole = finds || paths.length === 1 || Object.values(inputs).some(({ format }) => format === "cjs");
  const { outfile } = options;
  if (outfile === undefined || (!counts && staysWhole && k6CanFollow(built.metafile, folder)))
    return { ...common, inPlace: true, file: entry };
  const plugins = [...(finds ? [besideScript(folder)] : []), ...(counts ? [counting] : [])];
  const again = plugins.length > 0 ? await esbuildOf(entry, plugins) : built;
  if (again.kind === "problems") return again;
  await mkdir(dirname(outfile), { recursive: true });
  await writeFile(outfile, again.text);
  return { ...common, inPlace: false, file: outfile };
}

type Built = { kind: "built"; text: string; metafile: Metafile } | Problems;

async function esbuildOf(entry: string, plugins: Plugin[]): Promise<Built> {
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
    return { kind: "built", text: outputFiles[0]?.text ?? "", metafile };
  } catch (error) {
    const { errors } = error as Partial<BuildFailure>;
    if (errors === undefined) throw error;
    return { kind: "problems", problems: esbuildProblems(errors, entry, folder) };
  }
}
