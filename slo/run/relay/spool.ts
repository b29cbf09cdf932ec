import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { replaceFile } from "../../host/replace-file.ts";

/** A row of pushes, each a file of its own: on disk before it is acknowledged, and none is read back that was not written whole. */
export type Spool = ReturnType<typeof openSpool>;

/** What stands at the cursor: a push, other bytes than were written, or nothing yet. */
export type Standing = { kind: "push"; body: Buffer } | { kind: "damaged" } | { kind: "end" };

/** After so many pushes what was sent is kept in sum, and those that were forwarded before the last time go. */
export const usualKept = 1000;

/** Opens or makes the spool in a folder, changing nothing that is there; throws what the system says when it cannot. */
export function openSpool(folder: string, kept = usualKept) {
  mkdirSync(folder, { recursive: true });
  syncFolder(dirname(folder));
  const row = surveyOf(folder);
  return {
    /** Writes a body and flushes it to the disk; throws what the system says when it cannot. */
    append(body: Buffer): void {
      const size = writeSealed(row.pushFile(row.end), body);
      row.bytes.set(row.end, size);
      row.waitingBytes += size;
      row.end += 1;
    },
    /** Where it is time, keeps what was sent so far as one body, and lets go of what was forwarded. */
    roll(sentSoFar: () => Buffer): void {
      const { base, end } = row;
      if (end - base < kept) return;
      try {
        trim(row);
        writeSealed(row.sentFile(end), sentSoFar());
        rmSync(row.sentFile(base), { force: true });
        row.base = end;
      } catch {
        // without room all stays
      }
    },
    /** Reads what stands at the cursor; throws what the system says when it cannot. */
    read(): Standing {
      if (row.cursor === row.end) return { kind: "end" };
      const body = readSealed(row.pushFile(row.cursor));
      if (body !== undefined) return { kind: "push", body };
      row.damaged.add(row.cursor);
      return { kind: "damaged" };
    },
    /** Goes on to the next push. On a full disk the cursor's file stays behind, and the last push sent twice does no harm. */
    advance(): void {
      row.waitingBytes -= row.bytes.get(row.cursor) ?? 0;
      row.cursor = passed(row.bytes, row.cursor + 1, row.end);
      try {
        replaceFile(row.cursorFile, String(row.cursor));
      } catch {
        // it is written anew with the next
      }
    },
    /** Gives the bodies that tell what was sent: the last values of pushes that may be gone, then all pushes that came after. */
    sent: (): Generator<Buffer> => sentIn(row),
    isForwarded: (): boolean => row.cursor === row.end,
    waitingBytes: (): number => row.waitingBytes,
    /** Whether a push was gone when it was opened that had not been forwarded. */
    lacksPushes: row.lacksPushes,
    caveats(): string[] {
      const unread = row.damaged.size > 0 ? [`is damaged: pushes that cannot be read back: ${row.damaged.size}`] : [];
      return [...unread, ...row.found].map((words) => `the spool in ${folder} ${words}`);
    },
  };
}

function* sentIn({ base, bytes, pushFile, sentFile }: ReturnType<typeof surveyOf>): Generator<Buffer> {
  const files = [...bytes.keys()].filter((at) => at >= base).map(pushFile);
  for (const file of base > 0 ? [sentFile(base), ...files] : files) {
    const body = readSealed(file);
    if (body !== undefined) yield body;
  }
}

/** Lets go of the pushes that were forwarded and whose values are kept in sum; damage is evidence, and stays. */
function trim({ base, bytes, cursor, cursorFile, damaged, pushFile }: ReturnType<typeof surveyOf>): void {
  replaceFile(cursorFile, String(cursor), true); // a push goes only when the cursor is sure
  syncFolder(dirname(cursorFile));
  for (const at of [...bytes.keys()].filter((each) => each < Math.min(cursor, base) && !damaged.has(each))) {
    rmSync(pushFile(at), { force: true });
    bytes.delete(at);
  }
}

/** Looks through a folder: the pushes there are with their bytes, those that are damaged, where forwarding stopped, and from where on `sent` needs them. */
function surveyOf(folder: string) {
  const pushFile = (at: number): string => join(folder, `push.${at}`);
  const sentFile = (at: number): string => join(folder, `sent.${at}`);
  const cursorFile = join(folder, "cursor");
  const numbersOf = (kind: string): number[] => {
    const named = readdirSync(folder).map((name) => /^(push|sent)\.(\d{1,15})$/.exec(name));
    return named.flatMap((match) => (match?.[1] === kind ? Number(match[2]) : [])).toSorted((a, b) => a - b);
  };
  const bytes = new Map(numbersOf("push").map((at) => [at, statSync(pushFile(at)).size]));
  const damaged = new Set([...bytes.keys()].filter((at) => readSealed(pushFile(at)) === undefined));
  const base = numbersOf("sent").findLast((at) => readSealed(sentFile(at)) !== undefined) ?? 0;
  const last = [...bytes.keys()].at(-1) ?? -1;
  const [end, stored] = [Math.max(base, last + 1), readCursor(cursorFile)];
  const areThere = (from: number): boolean => Array.from({ length: Math.max(0, end - from) }, (_, i) => bytes.has(from + i)).every(Boolean);
  const [lacksPushes, lacksSum] = [!areThere(stored), !areThere(base)];
  // The last one belongs to no push when it is not whole: it was never acknowledged, or nobody can tell.
  const tornBytes = damaged.delete(last) ? bytes.get(last) : undefined;
  if (tornBytes !== undefined) bytes.delete(last);
  const found = [
    ...(tornBytes === undefined ? [] : [`ends in ${tornBytes} bytes that are no whole push`]),
    ...(stored > end ? ["is shorter than what was forwarded from it"] : []),
    ...(lacksSum ? ["does not tell any more what was sent at first"] : []),
  ];
  const cursor = passed(bytes, stored, end);
  const waitingBytes = [...bytes].reduce((sum, [at, size]) => (at < cursor ? sum : sum + size), 0);
  return { pushFile, sentFile, cursorFile, bytes, damaged, found, base, end, cursor, waitingBytes, lacksPushes };
}

function passed(bytes: ReadonlyMap<number, number>, from: number, end: number): number {
  let at = from;
  while (at < end && !bytes.has(at)) at += 1;
  return Math.min(at, end);
}

/** Writes a body behind its CRC-32, and flushes it with its name; gives the bytes of the file. */
function writeSealed(file: string, body: Buffer): number {
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(body));
  try {
    writeFileSync(file, Buffer.concat([sum, body]), { flush: true });
  } catch (error) {
    rmSync(file, { force: true }); // gives the space back
    throw error;
  }
  syncFolder(dirname(file));
  return sum.length + body.length;
}

/** Reads a body back; undefined where it is not what was written. A body has at least one byte, so that zeros are never one. */
function readSealed(file: string): Buffer | undefined {
  const bytes = readFileSync(file);
  const body = bytes.subarray(4);
  return body.length > 0 && crc32(body) === bytes.readUInt32LE(0) ? body : undefined;
}

/** Flushes the names of new files: a file whose name is lost with the power is lost whole. */
function syncFolder(folder: string): void {
  try {
    const handle = openSync(folder, "r");
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // some systems cannot flush a folder; there it is theirs to keep
  }
}

function readCursor(file: string): number {
  try {
    const text = readFileSync(file, "utf8");
    return /^\d{1,15}$/.test(text) ? Number(text) : 0;
  } catch {
    return 0;
  }
}
