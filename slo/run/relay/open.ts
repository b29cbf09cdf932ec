import { errorMessage } from "../../host/error-message.ts";
import { takeLock } from "../lock.ts";
import { readBody } from "./body.ts";
import { startForwarder, type Forwarder } from "./forward.ts";
import { openLosses, type Losses } from "./losses.ts";
import type { Receiver } from "./receiver.ts";
import { pauseMillis } from "./retry.ts";
import { openBook, type SentBook } from "./sent.ts";
import { openSpool, usualSegmentBytes, type Spool } from "./spool.ts";
import { openWriter } from "./write.ts";

/** Where a relay keeps its spool and hands it on to, and who hears of trouble. */
export interface RelayPlace {
  folder: string;
  receiver: Receiver;
  say: (line: string) => void;
}

/** What a relay reaches the world by. */
export interface RelayPorts {
  openWriter: typeof openWriter;
  pauseMillis: typeof pauseMillis;
  segmentBytes: number;
}

/** What a relay and the resumption of one have in common: a spool that is being forwarded. */
export interface Opened {
  kind: "open";
  spool: Spool;
  losses: Losses;
  /** What was sent, read from the spool. */
  book: SentBook;
  forwarder: Forwarder;
  /** Why what was sent may not be all, or not all of it was taken; one sentence each. */
  doubts(): string[];
  close(): Promise<void>;
}

const filesGone = "files of the spool are gone that were not forwarded";
const usualPorts: RelayPorts = { openWriter, pauseMillis, segmentBytes: usualSegmentBytes };

/** Opens a spool's folder for this process alone, and forwards it. A failure names the folder, or what is wrong with the receiver. */
export function openRelay({ folder, receiver, say }: RelayPlace, ports = usualPorts): Opened | { kind: "failed"; message: string } {
  const way = ports.openWriter(receiver);
  if (way.kind === "failed") return way;
  const closing: (() => void)[] = [way.writer.close];
  const closeAll = (): void =>
    closing
      .splice(0)
      .toReversed()
      .forEach((close) => close());
  try {
    const lock = takeLock(folder, "");
    if (lock.kind !== "held") {
      closeAll();
      const why =
        lock.kind === "taken" ? `is in use by process ${lock.pid}: wait for its end, or stop it` : `cannot be written: ${lock.message}`;
      return { kind: "failed", message: `the spool in ${folder} ${why}` };
    }
    closing.push(lock.release);
    const spool = openSpool(folder, ports.segmentBytes);
    closing.push(spool.close);
    const losses = openLosses(folder);
    closing.push(losses.close);
    if (spool.lacksFiles && !losses.doubts().some((doubt) => doubt.endsWith(filesGone))) losses.add("lost", filesGone);
    const book = openBook();
    for (const body of spool.sent()) {
      const read = readBody(body);
      if (read.kind === "body") book.take(read.series);
    }
    const forwarder = startForwarder({ spool, writer: way.writer, losses, say, pauseMillis: ports.pauseMillis });
    const close = (): Promise<void> => forwarder.stop().then(closeAll);
    const doubts = (): string[] => [...book.doubts(), ...spool.doubts(), ...losses.doubts()];
    return { kind: "open", spool, losses, book, forwarder, doubts, close };
  } catch (error) {
    closeAll();
    return { kind: "failed", message: `the spool in ${folder} cannot be written: ${errorMessage(error)}` };
  }
}
