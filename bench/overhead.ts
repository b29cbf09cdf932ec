import type { Figure } from "./figure.ts";
export const overhead: Figure = { name: "overhead", what: "to come", run: async () => [] };
