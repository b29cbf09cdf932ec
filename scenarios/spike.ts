import { spike } from "./lib/shapes.ts";
import { storageLoad } from "./lib/storage.ts";

/** Leaps from 50 to 400 iterations a second and back, to see the burst and the recovery; 90 s. */
export const { options, setup, warmup, run } = storageLoad("spike", spike, { peakRate: 400, seconds: 90 });
export default run;
