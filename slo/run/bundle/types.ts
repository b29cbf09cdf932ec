import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { endingText, runProcess } from "../../host/process.ts";
import { tscProblems, type ScriptProblem } from "./problems.ts";

/** A script and the project whose compiler and k6 types check it. */
export interface TypedScript {
  entry: string;
  project: string;
}

/** Declares what k6 2.2 offers without import and @types/k6 leaves out (the library "dom" would make `open` a browser's), and modules without types. */
const globals = `
declare module "https://*";
declare module "k6/x/*";
declare const console: Record<"log" | "debug" | "info" | "warn" | "error", (...values: unknown[]) => void>;
declare function setTimeout(callback: (...values: any[]) => void, milliseconds?: number, ...values: unknown[]): number;
declare function setInterval(callback: (...values: any[]) => void, milliseconds?: number, ...values: unknown[]): number;
declare function clearTimeout(id?: number): void;
declare function clearInterval(id?: number): void;
declare const crypto: any, TextEncoder: any, TextDecoder: any, ReadableStream: any;
`;
const globalsFile = "k6-globals.d.ts";

/** Makes the compiler options for a script: the project's own strict ones for its own, forgiving ones for anyone else's. */
export function tsconfigFor({ entry, project }: TypedScript): object {
  const types = join(project, "node_modules/@types");
  const k6 = { types: ["k6"], typeRoots: [types], noEmit: true, allowImportingTsExtensions: true };
  if (isOurs({ entry, project }))
    return { extends: join(project, "tsconfig.json"), compilerOptions: k6, include: [], files: [entry, globalsFile] };
  return {
    compilerOptions: {
      ...k6,
      ...{ target: "es2022", lib: ["es2022"], module: "esnext", moduleResolution: "bundler", resolveJsonModule: true },
      ...{ strict: false, skipLibCheck: true, allowJs: true, checkJs: false },
      paths: { k6: [join(types, "k6")], "k6/*": [join(types, "k6/*")] },
    },
    files: [entry, globalsFile],
  };
}

const isOurs = ({ entry, project }: TypedScript): boolean => !/^(\.\.|\/)|node_modules/.test(relative(project, entry));

/** Runs the project's `tsc` on a script in a folder of its own. */
export async function runTsc(script: TypedScript): Promise<{ kind: "clean" } | { kind: "problems"; problems: ScriptProblem[] }> {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-types-"));
  try {
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfigFor(script)));
    writeFileSync(join(folder, globalsFile), globals);
    const args = [join(script.project, "node_modules/typescript/bin/tsc"), "-p", folder, "--pretty", "false"];
    const command = { command: process.execPath, args, folder, limitSeconds: 120 };
    const { ending, output } = await runProcess(command);
    if (ending.kind === "exited" && ending.code === 0) return { kind: "clean" };
    const problems = tscProblems(output, script.entry, folder);
    if (problems.length > 0) return { kind: "problems", problems };
    const why = output.trim() || endingText(command, ending);
    return { kind: "problems", problems: [{ file: script.entry, line: 1, column: 1, message: `the type check failed: ${why}` }] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
