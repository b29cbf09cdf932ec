import { constant } from "./lib/shapes.ts";
import { storageLoad } from "./lib/storage.ts";

/** Asks quickly whether the service keeps its objectives at all: 160 iterations a second for 30 s, enough requests to prove 99.9 %, even with one that failed. */
export const { options, setup, warmup, run } = storageLoad("smoke", constant, { peakRate: 160, seconds: 30 });
export default run;
