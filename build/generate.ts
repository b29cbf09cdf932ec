import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { z } from "zod";
import { reportSchema } from "../slo/report/schema.ts";
import { specFileSchema } from "../slo/spec/schema.ts";

/** A file that a program writes, by its path from the root. */
export type Generated = [path: string, text: () => string];

const files: Generated[] = [
  ["slo/spec/schema.json", () => jsonSchema(specFileSchema, "Plimsoll spec", "input")],
  ["slo/report/report.schema.json", () => jsonSchema(reportSchema, "Plimsoll report", "output")],
];

function jsonSchema(schema: z.ZodType, title: string, io: "input" | "output"): string {
  return `${JSON.stringify({ title, ...z.toJSONSchema(schema, { io }) }, undefined, 2)}\n`;
}

/** Gives the files that are missing or differ from what their program makes. */
export async function staleFiles(root: string, files: readonly Generated[]): Promise<Generated[]> {
  const present = await Promise.all(files.map(([path]) => readFile(join(root, path), "utf8").catch(() => undefined)));
  return files.filter(([, text], index) => present[index] !== text());
}

/** Writes stale files, or with `isCheck` only names them; gives the exit code. */
export async function generate(root: string, files: readonly Generated[], isCheck: boolean): Promise<number> {
  const stale = await staleFiles(root, files);
  if (!isCheck) for (const [path, text] of stale) await writeFile(join(root, path), text());
  for (const [path] of stale) console.error(isCheck ? `${path} is not what its source makes; run: npm run generate` : `wrote ${path}`);
  return isCheck && stale.length > 0 ? 1 : 0;
}

const isMain = import.meta.url === pathToFileURL(process.argv[1] ?? "").href;
if (isMain) process.exitCode = await generate(fileURLToPath(new URL("..", import.meta.url)), files, process.argv.includes("--check"));
