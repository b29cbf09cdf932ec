import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { replaceFile } from "../record.ts";
import { readFrame, type Frame } from "./frame.ts";
import { appendTo, basesIn, beginSegment, endOf, openSegment, removeSegment, sentIn, type Segment } from "./segment.ts";

/** A row of bodies in append-only files: each is on disk before it is acknowledged, and none is read back that was not written whole. */
export type Spool = ReturnType<typeof openSpool>;

/** A file of this length is followed by a new one. */
export const usualSegmentBytes = 16 * 1024 * 1024;

type Segments = [Segment, ...Segment[]];
const lastOf = (segments: Segments): Segment => segments.at(-1) ?? segments[0];
const segmentAt = (segments: Segments, offset: number): Segment => segments.findLast(({ base }) => base <= offset) ?? segments[0];

/** Opens or makes the spool in a folder, changing nothing that is there; throws what the system says when it cannot. */
export function openSpool(folder: string, segmentBytes = usualSegmentBytes) {
  mkdirSync(folder, { recursive: true });
  const [first = 0, ...others] = basesIn(folder);
  const segments: Segments = [openSegment(folder, first), ...others.map((base) => openSegment(folder, base))];
  syncFolders(folder);
  const stored = readCursor(folder);
  const found = foundIn(segments, stored);
  const { base, starts } = segmentAt(segments, stored);
  let cursor = passedIn(segments, base + (starts.findLast((start) => base + start <= stored) ?? 0));
  return {
    /** Writes a body and flushes it to the disk; throws what the system says when it cannot. */
    append: (body: Buffer): void => appendTo(lastOf(segments), body),
    /** Begins a new file where the last one is full, with what was sent so far beside it, as one body: files that were forwarded can go then. */
    roll(sentSoFar: () => Buffer): void {
      const last = lastOf(segments);
      if (last.tornBytes === 0 && last.size < segmentBytes) return;
      try {
        segments.push(beginSegment(folder, endOf(last) + last.tornBytes, sentSoFar()));
        syncFolders(folder);
      } catch {
        // without room the last file goes on
      }
    },
    /** Reads what begins at a byte offset; throws what the system says when it cannot. */
    read: (offset: number): Frame => readIn(segments, passedIn(segments, offset)),
    /** Gives the bodies that tell what was sent: the last values of the files before the last one, then all that is in it. */
    sent: (): Generator<Buffer> => sentIn(lastOf(segments)),
    /** Bytes written, those of files that are gone included. */
    size: (): number => endOf(lastOf(segments)),
    /** Byte offset of the first body that was not forwarded yet. */
    cursor: (): number => cursor,
    moveCursor(offset: number): void {
      cursor = passedIn(segments, offset);
      const done = segments.slice(0, -1).filter((one) => endOf(one) <= cursor && one.damaged.size + one.tornBytes === 0);
      if (!writeCursor(folder, cursor, done.length > 0)) return;
      for (const one of done) {
        segments.splice(segments.indexOf(one), 1);
        removeSegment(folder, one);
      }
    },
    /** Whether a file was gone when it was opened that had not been forwarded. */
    lacksFiles: lacksFiles(segments, stored),
    /** What is wrong with the files, one sentence each. */
    caveats: (): string[] => [...damageIn(segments), ...found].map((words) => `the spool in ${folder} ${words}`),
    close: (): void => segments.forEach(({ file }) => closeSync(file)),
  };
}

/** Passes over what is missing between two files. */
function passedIn(segments: Segments, offset: number): number {
  const at = segmentAt(segments, offset);
  const next = segments[segments.indexOf(at) + 1];
  return next === undefined || offset < endOf(at) ? offset : passedIn(segments, next.base);
}

function readIn(segments: Segments, offset: number): Frame {
  const { base, file, size, damaged } = segmentAt(segments, offset);
  const frame = readFrame(file, offset - base, size);
  if (frame.kind === "damaged") damaged.add(offset - base);
  return "next" in frame ? { ...frame, next: passedIn(segments, frame.next + base) } : frame;
}

/** Words what is wrong with the files as they are opened, apart from damage. */
function foundIn(segments: Segments, stored: number): string[] {
  const last = lastOf(segments);
  const tornBytes = segments.reduce((total, segment) => total + segment.tornBytes, 0);
  const found: [boolean, string][] = [
    [tornBytes > 0, `ends in ${tornBytes} bytes that are no whole push`],
    [stored > endOf(last), "is shorter than what was forwarded from it"],
    [last.before.kind === "torn" || last.before.kind === "damaged", "does not tell any more what was sent at first"],
  ];
  return found.flatMap(([isSo, words]) => (isSo ? words : []));
}

function damageIn(segments: readonly Segment[]): string[] {
  const damaged = segments.reduce((total, segment) => total + segment.damaged.size, 0);
  return damaged > 0 ? [`is damaged: pushes that cannot be read back: ${damaged}`] : [];
}

/** Says whether a file is gone that was not forwarded: the cursor is sure before one is removed. */
function lacksFiles(segments: readonly Segment[], stored: number): boolean {
  const ends = segments.map((segment) => endOf(segment) + segment.tornBytes);
  return segments.some(({ base }, i) => base > stored && base > (ends[i - 1] ?? 0));
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

/** Writes the cursor; `surely` also when the power goes. Tells whether it could: on a full disk it stays behind, and the last body sent twice does no harm. */
function writeCursor(folder: string, offset: number, surely: boolean): boolean {
  try {
    replaceFile(join(folder, "cursor"), String(offset), surely);
    if (surely) syncFolders(folder);
    return true;
  } catch {
    return false;
  }
}

function readCursor(folder: string): number {
  try {
    const text = readFileSync(join(folder, "cursor"), "utf8");
    const offset = text.length > 32 ? 0 : Number(text);
    return Number.isSafeInteger(offset) && offset >= 0 ? offset : 0;
  } catch {
    return 0;
  }
}
