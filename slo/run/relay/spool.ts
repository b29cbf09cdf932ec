import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { frameOf, readFrame, type Frame } from "./frame.ts";
import { basesIn, endOf, openSegment, removeSegment, sentFile, type Segment } from "./segment.ts";

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
  doubts(): string[];
  close(): void;
}

/** A file of this length is followed by a new one. */
export const usualSegmentBytes = 16 * 1024 * 1024;

/** Opens or makes the spool in a folder, changing nothing that is there; throws what the system says when it cannot. */
export function openSpool(folder: string, segmentBytes = usualSegmentBytes): Spool {
  mkdirSync(folder, { recursive: true });
  const bases = basesIn(folder);
  const segments = (bases.length > 0 ? bases : [0]).map((base) => openSegment(folder, base));
  syncFolders(folder);
  const stored = readCursor(join(folder, "cursor"));
  const doubts = doubtsOf(folder, segments, stored);
  let last = segments.at(-1) as Segment;
  /** Bytes behind the last whole record. They may be evidence, so the next file begins behind them; where it cannot, they go before the next record is written. */
  let torn = last.found.tornBytes;
  let unclean = torn > 0;
  const segmentAt = (offset: number): Segment => segments.findLast(({ base }) => base <= offset) ?? (segments[0] as Segment);
  /** Passes over what is missing between two files. */
  const passed = (offset: number): number => {
    const at = segmentAt(offset);
    return offset < endOf(at) || at === last ? offset : passed((segments[segments.indexOf(at) + 1] as Segment).base);
  };
  const begin = segmentAt(stored);
  let cursor = passed(begin.base + (begin.found.starts.findLast((start) => begin.base + start <= stored) ?? 0));
  return {
    append(body) {
      const { file } = last;
      if (unclean) ftruncateSync(file, last.size);
      unclean = true;
      torn = 0;
      const record = frameOf(body);
      try {
        for (let at = 0; at < record.length;) at += writeSync(file, record, at, record.length - at, last.size + at);
        fdatasyncSync(file);
      } catch (error) {
        ftruncateSync(file, last.size); // gives the space back; should this fail too, the next append begins with it
        unclean = false;
        throw error;
      }
      unclean = false;
      last.size += record.length;
    },
    roll(sentSoFar) {
      if (torn === 0 && (unclean || last.size < segmentBytes)) return;
      const base = endOf(last) + torn;
      try {
        writeFileSync(sentFile(folder, base), frameOf(sentSoFar()), { flush: true });
        segments.push((last = openSegment(folder, base)));
        syncFolders(folder);
        torn = 0;
        unclean = false;
      } catch {
        // without room the last file goes on
      }
    },
    read(offset) {
      const from = passed(offset);
      const at = segmentAt(from);
      const frame = readFrame(at.file, from - at.base, at.size);
      if (frame.kind === "damaged") at.damaged = true;
      return "next" in frame ? { ...frame, next: passed(frame.next + at.base) } : frame;
    },
    *sent() {
      const before = readSent(folder, last.base);
      if (before.kind === "body") yield before.body;
      for (let offset = 0; ;) {
        const frame = readFrame(last.file, offset, last.size);
        if (frame.kind === "end" || frame.kind === "torn") return;
        if (frame.kind === "body") yield frame.body;
        offset = frame.next;
      }
    },
    size: () => endOf(last),
    cursor: () => cursor,
    moveCursor(offset) {
      cursor = passed(offset);
      const done = segments.filter((one) => one !== last && endOf(one) <= cursor && !one.damaged);
      if (!writeCursor(folder, cursor, done.length > 0)) return;
      for (const one of done) {
        segments.splice(segments.indexOf(one), 1);
        removeSegment(folder, one);
      }
    },
    lacksFiles: lacksFiles(segments, stored),
    doubts: () => doubts,
    close: () => segments.forEach(({ file }) => closeSync(file)),
  };
}

function doubtsOf(folder: string, segments: readonly Segment[], stored: number): string[] {
  const sum = (what: "damaged" | "tornBytes"): number => segments.reduce((total, { found }) => total + found[what], 0);
  const [damaged, tornBytes] = [sum("damaged"), sum("tornBytes")];
  const last = segments.at(-1) ?? noSegment;
  const told = last.base === 0 || readSent(folder, last.base).kind === "body";
  return [
    ...(damaged > 0 ? [`the spool in ${folder} is damaged: pushes that cannot be read back: ${damaged}`] : []),
    ...(tornBytes > 0 ? [`the spool in ${folder} ends in ${tornBytes} bytes that are no whole push`] : []),
    ...(stored > endOf(last) ? [`the spool in ${folder} is shorter than what was forwarded from it`] : []),
    ...(told ? [] : [`the spool in ${folder} does not tell any more what was sent at first`]),
  ];
}

/** Says whether a file is gone that was not forwarded: the cursor is sure before one is removed. */
function lacksFiles(segments: readonly Segment[], stored: number): boolean {
  return segments.some(({ base }, i) => {
    const { found, ...before } = segments[i - 1] ?? noSegment;
    return base > stored && base > before.base + found.size + found.tornBytes;
  });
}

const noSegment: Segment = { base: 0, file: -1, size: 0, found: { size: 0, starts: [0], damaged: 0, tornBytes: 0 }, damaged: false };

function readSent(folder: string, base: number): Frame {
  try {
    const file = openSync(sentFile(folder, base), "r");
    try {
      return readFrame(file, 0, fstatSync(file).size);
    } finally {
      closeSync(file);
    }
  } catch {
    return { kind: "torn" };
  }
}

/** Flushes the names of new files: a file whose name is lost with the power is lost whole. */
function syncFolders(folder: string): void {
  for (const place of [folder, dirname(folder)]) {
    try {
      const handle = openSync(place, constants.O_RDONLY);
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
