import type { Figure } from "./figure.ts";
export const relay: Figure = { name: "relay", what: "to come", run: async () => [] };
