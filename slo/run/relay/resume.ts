import { existsSync } from "node:fs";
import { join } from "node:path";
import { readBody } from "./body.ts";
import { startForwarder } from "./forward.ts";
import { refusals } from "./relay.ts";
import { openBook, type SentSeries } from "./sent.ts";
import { openSpool, type Spool } from "./spool.ts";
import { openWriter, type Receiver } from "./write.ts";

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
  let spool: Spool;
  try {
    spool = openSpool(options.folder);
  } catch (error) {
    return {
      kind: "failed",
      message: `the spool in ${options.folder} cannot be opened: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
  const book = openBook();
  for (let record = spool.read(0); record; record = spool.read(record.next)) {
    const read = readBody(record.body);
    if (read.kind === "body") book.take(read.series);
  }
  const forwarder = startForwarder(spool, openWriter(options.receiver), options.say);
  try {
    if (await forwarder.flushed(options.limitSeconds))
      return { kind: "flushed", sent: book, doubts: [...book.doubts(), ...refusals(forwarder.state())] };
    return {
      kind: "pending",
      bytes: spool.size() - spool.cursor(),
      reason: forwarder.state().lastReason ?? "Prometheus has not answered yet",
    };
  } finally {
    await forwarder.stop();
    spool.close();
  }
}
