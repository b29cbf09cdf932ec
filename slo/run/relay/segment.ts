import { closeSync, constants, existsSync, openSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { survey, type Survey } from "./frame.ts";

/** One file of a spool; its name says how many bytes came before it. */
export interface Segment {
  base: number;
  file: number;
  /** Bytes of its records. */
  size: number;
  found: Survey;
  /** Has bytes that cannot be read back: it stays, for it is evidence. */
  damaged: boolean;
}

const name = /^bodies(?:\.(\d+))?$/;

/** Names the file of last values that stands beside a segment: what had been sent before it. */
export const sentFile = (folder: string, base: number): string => join(folder, `sent.${base}`);
const bodiesFile = (folder: string, base: number): string => join(folder, base === 0 ? "bodies" : `bodies.${base}`);

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
  const found = survey(file);
  return { base, file, size: found.size, found, damaged: found.damaged > 0 || found.tornBytes > 0 };
}

/** Removes a segment and what stands beside it; one that cannot be removed stays, and does no harm. */
export function removeSegment(folder: string, { base, file }: Segment): void {
  closeSync(file);
  try {
    rmSync(bodiesFile(folder, base), { force: true });
    rmSync(sentFile(folder, base), { force: true });
  } catch {
    // the cursor is behind it
  }
}
