import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { extract, type ReadEntry } from "tar";
import { errorMessage } from "../../host/error-message.ts";
import type { Outcome } from "./tool.ts";

const maxUnpackedBytes = 1_000_000_000;

/**
 * Unpacks exactly the named regular files of a .tar.gz into `folder`, by their last name, and nothing else.
 * Refuses an archive with a path that leaves its folder, a wanted file that is a link or comes twice, or more than 1 GB of content.
 */
export async function unpackMembers(archive: string, members: string[], folder: string): Promise<Outcome<string[]>> {
  const refusals: string[] = [];
  const seen = new Set<string>();
  let bytes = 0;
  const filter = (path: string, entry: ReadEntry): boolean => {
    bytes += entry.size;
    const refusal = refusalOf(path, entry, members, seen, bytes);
    if (refusal !== undefined) refusals.push(refusal);
    if (refusals.length > 0 || !members.includes(path)) return false;
    seen.add(path);
    return true;
  };
  try {
    await extract({
      file: archive,
      cwd: folder,
      strict: true,
      strip: 1,
      noMtime: true,
      filter: (path, entry) => filter(path, entry as ReadEntry),
    });
  } catch (error) {
    return { kind: "failed", reason: refusals[0] ?? `the archive cannot be unpacked: ${errorMessage(error)}` };
  }
  if (refusals[0] !== undefined) return { kind: "failed", reason: refusals[0] };
  return await namesOf(members, seen, folder);
}

function refusalOf(path: string, entry: ReadEntry, members: string[], seen: Set<string>, bytes: number): string | undefined {
  if (path.startsWith("/") || path.split(/[\\/]/).includes(".."))
    return `the archive holds a path that leaves its folder: ${JSON.stringify(path)}`;
  if (bytes > maxUnpackedBytes) return `the archive holds more than ${maxUnpackedBytes} bytes`;
  if (!members.includes(path)) return undefined;
  if (entry.type !== "File" && entry.type !== "OldFile")
    return `the archive's ${JSON.stringify(path)} is not a regular file (${entry.type})`;
  return seen.has(path) ? `the archive holds ${JSON.stringify(path)} twice` : undefined;
}

async function namesOf(members: string[], seen: Set<string>, folder: string): Promise<Outcome<string[]>> {
  const names: string[] = [];
  for (const member of members) {
    const name = member.slice(member.lastIndexOf("/") + 1);
    if (!seen.has(member)) return { kind: "failed", reason: `the archive holds no ${member}` };
    const file = await lstat(join(folder, name)).catch(() => undefined);
    if (file === undefined || !file.isFile()) return { kind: "failed", reason: `the archive's ${member} did not unpack to a file` };
    names.push(name);
  }
  return { kind: "ok", value: names };
}
