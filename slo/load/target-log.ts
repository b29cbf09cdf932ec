import { open } from "node:fs/promises";
import { join } from "node:path";
import { maskSecrets } from "../host/mask-secrets.ts";

/** How many lines of one request are kept, and how long each may be. */
const most = { lines: 5, characters: 500 };

/** Adds to samples of requests the lines of the local target's log that carry their ids; none where there is no such log. */
export async function withLogLines<T extends { requestId: string }>(samples: readonly T[], folder: string) {
  const found = new Map(samples.flatMap(({ requestId }): [string, string[]][] => (requestId === "" ? [] : [[requestId, []]])));
  try {
    const log = await open(join(folder, "target.log"));
    for await (const line of log.readLines()) {
      const lines = found.get(/"(?:reqId|requestId|request_id)":"([^"]+)"/.exec(line)?.[1] ?? "");
      if (lines !== undefined && lines.length < most.lines) lines.push(maskSecrets(line.slice(0, most.characters)));
    }
  } catch {
    // the run was against another's target, which has no log here
  }
  return samples.map((sample) => ({ ...sample, log: found.get(sample.requestId) ?? [] }));
}
