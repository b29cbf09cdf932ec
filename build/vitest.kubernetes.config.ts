import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Runs the tests that need a cluster, one file after the other: `npm run test:kubernetes`. */
export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    watch: false,
    pool: "forks",
    fileParallelism: false,
    include: ["{slo,target,scenarios,build,bench,deploy}/**/*.kubernetes.test.ts"],
    exclude: ["**/node_modules/**"],
    globalSetup: [fileURLToPath(new URL("testing/cluster.ts", import.meta.url))],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // A crowded machine shows in the figures; nothing is hidden by trying again.
    retry: 0,
  },
});
