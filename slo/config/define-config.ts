import type { Config } from "./schema.ts";

/** Gives a config back as it is; its type is what an editor completes and checks. */
export const defineConfig = (config: Config): Config => config;
