import { existsSync } from "node:fs";
import { join } from "node:path";
import { errorMessage } from "../../host/error-message.ts";
import { encodeWrite, readBody, type PushedSeries } from "./body.ts";
import { startIntake, type Reply } from "./intake.ts";
import { marksOf } from "./marks.ts";
import { openRelay, type Opened, type RelayPlace, type RelayPorts } from "./open.ts";
import type { SentCounts, SentTotals } from "./sent-totals.ts";

/** What a relay needs; its folder is kept when it closes. */
export interface RelayOptions extends RelayPlace {
  /** Most bytes that may wait to be forwarded; what comes after is refused, and that is a caveat. */
  limitBytes?: number;
  /** Whether the counts of each push are noted in Prometheus, with its time. */
  marks?: boolean;
}

/** What takes k6's pushes, keeps them on disk, and hands them on to Prometheus. */
export type Relay = Extract<Awaited<ReturnType<typeof startRelay>>, { kind: "started" }>["relay"];

/** What may wait to be forwarded, where nothing else is said. */
export const usualLimitBytes = 1024 * 1024 * 1024;

/** Starts a relay on a loopback port; a folder that cannot be written, or is another process's, is a failure that names it. */
export async function startRelay({ limitBytes = usualLimitBytes, marks = false, ...place }: RelayOptions, ports?: RelayPorts) {
  const opened = openRelay(place, ports);
  if (opened.kind === "failed") return opened;
  const { totals, forwarder } = opened;
  let markedMillis = 0;
  const taker = takerOf(opened, place, limitBytes, (series) => {
    if (marks) markedMillis = noteMarks(opened, series, markedMillis);
    forwarder.wake();
  });
  const intake = await startIntake(taker);
  if (intake.kind === "failed") {
    await opened.close();
    return intake;
  }
  const relay = {
    /** For K6_PROMETHEUS_RW_SERVER_URL. */
    url: intake.url,
    sent: (): Pick<SentTotals, "sumOf" | "valuesOf" | "all"> => totals,
    /** Why what was sent may not be all, or not all of it was taken; one sentence each. */
    caveats: opened.caveats,
    flushed: forwarder.flushed,
    close: (): Promise<void> => intake.close().then(opened.close),
  };
  return { kind: "started" as const, relay };
}

/** Appends the marks of a push, and gives the time of the last ones; where there is no room for them their second is uncertain. */
function noteMarks({ spool, totals }: Opened, series: readonly PushedSeries[], afterMillis: number): number {
  const marks = marksOf(series, totals, afterMillis);
  const [first] = marks;
  if (first === undefined) return afterMillis;
  try {
    spool.append(encodeWrite(marks));
    return first.atMillis;
  } catch {
    return afterMillis; // a full disk is told of the next push
  }
}

/** Makes what takes a push: read, on disk, counted; only then may it be acknowledged. A push that is lost is kept as such, and said once for each reason. */
function takerOf(
  { spool, rejected, totals }: Opened,
  { folder, say }: RelayPlace,
  limitBytes: number,
  taken: (series: readonly PushedSeries[]) => void,
): (body: Buffer) => Reply {
  const refuse = (status: number, reason: string): Reply => {
    if (rejected.add("lost", reason) === 1) say(reason);
    return { status, text: `${reason}\n` };
  };
  return (body) => {
    const read = readBody(body);
    if (read.kind === "malformed") return refuse(400, `not a push that the relay can read: ${read.reason}`);
    if (spool.waitingBytes() + body.length > limitBytes)
      return refuse(507, `the samples that wait in ${folder} have reached their limit of ${limitBytes} bytes`);
    try {
      // What the totals have against the pushes is known from the files alone: then they stay.
      if (totals.caveats().length === 0) spool.roll(() => encodeWrite(totals.series()));
      spool.append(body);
    } catch (error) {
      return refuse(503, `the spool in ${folder} cannot be written: ${errorMessage(error)}`);
    }
    totals.take(read.series);
    taken(read.series);
    return { status: 204, text: "" };
  };
}

/** How a resumed forwarding ends. */
export type Resumed =
  | { kind: "flushed"; sent: SentCounts; caveats: string[] }
  | { kind: "pending"; bytes: number; reason: string }
  | { kind: "failed"; message: string };

/** Forwards what an earlier run left in its spool, and reads from it what was sent. */
export async function resumeRelay(options: RelayPlace & { limitSeconds: number }, ports?: RelayPorts): Promise<Resumed> {
  if (!existsSync(join(options.folder, "rejected"))) return { kind: "failed", message: `the run has no spool in ${options.folder}` };
  const opened = openRelay(options, ports);
  if (opened.kind === "failed") return opened;
  try {
    const flushed = await opened.forwarder.flushed(options.limitSeconds);
    return flushed.kind === "pending" ? flushed : { kind: "flushed", sent: opened.totals, caveats: opened.caveats() };
  } finally {
    await opened.close();
  }
}
