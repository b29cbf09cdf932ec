import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { dashboardFiles } from "../deploy/grafana/dashboards.ts";
import { reportSchema } from "../slo/report/schema.ts";
import { specFileSchema } from "../slo/spec/schema.ts";

/** Names one file that is written by a program, from the root, and makes its text. */
export interface Generated {
  path: string;
  text: () => string;
}

/** Lists every generated file of the project. */
export const generatedFiles: Generated[] = [
  { path: "slo/spec/schema.json", text: () => jsonSchema(specFileSchema, "Plimsoll spec", "input") },
  { path: "slo/report/report.schema.json", text: () => jsonSchema(reportSchema, "Plimsoll report", "output") },
  ...dashboardFiles,
];

/** Writes the files; gives the paths whose content changed. */
export async function writeGenerated(root: string, files: Generated[]): Promise<string[]> {
  const stale = await staleFiles(root, files);
  for (const file of files) if (stale.includes(file.path)) await writeFile(join(root, file.path), file.text());
  return stale;
}

/** Gives the paths of the files that are missing or differ from what would be written. */
export async function staleFiles(root: string, files: Generated[]): Promise<string[]> {
  const stale: string[] = [];
  for (const file of files) {
    const present = await readFile(join(root, file.path), "utf8").catch(() => undefined);
    if (present !== file.text()) stale.push(file.path);
  }
  return stale;
}

function jsonSchema(schema: z.ZodType, title: string, io: "input" | "output"): string {
  return `${JSON.stringify({ title, ...z.toJSONSchema(schema, { io }) }, undefined, 2)}\n`;
}
