/** What the files of one folder may import beyond their own room. Paths are from the root. */
export interface Room {
  folder: string;
  /** Rooms or files whose values and types may be imported. */
  values?: string[];
  /** Rooms or files of which only types may be imported. */
  types?: string[];
  /** Packages, by name; a scope ends with `/`, and `node:*` stands for Node's own modules. */
  packages?: string[];
}

/** The table of rooms in the design; the first row whose folder holds a file is the file's own. */
export const rooms: Room[] = [
  { folder: "scenarios", types: ["target/api"], packages: ["k6"] },
  { folder: "slo/spec/names.ts", values: ["slo/spec", "target/api/names.ts"] },
  { folder: "slo/spec", packages: ["zod", "yaml", "fastest-levenshtein"] },
  { folder: "slo/compile", values: ["slo/spec"], packages: ["@prometheus-io/lezer-promql", "yaml"] },
  {
    folder: "slo/host",
    values: ["slo/report/plain.ts"],
    packages: ["node:*", "zod"],
  },
  { folder: "slo/run/bundle/k6", packages: ["k6"] },
  {
    folder: "slo/run",
    values: ["slo/host", "slo/spec/names.ts"],
    types: ["slo/spec"],
    packages: ["node:*", "esbuild", "fastest-levenshtein", "pbf", "snappyjs", "tar", "yaml", "zod"],
  },
  {
    folder: "slo/collect",
    values: ["slo/host/error-message.ts", "slo/spec/names.ts", "slo/spec/words.ts", "slo/spec/presets.ts"],
    types: ["slo/compile", "slo/spec"],
    packages: ["node:*", "zod"],
  },
  { folder: "slo/judge", values: ["slo/spec"], types: ["slo/collect"] },
  { folder: "slo/report", values: ["slo/spec"], types: ["slo/judge"], packages: ["string-width", "wrap-ansi", "zod"] },
  {
    folder: "slo/load",
    values: [
      "slo/host",
      "slo/run",
      "slo/spec",
      "slo/compile",
      "slo/collect",
      "slo/judge/provable.ts",
      "slo/judge/martingale.ts",
      "slo/report/live-line.ts",
    ],
    packages: ["node:*", "zod"],
  },
  {
    folder: "slo/verify/worlds",
    values: ["slo/spec", "slo/compile", "slo/collect", "slo/judge", "slo/verify", "slo/load/merge-pods.ts", "slo/run/plan.ts"],
    types: ["slo/report", "slo/run", "slo/load"],
    packages: ["node:*", "pbf", "snappyjs"],
  },
  {
    folder: "slo/verify",
    values: [
      "slo/host",
      "slo/spec",
      "slo/compile",
      "slo/collect",
      "slo/judge",
      "slo/run/plan.ts",
      "slo/run/script-errors.ts",
      "slo/run/relay/sent-totals.ts",
    ],
    types: ["slo/report", "slo/run", "slo/load"],
  },
  {
    folder: "slo/config",
    values: ["slo/host", "slo/load/load-run.ts", "slo/load/spec-file.ts", "slo/run/bundle/problems.ts", "slo/spec/words.ts"],
    packages: ["node:*", "esbuild", "zod"],
  },
  { folder: "slo/init", values: ["slo/host", "slo/load/load-run.ts", "slo/run", "slo/spec"], packages: ["node:*", "yaml", "zod"] },
  { folder: "slo/history", values: ["slo/host", "slo/report"], packages: ["node:*", "tar", "zod"] },
  {
    folder: "slo/cli",
    values: [
      "slo/host",
      "slo/config",
      "slo/init",
      "slo/load",
      "slo/verify/verify.ts",
      "slo/verify/telemetry.ts",
      "slo/report",
      "slo/history",
      "slo/run",
      "scenarios/lib/settings.ts",
      "target/faults/rules.ts",
    ],
    types: ["slo/spec"],
    packages: ["node:*", "commander"],
  },
  {
    folder: "target",
    packages: [
      "node:*",
      "fastify",
      "fastify-metrics",
      "fastify-type-provider-zod",
      "@fastify/",
      "@platformatic/",
      "@opentelemetry/",
      "mongodb",
      "zod",
    ],
  },
  {
    folder: "deploy",
    values: ["slo/host", "slo/report", "slo/spec/names.ts", "target/faults/rules.ts"],
    packages: ["node:*", "commander", "yaml"],
  },
  {
    folder: "build",
    values: ["slo", "target", "deploy/images/sbom.ts"],
    packages: ["node:*", "esbuild", "oxlint", "tar", "vitest", "yaml", "zod"],
  },
  { folder: "bench", values: ["slo", "target", "scenarios"], packages: ["node:*", "zod"] },
];

/** What every test may import as well: `*.test.ts`, `*.live.test.ts`, `*.kubernetes.test.ts`, `*.lab.test.ts` and the fixtures beside them. */
export const testFile = /\.(?:test|fixture)\.ts$/;
export const testRoom = "build/testing";

/** What starts real parts, and so may import the rooms that start them. */
export const liveTestFile = /\.(?:live|kubernetes|lab)\.test\.ts$/;
export const liveRooms = ["slo", "target"];
