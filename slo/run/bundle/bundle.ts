import { readFileSync, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { build, type BuildFailure, type BuildOptions, type Metafile } from "esbuild";
import { counting } from "./counting.ts";
import { k6Module } from "./k6-module.ts";
import { externals, placementOf, tiedTo, type Source } from "./place.ts";
import { esbuildProblems, problemOf, type Problems } from "./problems.ts";

/** A script that k6 can run. */
export interface Bundled {
  kind: "bundled";
  /** The bundle, or the script itself where it runs in its place. */
  file: string;
  inPlace: boolean;
  /** Whether the script's checks and rates are counted; else why they cannot be. Undefined where nobody asked. */
  counted: { kind: "counted" } | { kind: "not"; reason: string } | undefined;
  /** Whether modules are imported that were not read: from https, or of an extension. */
  hasUnread: boolean;
  /** Absolute paths of the sources that k6 will run; files that only give types are not among them. */
  inputs: string[];
}

/** Makes one file for k6 of a script and its imports, or leaves a script that k6 can run as it is where it is. Nothing is written beside it. */
export async function bundleScenario(options: { entry: string; outfile: string; counted?: boolean }): Promise<Bundled | Problems> {
  const entry = resolve(options.entry);
  const folder = dirname(entry);
  if (statSync(entry, { throwIfNoEntry: false })?.isDirectory()) return problemOf(entry, "is a folder; give the script in it");
  const built = await esbuildOf(entry, {});
  if (built.kind === "problems") return built;
  const sources = Object.keys(built.metafile.inputs).map((path): Source => ({ path, text: readFileSync(resolve(folder, path), "utf8") }));
  const tied = options.counted === true ? tiedTo(built.metafile, sources, basename(entry)) : undefined;
  const common = {
    kind: "bundled",
    inputs: sources.map(({ path }) => resolve(folder, path)),
    counted: tied === undefined ? undefined : { kind: "not" as const, reason: `the script has to run in its place, because of ${tied}` },
    hasUnread: externals(built.metafile).some((path) => !/^k6(\/(?!x\/).*)?$/.test(path)),
  } as const;
  if (options.counted === true && tied === undefined) {
    const again = await esbuildOf(entry, { ...openBeside(folder), plugins: [counting] });
    return again.kind === "problems" ? again : write(options.outfile, again.text, { ...common, counted: { kind: "counted" } });
  }
  const placement = placementOf(built.metafile, sources, folder);
  switch (placement.kind) {
    case "inPlace":
      return { ...common, inPlace: true, file: entry };
    case "stuck": {
      const { line, column, path, what } = placement;
      const message = `${what} finds files from where the script is, which a bundle cannot keep; import every file by its exact relative name, so that the script can run in its place`;
      return { kind: "problems", problems: [{ file: resolve(folder, path), line, column, message }] };
    }
    case "bundle":
      return write(options.outfile, built.text, common);
    case "bundleWithOpen": {
      const again = await esbuildOf(entry, openBeside(folder));
      return again.kind === "problems" ? again : write(options.outfile, again.text, common);
    }
  }
}

async function write(outfile: string, text: string, common: Omit<Bundled, "file" | "inPlace">): Promise<Bundled> {
  await mkdir(dirname(outfile), { recursive: true });
  await writeFile(outfile, text);
  return { ...common, inPlace: false, file: outfile };
}

type Built = { kind: "built"; text: string; metafile: Metafile } | Problems;

async function esbuildOf(entry: string, more: Pick<BuildOptions, "define" | "banner" | "plugins">): Promise<Built> {
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
      ...more,
    });
    return { kind: "built", text: outputFiles[0]?.text ?? "", metafile };
  } catch (error) {
    const { errors } = error as Partial<BuildFailure>;
    if (errors === undefined) throw error;
    return { kind: "problems", problems: esbuildProblems(errors, entry, folder) };
  }
}

/** Lets the free name `open` look for files from the script's folder, as k6 does for a script that it runs in place. */
function openBeside(folder: string): Pick<BuildOptions, "define" | "banner"> {
  const beside = JSON.stringify(`${folder}/`);
  return {
    define: { open: "plimsollOpen" },
    banner: { js: `const plimsollOpen = (path, ...mode) => open(/^(file:\\/\\/|\\/)/.test(path) ? path : ${beside} + path, ...mode);` },
  };
}
