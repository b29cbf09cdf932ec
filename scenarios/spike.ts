import { spike } from "./lib/shapes.ts";
import { storageLoad } from "./lib/storage.ts";

/** Leaps from 50 to 400 iterations a second and back, to see the burst and the recovery; 90 s. */
const load = storageLoad("spike", spike, { peakRate: 400, seconds: 90 });

export const { options, setup, warmup } = load;
export default load.run;
