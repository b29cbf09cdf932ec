import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const rooms = "{slo,target,scenarios,build,bench,deploy}/**/*";
const exclude = ["**/node_modules/**"];

const pure = {
  extends: true as const,
  test: {
    name: "pure",
    include: [`${rooms}.test.ts`],
    exclude: [...exclude, "**/*.{live,kubernetes,lab,check,bench}.test.ts"],
    testTimeout: 20_000,
  },
};

/** Tests that need what a global setup finds or starts; vitest runs it only when one of the project's files is selected. */
function project(name: "live" | "kubernetes" | "lab", setup: string, testTimeout: number) {
  const test = { name, include: [`${rooms}.${name}.test.ts`], exclude, globalSetup: [path(setup)], testTimeout, hookTimeout: testTimeout };
  return { extends: true as const, test };
}

const check = {
  extends: true as const,
  test: { name: "check", include: ["build/*.check.test.ts", "build/generated.test.ts"], exclude, testTimeout: 120_000 },
};

const bench = { extends: true as const, test: { name: "bench", include: [`${rooms}.bench.test.ts`], exclude, testTimeout: 14_400_000 } };

/** Runs `pure` and `live`; with `--mode check`, `--mode bench`, `--mode kubernetes` or `--mode lab` that project alone, this one file after the other, so that nothing else starts a cluster. */
export default defineConfig(({ mode }) => {
  const usual = [pure, project("live", "testing/setup.ts", 120_000)];
  const kubernetes = [project("kubernetes", "testing/cluster.ts", 240_000)];
  const alone = { check: [check], bench: [bench], kubernetes, lab: [project("lab", "testing/cluster.ts", 1_800_000)] }[mode];
  const maxWorkers = ["kubernetes", "lab", "bench"].includes(mode) ? 1 : 2;
  return {
    root: path(".."),
    test: { watch: false, pool: "forks", maxWorkers, disableConsoleIntercept: mode === "bench", projects: alone ?? usual },
  };
});
