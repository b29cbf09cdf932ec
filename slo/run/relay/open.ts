import { takeLock } from "../lock.ts";
import { openLosses, type Losses } from "./losses.ts";
import type { Receiver } from "./receiver.ts";
import { openSpool, type Spool } from "./spool.ts";
import { wordsOf } from "./words.ts";
import { openWriter, type Writer } from "./write.ts";

/** Is what a relay and the resumption of one have in common. */
export interface Opened {
  kind: "open";
  spool: Spool;
  losses: Losses;
  writer: Writer;
  close(): void;
}

/** Opens a spool's folder for this process alone, and the way to the receiver. A failure names the folder, or what is wrong with the receiver. */
export function openRelay(folder: string, receiver: Receiver): Opened | { kind: "failed"; message: string } {
  const way = openWriter(receiver);
  if (way.kind === "failed") return way;
  const closing: (() => void)[] = [way.writer.close];
  const close = (): void =>
    closing
      .splice(0)
      .toReversed()
      .forEach((done) => done());
  try {
    const lock = takeLock(folder, "");
    if (lock.kind !== "held") {
      close();
      const why =
        lock.kind === "taken" ? `is in use by process ${lock.pid}: wait for its end, or stop it` : `cannot be written: ${lock.message}`;
      return { kind: "failed", message: `the spool in ${folder} ${why}` };
    }
    closing.push(lock.release);
    const spool = openSpool(folder);
    closing.push(spool.close);
    const losses = openLosses(folder);
    closing.push(losses.close);
    return { kind: "open", spool, losses, writer: way.writer, close };
  } catch (error) {
    close();
    return { kind: "failed", message: `the spool in ${folder} cannot be written: ${wordsOf(error)}` };
  }
}
