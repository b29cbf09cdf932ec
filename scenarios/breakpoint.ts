import { climb } from "./lib/shapes.ts";
import { storageLoad } from "./lib/storage.ts";

/** Climbs in a straight line to 2,000 iterations a second in 5 min; the moment of breaking names the rate that the service can carry. */
const load = storageLoad("breakpoint", climb, { peakRate: 2000, seconds: 300 });

export const { options, setup, warmup } = load;
export default load.run;
