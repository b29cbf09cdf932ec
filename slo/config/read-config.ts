import { existsSync } from "node:fs";
import { registerHooks } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { z } from "zod";
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

export type Problem = { kind: "problem"; message: string };
export const problem = (message: string): Problem => ({ kind: "problem", message });

/** What a config imports as `plimsoll`, wherever it stands: its types are the package's. */
const plimsoll = "data:text/javascript,export const defineConfig = (config) => config;";

export async function readConfig(file: string): Promise<{ kind: "config"; config: ReadConfig } | Problem> {
  if (!existsSync(file)) return problem(`there is no config ${file}`);
  const evaluated = await evaluate(file);
  if (evaluated.kind === "problem") return evaluated;
  const parsed = configSchema.safeParse(evaluated.value);
  if (parsed.success) return { kind: "config", config: parsed.data };
  return problem(parsed.error.issues.flatMap((issue) => sentences(issue, file)).join("\n"));
}

/** Runs a config on Node's own removal of types; in a project of CommonJS too it and what it imports as TypeScript are ES modules. */
async function evaluate(file: string): Promise<{ kind: "value"; value: unknown } | Problem> {
  const { href } = pathToFileURL(file);
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier === "plimsoll") return { url: plimsoll, shortCircuit: true };
      const found = next(/^\..*\/[^.]+$/.test(specifier) ? `${specifier}.ts` : specifier, context);
      if (found.url.includes("/node_modules/")) return found;
      if (found.url.endsWith(".ts")) return { ...found, format: "module-typescript" };
      return found.url === href && href.endsWith(".js") ? { ...found, format: "module" } : found;
    },
  });
  try {
    const module = (await import(href)) as Record<string, unknown>; // oxlint-disable-line rooms/fences -- a file of the user's
    if ("default" in module) return { kind: "value", value: module["default"] };
    return problem(`${file} has no default export: export default defineConfig({ … })`);
  } catch (error) {
    const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
    const [place = ""] = /^(:\d+)+/.exec(stack.replaceAll(href, file).split(file)[1] ?? "") ?? [];
    return problem(`${file}${place} ${message}`);
  } finally {
    hooks.deregister();
  }
}

function sentences(issue: z.core.$ZodIssue, file: string): string[] {
  const at = (path: PropertyKey[], message: string): string => `${file} ${path.join(".") || "the config"} ${message}`;
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
