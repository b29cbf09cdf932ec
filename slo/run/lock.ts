import { createHash } from "node:crypto";
import { join } from "node:path";
import { claim, type Claim } from "./claim.ts";

/** Takes a target URL, noting the run's testid, so that two runs on this machine do not load it at once. A failure names the folder. */
export function lockTarget(folder: string, targetUrl: string, testid: string): Claim | { kind: "failed"; message: string } {
  const name = createHash("sha256").update(new URL(targetUrl).href.replace("//localhost", "//127.0.0.1")).digest("hex").slice(0, 16);
  try {
    return claim(join(folder, `${name}.json`), testid);
  } catch (error) {
    return { kind: "failed", message: `cannot lock the target in ${folder}: ${error instanceof Error ? error.message : String(error)}` };
  }
}
