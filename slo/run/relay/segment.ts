import { closeSync, constants, existsSync, fdatasyncSync, fstatSync, ftruncateSync, openSync } from "node:fs";
import { readdirSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { frameOf, framesIn, readFrame, survey, type Frame, type Survey } from "./frame.ts";

/**
 * One file of a spool; its name says how many bytes came before it. Its torn bytes may be evidence, so the next file begins behind them;
 * where it cannot, they go before the next record is written, as does what a write that failed left behind.
 */
export interface Segment extends Survey {
  base: number;
  file: number;
  /** What had been sent before it, as one body; "end" where nothing had. */
  before: Frame;
}

const name = /^bodies(?:\.(\d+))?$/;
const bodiesFile = (folder: string, base: number): string => join(folder, base === 0 ? "bodies" : `bodies.${base}`);
const sentFile = (folder: string, base: number): string => join(folder, `sent.${base}`);

/** Gives where a segment's records end. */
export const endOf = ({ base, size }: Segment): number => base + size;

/** Lists where the segments in a folder begin. */
export function basesIn(folder: string): number[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.flatMap((one) => (name.test(one) ? Number(name.exec(one)?.[1] ?? 0) : [])).toSorted((a, b) => a - b);
}

/** Opens or makes a segment, changing nothing that is there. */
export function openSegment(folder: string, base: number): Segment {
  const file = openSync(bodiesFile(folder, base), constants.O_RDWR | constants.O_CREAT);
  return { ...survey(file), base, file, before: base === 0 ? { kind: "end" } : readSent(sentFile(folder, base)) };
}

/** Makes a segment; what was sent before it is on the disk first. */
export function beginSegment(folder: string, base: number, sentSoFar: Buffer): Segment {
  writeFileSync(sentFile(folder, base), frameOf(sentSoFar), { flush: true });
  return openSegment(folder, base);
}

/** Writes a body behind the others and flushes it to the disk; throws what the system says when it cannot. */
export function appendTo(segment: Segment, body: Buffer): void {
  const { file, size } = segment;
  ftruncateSync(file, size);
  segment.tornBytes = 0;
  const record = frameOf(body);
  try {
    for (let at = 0; at < record.length;) at += writeSync(file, record, at, record.length - at, size + at);
    fdatasyncSync(file);
  } catch (error) {
    ftruncateSync(file, size); // gives the space back
    throw error;
  }
  segment.size += record.length;
}

/** Gives the bodies that tell what was sent up to a segment's end: the last values before it, then all that is in it. */
export function* sentIn({ file, size, before }: Segment): Generator<Buffer> {
  if (before.kind === "body") yield before.body;
  for (const frame of framesIn(file, size)) if (frame.kind === "body") yield frame.body;
}

/** Removes a segment and what stands beside it; one that cannot be removed stays, and does no harm behind the cursor. */
export function removeSegment(folder: string, { base, file }: Segment): void {
  closeSync(file);
  try {
    rmSync(bodiesFile(folder, base), { force: true });
    rmSync(sentFile(folder, base), { force: true });
  } catch {
    // it is behind the cursor
  }
}

function readSent(path: string): Frame {
  if (!existsSync(path)) return { kind: "torn" };
  const file = openSync(path, "r");
  try {
    return readFrame(file, 0, fstatSync(file).size);
  } finally {
    closeSync(file);
  }
}
