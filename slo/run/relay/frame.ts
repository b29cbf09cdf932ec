import { fstatSync, readSync } from "node:fs";
import { crc32 } from "node:zlib";

/** What stands at a byte offset of a spool's file. */
export type Frame =
  | { kind: "body"; body: Buffer; next: number }
  | { kind: "end" }
  /** Other bytes than were written; the length may still say where the next record begins. */
  | { kind: "damaged"; next: number }
  /** No whole record. */
  | { kind: "torn" };

/** What a file holds: how far its records go, where each begins, and what is behind the last whole one. */
export interface Survey {
  size: number;
  /** In order; the last is the end. */
  starts: number[];
  /** Where a damaged record begins. */
  damaged: Set<number>;
  tornBytes: number;
}

/** Each record: length and CRC-32 of the body, both unsigned 32-bit little-endian, then the body. */
const headBytes = 8;
/** A length above this is not one of ours. */
const mostBytes = 256 * 1024 * 1024;

/** Makes the record of a body; a body has at least one byte, so a run of zeros is never a record. */
export function frameOf(body: Buffer): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt32LE(body.length, 0);
  head.writeUInt32LE(crc32(body), 4);
  return Buffer.concat([head, body]);
}

/** Reads what stands at `offset` of a file whose records end at `size`; throws what the system says when it cannot be read. */
export function readFrame(file: number, offset: number, size: number): Frame {
  if (offset >= size) return { kind: "end" };
  const head = Buffer.alloc(headBytes);
  if (readSync(file, head, 0, headBytes, offset) < headBytes) return { kind: "torn" };
  const length = head.readUInt32LE(0);
  const next = offset + headBytes + length;
  if (length === 0 || length > mostBytes || next > size) return { kind: "torn" };
  const body = Buffer.alloc(length);
  if (readSync(file, body, 0, length, offset + headBytes) < length) return { kind: "torn" };
  return crc32(body) === head.readUInt32LE(4) ? { kind: "body", body, next } : { kind: "damaged", next };
}

/** Walks through the records of a file up to `size`, or to where there is no whole one. */
export function* framesIn(file: number, size: number): Generator<Extract<Frame, { next: number }>> {
  for (let offset = 0; ;) {
    const frame = readFrame(file, offset, size);
    if (frame.kind === "end" || frame.kind === "torn") return;
    yield frame;
    offset = frame.next;
  }
}

/** Looks a file through; a damaged record counts as one only when a whole one follows, else it belongs to the torn end. */
export function survey(file: number): Survey {
  const bytes = fstatSync(file).size;
  const [starts, damaged] = [[0], new Set<number>()];
  let [whole, size] = [1, 0];
  for (const { kind, next } of framesIn(file, bytes)) {
    starts.push(next);
    if (kind === "damaged") continue;
    for (const start of starts.slice(whole - 1, -2)) damaged.add(start);
    [whole, size] = [starts.length, next];
  }
  return { size, starts: starts.slice(0, whole), damaged, tornBytes: bytes - size };
}
