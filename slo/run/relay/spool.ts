import {
  closeSync,
  existsSync,
  fdatasyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";

/** Is an append-only file of bodies: each is on disk before it is acknowledged, and none is read back that was not written whole. */
export interface Spool {
  /** Writes a body and flushes it to the disk; throws what the system says when it cannot. */
  append(body: Buffer): void;
  /** Reads the body that begins at a byte offset; undefined at the end. */
  read(offset: number): { body: Buffer; next: number } | undefined;
  /** Bytes written. */
  size(): number;
  /** Byte offset of the first body that was not forwarded yet. */
  cursor(): number;
  moveCursor(offset: number): void;
  close(): void;
}

/** Each record: length and CRC-32 of the body, both unsigned 32-bit little-endian, then the body. */
const headBytes = 8;
/** A length above this is not one of ours. */
const mostBytes = 256 * 1024 * 1024;

/** Opens or makes the spool in a folder; a record that a crash tore at the end is cut off, for it was never acknowledged. */
export function openSpool(folder: string): Spool {
  mkdirSync(folder, { recursive: true });
  const cursorFile = join(folder, "cursor");
  const file = openSync(join(folder, "bodies"), "a+");
  const read = (offset: number): { body: Buffer; next: number } | undefined => readRecord(file, offset);
  let size = 0;
  for (let record = read(0); record; record = read(size)) size = record.next;
  ftruncateSync(file, size);
  let cursor = Math.min(readCursor(cursorFile), size);
  return {
    append(body) {
      const head = Buffer.alloc(headBytes);
      head.writeUInt32LE(body.length, 0);
      head.writeUInt32LE(crc32(body), 4);
      const record = Buffer.concat([head, body]);
      try {
        for (let at = 0; at < record.length;) at += writeSync(file, record, at);
        fdatasyncSync(file);
      } catch (error) {
        ftruncateSync(file, size); // half a record must not stand before the next
        throw error;
      }
      size += record.length;
    },
    read,
    size: () => size,
    cursor: () => cursor,
    moveCursor(offset) {
      cursor = offset;
      try {
        writeFileSync(`${cursorFile}.part`, String(offset));
        renameSync(`${cursorFile}.part`, cursorFile);
      } catch {
        // on a full disk the cursor stays behind; bodies that are sent twice do no harm
      }
    },
    close: () => closeSync(file),
  };
}

function readCursor(file: string): number {
  if (!existsSync(file) || statSync(file).size > 32) return 0;
  const offset = Number(readFileSync(file, "utf8"));
  return Number.isSafeInteger(offset) && offset >= 0 ? offset : 0;
}

function readRecord(file: number, offset: number): { body: Buffer; next: number } | undefined {
  const head = Buffer.alloc(headBytes);
  if (readSync(file, head, 0, headBytes, offset) < headBytes) return undefined;
  const length = head.readUInt32LE(0);
  if (length > mostBytes) return undefined;
  const body = Buffer.alloc(length);
  if (readSync(file, body, 0, length, offset + headBytes) < length || crc32(body) !== head.readUInt32LE(4)) return undefined;
  return { body, next: offset + headBytes + length };
}
