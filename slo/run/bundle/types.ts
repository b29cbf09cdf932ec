import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { z } from "zod";
import { tscProblems, type ScriptProblem } from "./problems.ts";

/** Is a script and the project whose compiler and k6 types check it. */
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

const remembered = z.strictObject({ version: z.literal(1), files: z.record(z.string(), z.string()) });

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

/** Runs the project's `tsc` on a script in a folder of its own; the output lists the files that it read. */
export async function runTsc(
  script: TypedScript,
): Promise<{ kind: "output"; output: string } | { kind: "problems"; problems: ScriptProblem[] }> {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-types-"));
  try {
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfigFor(script)));
    writeFileSync(join(folder, globalsFile), globals);
    const { code, output } = await tsc(script.project, folder);
    if (code === 0) return { kind: "output", output };
    const problems = tscProblems(output, script.entry, folder);
    if (problems.length > 0) return { kind: "problems", problems };
    return { kind: "problems", problems: [{ file: script.entry, line: 1, column: 1, message: `the type check failed: ${output.trim()}` }] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function tsc(project: string, folder: string): Promise<{ code: number; output: string }> {
  const args = [join(project, "node_modules/typescript/bin/tsc"), "-p", folder, "--pretty", "false", "--listFiles"];
  return new Promise((done) => {
    execFile(process.execPath, args, { cwd: folder, timeout: 120_000, maxBuffer: 64 * 1024 ** 2 }, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : 1, output: `${stdout}${stderr}${error !== null && stdout === "" ? error.message : ""}` });
    });
  });
}

/** Reads the files that `tsc --listFiles` names, those of packages left out (their versions stand for them). */
export function readListedFiles(output: string): string[] {
  return output.split("\n").filter((line) => line.startsWith("/") && !line.includes("/node_modules/") && !line.endsWith(`/${globalsFile}`));
}

/** Says whether this script was clean before, and nothing that the compiler read has changed since. */
export function knownClean(cache: string, hash: string, script: TypedScript): boolean {
  try {
    const { files } = remembered.parse(JSON.parse(readFileSync(recordFile(cache, hash, script), "utf8")));
    return Object.entries(files).every(([path, content]) => contentHash(path) === content);
  } catch {
    return false; // nothing remembered, or a file is gone: check again
  }
}

/** Remembers that a script is clean. A cache that cannot be written costs time, not correctness. */
export function rememberClean(cache: string, hash: string, script: TypedScript, files: readonly string[]): void {
  try {
    const path = recordFile(cache, hash, script);
    const record: z.infer<typeof remembered> = { version: 1, files: Object.fromEntries(files.map((file) => [file, contentHash(file)])) };
    mkdirSync(dirname(path), { recursive: true });
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(record));
    renameSync(temporary, path);
  } catch {
    return;
  }
}

const contentHash = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

function recordFile(cache: string, hash: string, { entry, project }: TypedScript): string {
  const versions = ["node_modules/typescript/package.json", "node_modules/@types/k6/package.json", "tsconfig.json"].map((file) =>
    contentHash(join(project, file)),
  );
  return join(
    cache,
    `${createHash("sha256")
      .update([hash, entry, ...versions].join("\0"))
      .digest("hex")}.json`,
  );
}
