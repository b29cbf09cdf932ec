import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const folder = fileURLToPath(new URL(".", import.meta.url));
const isMap = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** A collector's configuration: its parts of each kind by name, and the pipelines that name them. */
export type CollectorConfig = Record<"extensions" | "receivers" | "processors" | "exporters" | "connectors", Record<string, unknown>> & {
  service: { extensions: string[]; telemetry: unknown; pipelines: Record<string, Record<string, string[]>> };
};

/** Merges configurations as a collector does: a later map adds to an earlier one, a list takes its place. */
export function merge(a: unknown, b: unknown): unknown {
  if (!isMap(a) || !isMap(b)) return b;
  return Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) => [key, key in b ? merge(a[key], b[key]) : a[key]]),
  );
}

/** Reads the files of one collector, by their paths from this folder, as it merges them. */
export function configOf(paths: readonly string[]): CollectorConfig {
  return paths.map((path) => parse(readFileSync(`${folder}${path}`, "utf8")) as unknown).reduce(merge, {}) as CollectorConfig;
}
