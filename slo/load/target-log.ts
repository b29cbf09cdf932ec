import { open } from "node:fs/promises";

/** How many lines of one request are kept, and how long each may be. */
const most = { lines: 5, characters: 500 };

/** Finds the lines of the local target's log that carry one of these request ids; none where there is no such log. */
export async function linesOfRequests(file: string, ids: ReadonlySet<string>): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  if (ids.size === 0) return found;
  try {
    const log = await open(file);
    for await (const line of log.readLines()) {
      const id = /"(?:reqId|requestId|request_id)":"([^"]+)"/.exec(line)?.[1];
      const lines = id !== undefined && ids.has(id) ? (found.get(id) ?? []) : undefined;
      if (id === undefined || lines === undefined || lines.length >= most.lines) continue;
      found.set(id, [...lines, line.slice(0, most.characters)]);
    }
  } catch {
    return found; // the run was against another's target, which has no log here
  }
  return found;
}
