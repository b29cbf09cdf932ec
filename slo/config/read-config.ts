import { existsSync, readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildFailure } from "esbuild";
import type { z } from "zod";
import { esbuildProblems, placed } from "../run/bundle/problems.ts";
import { nearest } from "../spec/words.ts";
import { configSchema, keysAt, type ReadConfig } from "./schema.ts";

const names = ["plimsoll.config.ts", "plimsoll.config.mts", "plimsoll.config.js", "plimsoll.config.mjs"];

/** Finds the nearest config, upwards from a folder; the project's own folder is looked at last. */
export function findConfig(folder: string, project: string): string | undefined {
  const here = names.map((name) => join(folder, name)).find((file) => existsSync(file));
  if (here !== undefined) return here;
  const parent = dirname(folder);
  return parent === folder || join(folder, "/") === project ? undefined : findConfig(parent, project);
}

type Problem = { kind: "problem"; message: string };

/** Reads a config, with whatever it imports; what is wrong with it comes with its place. */
export async function readConfig(file: string): Promise<{ kind: "config"; config: ReadConfig } | Problem> {
  if (!existsSync(file)) return { kind: "problem", message: `there is no config ${file}` };
  const built = await bundle(file);
  if (built.kind === "problem") return built;
  const evaluated = await evaluate(built, file);
  if (evaluated.kind === "problem") return evaluated;
  const parsed = configSchema.safeParse(evaluated.value);
  if (parsed.success) return { kind: "config", config: parsed.data };
  const text = readFileSync(file, "utf8");
  return { kind: "problem", message: parsed.error.issues.flatMap((issue) => sentences(issue, file, text)).join("\n") };
}

/** A config as one module; `map` is its source map. */
type Bundle = { kind: "bundled"; text: string; map: string };

/** Makes one module of a config and its imports; `plimsoll` is this very version, wherever the config stands. */
async function bundle(file: string): Promise<Bundle | Problem> {
  const folder = dirname(file);
  const plimsoll = fileURLToPath(new URL(`define-config${extname(import.meta.url)}`, import.meta.url));
  try {
    const { outputFiles } = await build({
      absWorkingDir: folder,
      entryPoints: [file],
      bundle: true,
      write: false,
      format: "esm",
      platform: "node",
      target: "node24",
      alias: { plimsoll },
      outfile: join(folder, "config.js"), // never written; the map's sources are relative to it
      sourcemap: "external",
      logLevel: "silent",
    });
    return { kind: "bundled", map: outputFiles[0]?.text ?? "", text: outputFiles[1]?.text ?? "" };
  } catch (error) {
    const { errors } = error as Partial<BuildFailure>;
    if (errors === undefined) throw error;
    return {
      kind: "problem",
      message: esbuildProblems(errors, file, folder)
        .map((each) => placed(each))
        .join("\n"),
    };
  }
}

async function evaluate({ text, map }: Bundle, file: string): Promise<{ kind: "value"; value: unknown } | Problem> {
  const url = `data:text/javascript;base64,${Buffer.from(text).toString("base64")}`;
  try {
    const module = (await import(url)) as Record<string, unknown>; // oxlint-disable-line rooms/fences -- a file of the user's
    if ("default" in module) return { kind: "value", value: module["default"] };
    return { kind: "problem", message: `${file}:1:1 has no default export: export default defineConfig({ … })` };
  } catch (error) {
    const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
    return { kind: "problem", message: `${thrownAt(stack, map, file)} ${message}` };
  }
}

/** Finds where in its sources a config threw: the first place of the stack that is in it. */
function thrownAt(stack: string, map: string, file: string): string {
  const [, line, column] = /data:text\/javascript;base64,[^:]*:(\d+):(\d+)/.exec(stack) ?? [];
  const found = new SourceMap(JSON.parse(map) as SourceMapPayload).findEntry(Number(line) - 1, Number(column) - 1);
  if (!("originalSource" in found)) return `${file}:1:1`;
  return `${resolve(dirname(file), found.originalSource)}:${found.originalLine + 1}:${found.originalColumn + 1}`;
}

function sentences(issue: z.core.$ZodIssue, file: string, text: string): string[] {
  const at = (path: PropertyKey[], message: string): string =>
    `${file}:${placeOf(text, path)} ${path.join(".") || "the config"} ${message}`;
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => {
        const meant = nearest(key, keysAt(issue.path));
        return at([...issue.path, key], `is an unknown key${meant === undefined ? "" : ` (${meant})`}`);
      });
    case "invalid_type":
      return [at(issue.path, issue.message.startsWith("must") ? issue.message : `must be ${issue.expected}`)];
    default:
      return [at(issue.path, issue.message)];
  }
}

const escaped = (text: string): string => text.replace(/\W/g, "\\$&");

/** Finds where a key is written, as far as the config writes its keys out; each is looked for behind the one that holds it. */
function placeOf(text: string, path: readonly PropertyKey[]): string {
  let at = Math.max(0, text.search(/export default/));
  for (const key of path) {
    const from = text.slice(at).search(new RegExp(`(?<![\\w$.])${escaped(String(key))}(?![\\w$])["']?\\s*[:,}]`));
    if (from < 0) break;
    at += from;
  }
  const before = text.slice(0, at).split("\n");
  return `${before.length}:${(before.at(-1) ?? "").length + 1}`;
}
