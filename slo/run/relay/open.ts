import { errorMessage } from "../../host/error-message.ts";
import { takeLock } from "../lock.ts";
import { readBody } from "./body.ts";
import { startForwarder } from "./forwarder.ts";
import { openRejected } from "./rejected.ts";
import type { Destination } from "./destination.ts";
import { pauseMillis } from "./retry.ts";
import { openSentTotals, type SentTotals } from "./sent-totals.ts";
import { openSpool, usualKept, type Spool } from "./spool.ts";
import { openWriter } from "./write.ts";

/** Where a relay keeps its spool and hands it on to, and who learns of trouble. */
export interface RelayPlace {
  folder: string;
  destination: Destination;
  say: (line: string) => void;
}

/** What a relay reaches the world by. */
export interface RelayPorts {
  openWriter: typeof openWriter;
  pauseMillis: typeof pauseMillis;
  /** How many pushes are kept besides those that wait. */
  kept: number;
}

/** What a relay and the resumption of one have in common: a spool that is being forwarded, and what was sent, read from it. */
export type Opened = Extract<ReturnType<typeof openRelay>, { kind: "open" }>;

const filesGone = "pushes are gone from the spool that were not forwarded";
const usualPorts: RelayPorts = { openWriter, pauseMillis, kept: usualKept };

/** Opens a spool's folder for this process alone, and forwards it. A failure names the folder, or what is wrong with the destination. */
export function openRelay({ folder, destination, say }: RelayPlace, ports = usualPorts) {
  const way = ports.openWriter(destination);
  if (way.kind === "failed") return way;
  const open = new DisposableStack();
  open.defer(way.writer.close);
  const failed = (why: string) => {
    open.dispose();
    return { kind: "failed" as const, message: `the spool in ${folder} ${why}` };
  };
  try {
    const lock = takeLock(folder, "");
    if (lock.kind === "taken") return failed(`is in use by process ${lock.pid}: wait for its end, or stop it`);
    if (lock.kind === "failed") return failed(`cannot be written: ${lock.message}`);
    open.defer(lock.release);
    const spool = openSpool(folder, ports.kept);
    const rejected = openRejected(folder);
    open.defer(rejected.close);
    if (spool.lacksPushes && !rejected.caveats().some((caveat) => caveat.endsWith(filesGone))) rejected.add("lost", filesGone);
    const totals = totalsIn(spool);
    const forwarder = startForwarder({ spool, writer: way.writer, rejected, say, pauseMillis: ports.pauseMillis });
    /** Says why what was sent may not be all, or not all of it was taken; one sentence each. */
    const caveats = (): string[] => [...totals.caveats(), ...spool.caveats(), ...rejected.caveats()];
    return { kind: "open" as const, spool, rejected, totals, forwarder, caveats, close: () => forwarder.stop().then(() => open.dispose()) };
  } catch (error) {
    return failed(`cannot be written: ${errorMessage(error)}`);
  }
}

function totalsIn(spool: Spool): SentTotals {
  const totals = openSentTotals();
  for (const body of spool.sent()) {
    const read = readBody(body);
    if (read.kind === "body") totals.take(read.series);
  }
  return totals;
}
