import { climb } from "./lib/shapes.ts";
import { storageLoad } from "./lib/storage.ts";

/** Climbs in a straight line to 2,000 iterations a second in 5 min; the moment of breaking names the rate that the service can carry. */
export const { options, setup, warmup, run } = storageLoad("breakpoint", climb, { peakRate: 2000, seconds: 300 });
export default run;
