import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { endingText, runProcess } from "../../host/process.ts";
import { problemOf, type ScriptProblem, tscProblems } from "./problems.ts";

const globalsFile = "k6-globals.d.ts";

/** Finds the folder of a package that we depend on; in the package of ours it may be beside us. */
const packageFolder = (name: string): string => dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));

/** Makes the compiler options for a script: the project's own strict ones for its own, forgiving ones for anyone else's. */
function tsconfigFor(entry: string, project: string): object {
  const types = dirname(packageFolder("@types/k6"));
  const k6 = { types: ["k6"], typeRoots: [types], noEmit: true, allowImportingTsExtensions: true };
  const files = [entry, globalsFile];
  const isOurs = !/^(\.\.|\/)|node_modules/.test(relative(project, entry));
  if (isOurs) return { extends: join(project, "tsconfig.json"), compilerOptions: k6, include: [], files };
  const language = { target: "es2022", lib: ["es2022"], module: "esnext", moduleResolution: "bundler", resolveJsonModule: true };
  const leniency = { strict: false, skipLibCheck: true, allowJs: true, checkJs: false };
  const paths = { k6: [join(types, "k6")], "k6/*": [join(types, "k6/*")], "plimsoll/k6": [k6Module] };
  return { compilerOptions: { ...k6, ...language, ...leniency, paths }, files };
}

/** Checks the types of a TypeScript script with the project's own compiler, in a folder of its own, and gives what is wrong; JavaScript is not checked. */
export async function checkTypes(script: string, project: string): Promise<ScriptProblem[]> {
  if (!/\.[cm]?ts$/.test(script)) return [];
  const entry = resolve(script);
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-types-"));
  try {
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfigFor(entry, resolve(project))));
    copyFileSync(new URL("k6/globals.txt", import.meta.url), join(folder, globalsFile));
    const args = [join(packageFolder("typescript"), "bin/tsc"), "-p", folder, "--pretty", "false"];
    const command = { command: process.execPath, args, folder, limitSeconds: 120 };
    const { ending, output } = await runProcess(command);
    if (ending.kind === "exited" && ending.code === 0) return [];
    const problems = tscProblems(output, entry, folder);
    if (problems.length > 0) return problems;
    return [problemOf(entry, `the type check failed: ${output.trim() || endingText(command, ending)}`)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a user script means by `plimsoll/k6`: the module of this very version, wherever the script is and whatever is installed there. */
export const k6Module = fileURLToPath(new URL(`../../../scenarios/lib/k6${extname(import.meta.url)}`, import.meta.url));
