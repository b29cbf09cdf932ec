import { errorMessage } from "../../host/error-message.ts";
import { encodeWrite, readBody } from "./body.ts";
import type { Forwarded, Forwarder } from "./forwarder.ts";
import { startIntake, type Reply } from "./intake.ts";
import type { Latency } from "./latency.ts";
import { openRelay, type RelayPlace, type RelayPorts } from "./open.ts";
import type { SentTotals } from "./sent-totals.ts";

/** What a relay needs; its folder is kept when it closes. */
export interface RelayOptions extends RelayPlace {
  /** Most bytes that may wait to be forwarded; what comes after is refused, and that is a caveat. */
  limitBytes?: number;
}

/** Takes what k6 pushes, keeps it on disk, and hands it on to Prometheus. */
export interface Relay {
  /** For K6_PROMETHEUS_RW_SERVER_URL. */
  url: string;
  counts(): Forwarded & { received: number; samples: number; spooledBytes: number };
  sent(): Pick<SentTotals, "sumOf" | "valuesOf" | "all">;
  lastLatency(): Latency | undefined;
  /** Why what was sent may not be all, or not all of it was taken; one sentence each. */
  caveats(): string[];
  flushed: Forwarder["flushed"];
  close(): Promise<void>;
}

/** What may wait to be forwarded, where nothing else is said. */
export const usualLimitBytes = 1024 * 1024 * 1024;

/** Starts a relay on a loopback port; a folder that cannot be written, or is another process's, is a failure that names it. */
export async function startRelay(
  { limitBytes = usualLimitBytes, ...place }: RelayOptions,
  ports?: RelayPorts,
): Promise<{ kind: "started"; relay: Relay } | { kind: "failed"; message: string }> {
  const opened = openRelay(place, ports);
  if (opened.kind === "failed") return opened;
  const { spool, rejected, totals, forwarder } = opened;
  const counts = { received: 0, samples: 0 };
  /** Notes a push that is lost, and says so the first time that this reason comes. */
  const lose = (reason: string): void => {
    if (rejected.add("lost", reason) === 1) place.say(reason);
  };
  const loseUnread = (reason: string): void => lose(`not a push that the relay can read: ${reason}`);
  /** Takes one body: read, on disk, counted; only then may it be acknowledged. */
  const take = (body: Buffer): Reply => {
    const read = readBody(body);
    if (read.kind === "malformed") {
      loseUnread(read.reason);
      return { status: 400, text: `not a remote-write 1.0 body: ${read.reason}\n` };
    }
    if (spool.size() - spool.cursor() + body.length > limitBytes) {
      lose(`the samples that wait in ${place.folder} have reached their limit of ${limitBytes} bytes`);
      return { status: 507, text: "the spool has reached its limit\n" };
    }
    try {
      // What the totals has against the pushes is known from the files alone: then they stay.
      if (totals.caveats().length === 0) spool.roll(() => encodeWrite(totals.series()));
      spool.append(body);
    } catch (error) {
      lose(`the spool in ${place.folder} cannot be written: ${errorMessage(error)}`);
      return { status: 503, text: "the spool cannot be written\n" };
    }
    totals.take(read.series);
    counts.received += 1;
    counts.samples += read.samples;
    forwarder.wake();
    return { status: 204, text: "" };
  };
  const intake = await startIntake(take, loseUnread);
  if (intake.kind === "failed") {
    await opened.close();
    return intake;
  }
  const relay: Relay = {
    url: intake.url,
    counts: () => ({ ...forwarder.state(), ...counts, spooledBytes: spool.size() }),
    sent: () => totals,
    lastLatency: totals.lastLatency,
    caveats: () => [...opened.caveats(), ...damageCaveats(forwarder.state())],
    flushed: forwarder.flushed,
    close: () => intake.close().then(opened.close),
  };
  return { kind: "started", relay };
}

function damageCaveats({ damaged }: Forwarded): string[] {
  return damaged > 0 ? [`pushes that could not be read back from the spool: ${damaged}`] : [];
}
