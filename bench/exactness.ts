import type { Figure } from "./figure.ts";
export const exactness: Figure = { name: "exactness", what: "to come", run: async () => [] };
