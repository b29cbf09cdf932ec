import type { Figure } from "./figure.ts";
export const targetCpu: Figure = { name: "target-cpu", what: "to come", run: async () => [] };
