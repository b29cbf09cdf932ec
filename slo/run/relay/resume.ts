import { existsSync } from "node:fs";
import { join } from "node:path";
import { readBody } from "./body.ts";
import { startForwarder } from "./forward.ts";
import { openRelay } from "./open.ts";
import type { Receiver } from "./receiver.ts";
import { openBook, type SentBook, type SentSeries } from "./sent.ts";
import type { Spool } from "./spool.ts";
import { wordsOf } from "./words.ts";

/** Ends a resumed forwarding. */
export type Resumed =
  | { kind: "flushed"; sent: SentSeries; doubts: string[] }
  | { kind: "pending"; bytes: number; reason: string }
  | { kind: "failed"; message: string };

/** Forwards what an earlier run left in its spool, and reads the whole spool again for what was sent. */
export async function resumeRelay(options: {
  folder: string;
  receiver: Receiver;
  say: (line: string) => void;
  limitSeconds: number;
}): Promise<Resumed> {
  if (!existsSync(join(options.folder, "bodies"))) return { kind: "failed", message: `the run has no spool in ${options.folder}` };
  const opened = openRelay(options.folder, options.receiver);
  if (opened.kind === "failed") return opened;
  const { spool, losses, writer } = opened;
  let book: SentBook;
  try {
    book = readAll(spool);
  } catch (error) {
    opened.close();
    return { kind: "failed", message: `the spool in ${options.folder} cannot be read: ${wordsOf(error)}` };
  }
  const forwarder = startForwarder(spool, writer, losses, options.say);
  try {
    const flushed = await forwarder.flushed(options.limitSeconds);
    if (flushed.kind === "pending") return flushed;
    return { kind: "flushed", sent: book, doubts: [...book.doubts(), ...spool.doubts(), ...losses.doubts()] };
  } finally {
    await forwarder.stop();
    opened.close();
  }
}

/** Reads all bodies, those that were forwarded too; damaged ones are left out, and the spool's doubts tell of them. */
function readAll(spool: Spool): SentBook {
  const book = openBook();
  for (let offset = 0; ;) {
    const frame = spool.read(offset);
    if (frame.kind === "end" || frame.kind === "torn") return book;
    const read = frame.kind === "body" ? readBody(frame.body) : undefined;
    if (read?.kind === "body") book.take(read.series);
    offset = frame.next;
  }
}
