import { readBody } from "./body.ts";
import { startForwarder, type Forwarded, type Forwarder } from "./forward.ts";
import { startIntake, type Reply } from "./intake.ts";
import type { Latency } from "./latency.ts";
import { openRelay, type Opened } from "./open.ts";
import type { Receiver } from "./receiver.ts";
import { openBook, type SentBook } from "./sent.ts";
import { wordsOf } from "./words.ts";

/** Is what a relay needs. */
export interface RelayOptions {
  /** Folder of the spool; it is kept when the relay closes. */
  folder: string;
  receiver: Receiver;
  say: (line: string) => void;
  /** Most bytes on disk; what comes after is refused, and that is a doubt. */
  limitBytes?: number;
}

/** Takes what k6 pushes, keeps it on disk, and hands it on to Prometheus. */
export interface Relay {
  /** For K6_PROMETHEUS_RW_SERVER_URL. */
  url: string;
  counts(): Forwarded & { received: number; samples: number; spooledBytes: number };
  sent(): Pick<SentBook, "sumOf" | "valuesOf" | "all">;
  lastLatency(): Latency | undefined;
  /** Why what was sent may not be all, or not all of it was taken; one sentence each. */
  doubts(): string[];
  flushed: Forwarder["flushed"];
  close(): Promise<void>;
}

const defaultLimitBytes = 1024 * 1024 * 1024;

/** Starts a relay on a loopback port; a folder that cannot be written, or is another process's, is a failure that names it. */
export async function startRelay(options: RelayOptions): Promise<{ kind: "started"; relay: Relay } | { kind: "failed"; message: string }> {
  const opened = openRelay(options.folder, options.receiver);
  if (opened.kind === "failed") return opened;
  const { spool, losses, writer } = opened;
  const book = openBook();
  const forwarder = startForwarder(spool, writer, losses, options.say);
  const counts = { received: 0, samples: 0 };
  const intake = await startIntake(
    (body) => take(body, options, { opened, book, forwarder, counts }),
    (reason) => lose(`not a push that the relay can read: ${reason}`, opened, options.say),
  );
  if (intake.kind === "failed") {
    await forwarder.stop();
    opened.close();
    return intake;
  }
  const relay: Relay = {
    url: intake.url,
    counts: () => ({ ...forwarder.state(), ...counts, spooledBytes: spool.size() }),
    sent: () => book,
    lastLatency: book.lastLatency,
    doubts: () => [...book.doubts(), ...spool.doubts(), ...losses.doubts(), ...damageDoubts(forwarder.state())],
    flushed: forwarder.flushed,
    async close() {
      await intake.close();
      await forwarder.stop();
      opened.close();
    },
  };
  return { kind: "started", relay };
}

function damageDoubts({ damaged }: Forwarded): string[] {
  return damaged > 0 ? [`pushes that could not be read back from the spool: ${damaged}`] : [];
}

/** Notes a push that is lost, and says so the first time that this reason comes. */
function lose(reason: string, { losses }: Opened, say: (line: string) => void): void {
  if (losses.add("lost", reason) === 1) say(reason);
}

interface Parts {
  opened: Opened;
  book: SentBook;
  forwarder: Forwarder;
  counts: { received: number; samples: number };
}

/** Takes one body: read, on disk, booked; only then may it be acknowledged. */
function take(body: Buffer, { folder, limitBytes = defaultLimitBytes, say }: RelayOptions, parts: Parts): Reply {
  const { opened, book, forwarder, counts } = parts;
  const read = readBody(body);
  if (read.kind === "malformed") {
    lose(`not a push that the relay can read: ${read.reason}`, opened, say);
    return { status: 400, text: `not a remote-write 1.0 body: ${read.reason}\n` };
  }
  if (opened.spool.size() + body.length > limitBytes) {
    lose(`the spool in ${folder} has reached its limit of ${limitBytes} bytes`, opened, say);
    return { status: 507, text: "the spool has reached its limit\n" };
  }
  try {
    opened.spool.append(body);
  } catch (error) {
    lose(`the spool in ${folder} cannot be written: ${wordsOf(error)}`, opened, say);
    return { status: 503, text: "the spool cannot be written\n" };
  }
  book.take(read.series);
  counts.received += 1;
  counts.samples += read.samples;
  forwarder.wake();
  return { status: 204, text: "" };
}
