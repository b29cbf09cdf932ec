import { constant } from "./lib/shapes.ts";
import { storageLoad } from "./lib/storage.ts";

/** Keeps 100 iterations a second for 30 min, to find what only grows slowly. */
export const { options, setup, warmup, run } = storageLoad("soak", constant, { peakRate: 100, seconds: 1800 });
export default run;
