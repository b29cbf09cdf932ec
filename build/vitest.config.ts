import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const rooms = "{slo,target,scenarios,build,bench,deploy}/**/*";

function project(name: string, include: string, testTimeout: number, more: { exclude?: string[]; globalSetup?: string[] } = {}) {
  const test = { name, include: [include], exclude: ["**/node_modules/**"], testTimeout, hookTimeout: testTimeout, ...more };
  return { extends: true as const, test };
}

const pure = project("pure", `${rooms}.test.ts`, 20_000, {
  exclude: ["**/node_modules/**", "**/*.{live,kubernetes,lab,check,bench}.test.ts"],
});
// What a global setup finds or starts, vitest wants only when one of the project's files is selected.
const live = project("live", `${rooms}.live.test.ts`, 120_000, { globalSetup: [path("testing/setup.ts")] });
const kubernetes = project("kubernetes", `${rooms}.kubernetes.test.ts`, 240_000, { globalSetup: [path("testing/cluster.ts")] });
// Needs no cluster, so none is started where it is run alone.
const labAlone = "deploy/{compose,kubernetes/elasticsearch}.lab.test.ts";
const lab = [
  project("lab", `${rooms}.lab.test.ts`, 1_800_000, {
    exclude: ["**/node_modules/**", labAlone],
    globalSetup: [path("testing/cluster.ts")],
  }),
  project("lab without a cluster", labAlone, 1_800_000),
];
const check = project("check", "build/{*.check,generated}.test.ts", 120_000);
const bench = project("bench", `${rooms}.bench.test.ts`, 14_400_000);

/** Runs `pure` and `live`; with `--mode check`, `--mode bench`, `--mode kubernetes` or `--mode lab` that project alone, this one file after the other, so that nothing else starts a cluster. */
export default defineConfig(({ mode }) => {
  const alone = { check, bench, kubernetes, lab }[mode];
  const maxWorkers = ["kubernetes", "lab", "bench"].includes(mode) ? 1 : 2;
  return {
    root: path(".."),
    test: {
      watch: false,
      pool: "forks",
      maxWorkers,
      disableConsoleIntercept: mode === "bench",
      projects: alone ? [alone].flat() : [pure, live],
    },
  };
});
