import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/** What a user script means by `plimsoll/k6`: the module of this very version, wherever the script is and whatever is installed there. */
export const k6Module = fileURLToPath(new URL(`../../../scenarios/lib/k6${extname(import.meta.url)}`, import.meta.url));
