import { stairs } from "./lib/shapes.ts";
import { storageLoad } from "./lib/storage.ts";

/** Climbs in four steps to 400 iterations a second, to see from which step on the service falls behind; 2 min. */
export const { options, setup, warmup, run } = storageLoad("stress", stairs(4), { peakRate: 400, seconds: 120 });
export default run;
