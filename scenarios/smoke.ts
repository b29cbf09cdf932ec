import { constant } from "./lib/shapes.ts";
import { storageLoad } from "./lib/storage.ts";

/** Asks quickly whether the service keeps its objectives at all: 150 iterations a second for 25 s, enough requests to prove 99.9 %. */
const load = storageLoad("smoke", constant, { peakRate: 150, seconds: 25 });

export const { options, setup, warmup } = load;
export default load.run;
