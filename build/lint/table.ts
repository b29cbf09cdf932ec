/** States what the files of one folder may import beyond their own room. Paths are from the root. */
export interface Room {
  folder: string;
  /** Rooms or files whose values and types may be imported. */
  values: string[];
  /** Rooms or files of which only types may be imported. */
  types: string[];
  /** Packages, by name; a scope ends with `/`. */
  packages: string[];
  /** Whether Node's own modules may be imported. */
  node: boolean;
}

/** The table of rooms in the design; the first row whose folder holds a file is the file's own. */
export const rooms: Room[] = [
  { folder: "scenarios", values: [], types: ["target/api"], packages: ["k6"], node: false },
  { folder: "slo/spec/names.ts", values: ["slo/spec", "target/api/names.ts"], types: [], packages: [], node: false },
  { folder: "slo/spec", values: [], types: [], packages: ["zod", "yaml", "fastest-levenshtein"], node: false },
  { folder: "slo/compile", values: ["slo/spec"], types: [], packages: ["@prometheus-io/lezer-promql"], node: false },
  {
    folder: "slo/host",
    values: ["slo/run/relay/destination.ts", "slo/report/plain.ts"],
    types: ["slo/collect"],
    packages: ["zod"],
    node: true,
  },
  {
    folder: "slo/run",
    values: ["slo/host", "slo/spec/names.ts"],
    types: ["slo/spec"],
    packages: ["esbuild", "fastest-levenshtein", "pbf", "snappyjs", "tar", "zod"],
    node: true,
  },
  {
    folder: "slo/collect",
    values: ["slo/host/error-message.ts", "slo/spec/names.ts"],
    types: ["slo/compile", "slo/spec"],
    packages: ["zod"],
    node: true,
  },
  { folder: "slo/judge", values: ["slo/spec"], types: ["slo/collect"], packages: [], node: false },
  { folder: "slo/report", values: ["slo/spec"], types: ["slo/judge"], packages: ["string-width", "wrap-ansi", "zod"], node: false },
  {
    folder: "slo/load",
    values: [
      "slo/host",
      "slo/run",
      "slo/spec",
      "slo/compile",
      "slo/collect",
      "slo/judge/provable.ts",
      "slo/report/live-line.ts",
      "slo/cli/reach-verdict.ts",
    ],
    types: [],
    packages: ["zod"],
    node: true,
  },
  {
    folder: "slo/verify/worlds",
    values: ["slo/spec", "slo/compile", "slo/collect", "slo/judge", "slo/verify", "slo/load/merge-pods.ts"],
    types: ["slo/report", "slo/run", "slo/load"],
    packages: ["pbf", "snappyjs"],
    node: true,
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
      "slo/load/progress.ts",
    ],
    types: ["slo/report", "slo/run", "slo/load"],
    packages: [],
    node: false,
  },
  { folder: "slo/history", values: [], types: ["slo/judge"], packages: ["zod"], node: true },
  { folder: "slo/cli", values: ["slo"], types: [], packages: ["commander", "fastest-levenshtein", "zod"], node: true },
  {
    folder: "target",
    values: [],
    types: [],
    packages: ["fastify", "fastify-metrics", "fastify-type-provider-zod", "@fastify/", "@platformatic/", "zod"],
    node: true,
  },
  { folder: "deploy", values: ["slo/host", "slo/report", "slo/spec/names.ts"], types: [], packages: ["commander", "yaml"], node: true },
  { folder: "build", values: ["slo", "target", "deploy"], types: [], packages: ["oxlint", "tar", "vitest", "zod"], node: true },
  { folder: "bench", values: ["slo", "target", "scenarios"], types: [], packages: ["zod"], node: true },
];

/** What every test may import as well: `*.test.ts`, `*.live.test.ts`, `*.kubernetes.test.ts` and the fixtures beside them. */
export const testFile = /\.(?:test|fixture)\.ts$/;
export const testRoom = "build/testing";

/** What starts real parts, and so may import the rooms that start them. */
export const liveTestFile = /\.(?:live|kubernetes)\.test\.ts$/;
export const liveRooms = ["slo", "target"];
