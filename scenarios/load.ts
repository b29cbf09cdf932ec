import { plateau } from "./lib/shapes.ts";
import { storageLoad } from "./lib/storage.ts";

/** Carries the load of a usual day: up to 200 iterations a second within 12 s, then steady until 2 min are over. */
export const { options, setup, warmup, run } = storageLoad("load", plateau, { peakRate: 200, seconds: 120 });
export default run;
