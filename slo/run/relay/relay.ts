import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { errorMessage } from "../../host/error-message.ts";
import { isJudged, k6Labels, k6Metrics, plimsollLabels, plimsollMetrics } from "../../spec/names.ts";
import { takeLock } from "../lock.ts";
import { encodeWrite, type PushedSeries, readBody } from "./body.ts";
import { startForwarder } from "./forwarder.ts";
import { openRejected } from "./rejected.ts";
import { pauseMillis } from "./retry.ts";
import { openSentTotals, type SentCounts, type SentTotals } from "./sent-totals.ts";
import { openSpool, type Spool, usualKept } from "./spool.ts";
import { type Destination, openWriter } from "./write.ts";

interface RelayPlace {
  folder: string;
  destination: Destination;
  say: (line: string) => void;
}

export interface RelayPorts {
  openWriter: typeof openWriter;
  pauseMillis: typeof pauseMillis;
  /** How many pushes are kept besides those that wait. */
  kept: number;
}

const filesGone = "pushes are gone from the spool that were not forwarded";

/** Opens a spool's folder for this process alone, and forwards it. A failure names the folder, or what is wrong with the destination. */
function openRelay({ folder, destination, say }: RelayPlace, ports: RelayPorts = { openWriter, pauseMillis, kept: usualKept }) {
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
    const totals = openSentTotals();
    for (const body of spool.sent()) {
      const read = readBody(body);
      if (read.kind === "body") totals.take(read.series);
    }
    const forwarder = startForwarder({ spool, writer: way.writer, rejected, say, pauseMillis: ports.pauseMillis });
    /** Says why what was sent may not be all, or not all of it was taken; one sentence each. */
    const caveats = (): string[] => [...totals.caveats(), ...spool.caveats(), ...rejected.caveats()];
    return { kind: "open" as const, spool, rejected, totals, forwarder, caveats, close: () => forwarder.stop().then(() => open.dispose()) };
  } catch (error) {
    return failed(`cannot be written: ${errorMessage(error)}`);
  }
}

/** What a relay and the resumption of one have in common: a spool that is being forwarded, and what was sent, read from it. */
type Opened = Extract<ReturnType<typeof openRelay>, { kind: "open" }>;

/** What a relay needs; its folder is kept when it closes. */
interface RelayOptions extends RelayPlace {
  /** Most bytes that may wait to be forwarded; what comes after is refused, and that is a caveat. */
  limitBytes?: number;
  /** Whether the counts of each push are noted in Prometheus, with its time. */
  marks?: boolean;
}

/** What takes k6's pushes, keeps them on disk, and hands them on to Prometheus. */
export type Relay = Extract<Awaited<ReturnType<typeof startRelay>>, { kind: "started" }>["relay"];

/** What may wait to be forwarded, where nothing else is said. */
export const usualLimitBytes = 1024 * 1024 * 1024;

const path = "/api/v1/write";

/** Starts a relay on a loopback port; a folder that cannot be written, or is another process's, is a failure that names it. */
export async function startRelay({ limitBytes = usualLimitBytes, marks = false, ...place }: RelayOptions, ports?: RelayPorts) {
  const opened = openRelay(place, ports);
  if (opened.kind === "failed") return opened;
  const take = takerOf(opened, place, limitBytes, marks);
  const server = createServer((request, response) => {
    const answer = (status: number, text: string): void => void response.writeHead(status, { "content-type": "text/plain" }).end(text);
    if (request.url !== path || request.method !== "POST") return answer(404, `only POST ${path} is served\n`);
    // A push that its sender cut off was not taken.
    void buffer(request).then(
      (body) => answer(...take(body)),
      () => undefined,
    );
  });
  // k6 never repeats a push, so an idle connection must not close just when the next one begins.
  server.keepAliveTimeout = 0;
  try {
    await once(server.listen(0, "127.0.0.1"), "listening");
  } catch (error) {
    await opened.close();
    return { kind: "failed" as const, message: `the relay cannot listen on 127.0.0.1: ${errorMessage(error)}` };
  }
  const relay = {
    /** For K6_PROMETHEUS_RW_SERVER_URL. */
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    sent: (): Pick<SentTotals, "sumOf" | "valuesOf" | "all"> => opened.totals,
    /** Why what was sent may not be all, or not all of it was taken; one sentence each. */
    caveats: opened.caveats,
    flushed: opened.forwarder.flushed,
    close(): Promise<void> {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve)).then(opened.close);
    },
  };
  return { kind: "started" as const, relay };
}

/** Makes what takes a push: read, on disk, counted; only then may it be acknowledged. A push that is lost is kept as such, and said once for each reason. */
function takerOf({ spool, rejected, totals, forwarder }: Opened, { folder, say }: RelayPlace, limitBytes: number, marks: boolean) {
  let markedMillis = 0;
  const refuse = (status: number, reason: string): [status: number, text: string] => {
    if (rejected.add("lost", reason) === 1) say(reason);
    return [status, `${reason}\n`];
  };
  return (body: Buffer): [status: number, text: string] => {
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
    if (marks) markedMillis = noteMarks(spool, totals, read.series, markedMillis);
    forwarder.wake();
    return [204, ""];
  };
}

/**
 * Notes, as samples of its own, how many judged requests and iterations k6 had counted by the last event of a push, and gives the time of the last note.
 * k6 stamps each series with its own last event, so the series alone do not tell what came in which second. All of a push together does:
 * what it holds, and all before it, ended by its latest stamp, and whatever comes in later pushes ended after that. A push without a later stamp gets none.
 */
function noteMarks(spool: Spool, totals: SentTotals, pushed: readonly PushedSeries[], afterMillis: number): number {
  const labels = pushed.find(({ labels }) => labels[k6Labels.testid] !== undefined)?.labels;
  const atMillis = pushed.reduce((latest, one) => Math.max(latest, one.atMillis), afterMillis);
  if (labels === undefined || atMillis <= afterMillis) return afterMillis;
  const { [k6Labels.testid]: testid = "", [k6Labels.instance]: instance = "" } = labels;
  const marks = (["requests", "iterations"] as const).map((of) => ({
    labels: { __name__: plimsollMetrics.pushed, [k6Labels.testid]: testid, [k6Labels.instance]: instance, [plimsollLabels.of]: of },
    value: totals.sumOf(k6Metrics[of], isJudged),
    atMillis,
  }));
  try {
    spool.append(encodeWrite(marks));
    return atMillis;
  } catch {
    return afterMillis; // a full disk is told of the next push; the second of this one is uncertain
  }
}

export async function resumeRelay(options: RelayPlace & { limitSeconds: number }, ports?: RelayPorts) {
  if (!existsSync(join(options.folder, "rejected")))
    return { kind: "failed" as const, message: `the run has no spool in ${options.folder}` };
  const opened = openRelay(options, ports);
  if (opened.kind === "failed") return opened;
  try {
    const flushed = await opened.forwarder.flushed(options.limitSeconds);
    return flushed.kind === "pending"
      ? flushed
      : { kind: "flushed" as const, sent: opened.totals as SentCounts, caveats: opened.caveats() };
  } finally {
    await opened.close();
  }
}
