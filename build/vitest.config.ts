import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const rooms = "{slo,target,scenarios,build,bench,deploy}";
const never = ["**/node_modules/**", "**/*.kubernetes.test.ts"];

/** Runs every test: those that need nothing, and the live ones after the real tools were found. */
export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    watch: false,
    pool: "forks",
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: { name: "pure", include: [`${rooms}/**/*.test.ts`], exclude: [...never, "**/*.live.test.ts"], testTimeout: 20_000 },
      },
      {
        extends: true,
        test: {
          name: "live",
          include: [`${rooms}/**/*.live.test.ts`],
          exclude: never,
          // vitest runs a project's global setup only when one of its files is selected.
          globalSetup: [fileURLToPath(new URL("testing/setup.ts", import.meta.url))],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
