import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readFrame, type Frame } from "./frame.ts";
import { appendTo, basesIn, beginSegment, endOf, openSegment, removeSegment, sentIn, type Segment } from "./segment.ts";

/** A row of bodies in append-only files: each is on disk before it is acknowledged, and none is read back that was not written whole. */
export interface Spool {
  /** Writes a body and flushes it to the disk; throws what the system says when it cannot. */
  append(body: Buffer): void;
  /** Begins a new file where the last one is full, with what was sent so far beside it, as one body: files that were forwarded can go then. */
  roll(sentSoFar: () => Buffer): void;
  /** Reads what begins at a byte offset; throws what the system says when it cannot. */
  read(offset: number): Frame;
  /** Gives the bodies that tell what was sent: the last values of the files before the last one, then all that is in it. */
  sent(): Generator<Buffer>;
  /** Bytes written, those of files that are gone included. */
  size(): number;
  /** Byte offset of the first body that was not forwarded yet. */
  cursor(): number;
  moveCursor(offset: number): void;
  /** Whether a file was gone when it was opened that had not been forwarded. */
  lacksFiles: boolean;
  /** What was found wrong with the files when they were opened, one sentence each. */
  caveats(): string[];
  close(): void;
}

/** A file of this length is followed by a new one. */
export const usualSegmentBytes = 16 * 1024 * 1024;

/** Opens or makes the spool in a folder, changing nothing that is there; throws what the system says when it cannot. */
export function openSpool(folder: string, segmentBytes = usualSegmentBytes): Spool {
  mkdirSync(folder, { recursive: true });
  const [first = 0, ...others] = basesIn(folder);
  let last = openSegment(folder, first);
  const segments = [last, ...others.map((base) => (last = openSegment(folder, base)))];
  syncFolders(folder);
  const stored = readCursor(join(folder, "cursor"));
  const caveats = caveatsOf(folder, segments, last, stored);
  const indexAt = (offset: number): number =>
    Math.max(
      0,
      segments.findLastIndex(({ base }) => base <= offset),
    );
  /** Passes over what is missing between two files. */
  const passed = (offset: number): number => {
    const index = indexAt(offset);
    const [at = last, next] = [segments[index], segments[index + 1]];
    return next === undefined || offset < endOf(at) ? offset : passed(next.base);
  };
  const begin = segments[indexAt(stored)] ?? last;
  let cursor = passed(begin.base + (begin.found.starts.findLast((start) => begin.base + start <= stored) ?? 0));
  return {
    append: (body) => appendTo(last, body),
    roll(sentSoFar) {
      if (last.torn === 0 && (last.unclean || last.size < segmentBytes)) return;
      try {
        segments.push((last = beginSegment(folder, endOf(last) + last.torn, sentSoFar())));
        syncFolders(folder);
      } catch {
        // without room the last file goes on
      }
    },
    read(offset) {
      const from = passed(offset);
      const { base, file, size, found } = segments[indexAt(from)] ?? last;
      const frame = readFrame(file, from - base, size);
      if (frame.kind === "damaged") found.damaged += 1;
      return "next" in frame ? { ...frame, next: passed(frame.next + base) } : frame;
    },
    sent: () => sentIn(last),
    size: () => endOf(last),
    cursor: () => cursor,
    moveCursor(offset) {
      cursor = passed(offset);
      const done = segments.filter((one) => one !== last && endOf(one) <= cursor && one.found.damaged + one.found.tornBytes === 0);
      if (!writeCursor(folder, cursor, done.length > 0)) return;
      for (const one of done) {
        segments.splice(segments.indexOf(one), 1);
        removeSegment(folder, one);
      }
    },
    lacksFiles: lacksFiles(segments, stored),
    caveats: () => caveats,
    close: () => segments.forEach(({ file }) => closeSync(file)),
  };
}

function caveatsOf(folder: string, segments: readonly Segment[], last: Segment, stored: number): string[] {
  const sum = (what: "damaged" | "tornBytes"): number => segments.reduce((total, { found }) => total + found[what], 0);
  const [damaged, tornBytes] = [sum("damaged"), sum("tornBytes")];
  const isFinished = last.before.kind === "body" || last.before.kind === "end";
  return [
    ...(damaged > 0 ? [`the spool in ${folder} is damaged: pushes that cannot be read back: ${damaged}`] : []),
    ...(tornBytes > 0 ? [`the spool in ${folder} ends in ${tornBytes} bytes that are no whole push`] : []),
    ...(stored > endOf(last) ? [`the spool in ${folder} is shorter than what was forwarded from it`] : []),
    ...(isFinished ? [] : [`the spool in ${folder} does not tell any more what was sent at first`]),
  ];
}

/** Says whether a file is gone that was not forwarded: the cursor is sure before one is removed. */
function lacksFiles(segments: readonly Segment[], stored: number): boolean {
  const ends = segments.map(({ base, found }) => base + found.size + found.tornBytes);
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
  const file = join(folder, "cursor");
  try {
    writeFileSync(`${file}.part`, String(offset), { flush: surely });
    renameSync(`${file}.part`, file);
    if (surely) syncFolders(folder);
    return true;
  } catch {
    return false;
  }
}

function readCursor(file: string): number {
  try {
    const text = readFileSync(file, "utf8");
    const offset = text.length > 32 ? 0 : Number(text);
    return Number.isSafeInteger(offset) && offset >= 0 ? offset : 0;
  } catch {
    return 0;
  }
}
