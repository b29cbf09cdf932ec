import {
  closeSync,
  constants,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { frameOf, readFrame, survey, type Frame, type Survey } from "./frame.ts";

/** Is an append-only file of bodies: each is on disk before it is acknowledged, and none is read back that was not written whole. */
export interface Spool {
  /** Writes a body and flushes it to the disk; throws what the system says when it cannot. */
  append(body: Buffer): void;
  /** Reads what begins at a byte offset; throws what the system says when it cannot. */
  read(offset: number): Frame;
  /** Bytes written. */
  size(): number;
  /** Byte offset of the first body that was not forwarded yet. */
  cursor(): number;
  moveCursor(offset: number): void;
  /** What was found wrong with the file when it was opened, one sentence each. */
  doubts(): string[];
  close(): void;
}

/** Opens or makes the spool in a folder, changing nothing that is there; throws what the system says when it cannot. */
export function openSpool(folder: string): Spool {
  mkdirSync(folder, { recursive: true });
  const cursorFile = join(folder, "cursor");
  const file = openSync(join(folder, "bodies"), constants.O_RDWR | constants.O_CREAT);
  syncFolders(folder);
  const found = survey(file);
  const stored = readCursor(cursorFile);
  let { size } = found;
  // What stands behind the last whole record goes before the next one is written, and not earlier: it may be evidence.
  let unclean = found.tornBytes > 0;
  let cursor = found.starts.findLast((start) => start <= stored) ?? 0;
  return {
    append(body) {
      if (unclean) ftruncateSync(file, size);
      unclean = true;
      const record = frameOf(body);
      try {
        for (let at = 0; at < record.length;) at += writeSync(file, record, at, record.length - at, size + at);
        fdatasyncSync(file);
      } catch (error) {
        ftruncateSync(file, size); // gives the space back; should this fail too, the next append begins with it
        unclean = false;
        throw error;
      }
      unclean = false;
      size += record.length;
    },
    read: (offset) => readFrame(file, offset, size),
    size: () => size,
    cursor: () => cursor,
    moveCursor(offset) {
      cursor = offset;
      try {
        writeFileSync(`${cursorFile}.part`, String(offset));
        renameSync(`${cursorFile}.part`, cursorFile);
      } catch {
        // on a full disk the cursor stays behind; the last body sent twice does no harm
      }
    },
    doubts: () => doubtsOf(folder, found, stored),
    close: () => closeSync(file),
  };
}

function doubtsOf(folder: string, { size, damaged, tornBytes }: Survey, stored: number): string[] {
  return [
    ...(damaged > 0 ? [`the spool in ${folder} is damaged: pushes that cannot be read back: ${damaged}`] : []),
    ...(tornBytes > 0 ? [`the spool in ${folder} ends in ${tornBytes} bytes that are no whole push`] : []),
    ...(stored > size ? [`the spool in ${folder} is shorter than what was forwarded from it`] : []),
  ];
}

/** Flushes the names of new files: a file whose name is lost with the power is lost whole. */
function syncFolders(folder: string): void {
  for (const place of [folder, dirname(folder)]) {
    try {
      const handle = openSync(place, "r");
      try {
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
    } catch {
      // some systems cannot flush a folder; there it is theirs to keep
    }
  }
}

function readCursor(file: string): number {
  if (!existsSync(file) || statSync(file).size > 32) return 0;
  const offset = Number(readFileSync(file, "utf8"));
  return Number.isSafeInteger(offset) && offset >= 0 ? offset : 0;
}
