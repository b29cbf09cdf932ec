import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { readBody } from "./body.ts";
import { startForwarder, type Forwarded } from "./forward.ts";
import { openBook, type SentSeries } from "./sent.ts";
import { openSpool, type Spool } from "./spool.ts";
import { openWriter, type Receiver } from "./write.ts";

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
  sent(): SentSeries;
  lastLatency(): { p99Seconds: number } | undefined;
  /** Why what was sent may not be all, one sentence each. */
  doubts(): string[];
  flushed(limitSeconds: number): Promise<{ kind: "flushed" } | { kind: "pending"; bytes: number; reason: string }>;
  close(): Promise<void>;
}

const path = "/api/v1/write";
const mostBodyBytes = 64 * 1024 * 1024;
const defaultLimitBytes = 1024 * 1024 * 1024;

/** Starts a relay on a loopback port; a folder that cannot be written is a failure that names it. */
export async function startRelay(options: RelayOptions): Promise<{ kind: "started"; relay: Relay } | { kind: "failed"; message: string }> {
  let spool: Spool;
  try {
    spool = openSpool(options.folder);
  } catch (error) {
    return { kind: "failed", message: `the spool in ${options.folder} cannot be written: ${wordsOf(error)}` };
  }
  const book = openBook();
  const losses = new Map<string, number>();
  const forwarder = startForwarder(spool, openWriter(options.receiver), options.say);
  const counts = { received: 0, samples: 0 };
  const lose = (reason: string): void => {
    if (!losses.has(reason)) options.say(reason);
    losses.set(reason, (losses.get(reason) ?? 0) + 1);
  };
  const take = (body: Buffer): { status: number; text: string } => {
    const read = readBody(body);
    if (read.kind === "malformed") return { status: 400, text: `not a remote-write 1.0 body: ${read.reason}\n` };
    if (spool.size() + body.length > (options.limitBytes ?? defaultLimitBytes)) {
      lose(`the spool in ${options.folder} has reached its limit of ${options.limitBytes ?? defaultLimitBytes} bytes`);
      return { status: 507, text: "the spool has reached its limit\n" };
    }
    try {
      spool.append(body);
    } catch (error) {
      lose(`the spool in ${options.folder} cannot be written: ${wordsOf(error)}`);
      return { status: 503, text: "the spool cannot be written\n" };
    }
    book.take(read.series);
    counts.received += 1;
    counts.samples += read.samples;
    forwarder.wake();
    return { status: 204, text: "" };
  };
  const server = createServer((request, response) => void answer(request, response, take));
  const listening = await new Promise<{ port: number } | Error>((resolve) => {
    server.on("error", resolve);
    server.listen(0, "127.0.0.1", () => resolve(server.address() as { port: number }));
  });
  if (listening instanceof Error) return { kind: "failed", message: `the relay cannot listen on 127.0.0.1: ${listening.message}` };
  const relay: Relay = {
    url: `http://127.0.0.1:${listening.port}${path}`,
    counts: () => ({ ...forwarder.state(), ...counts, spooledBytes: spool.size() }),
    sent: () => book,
    lastLatency: book.lastLatency,
    doubts: () => [
      ...book.doubts(),
      ...[...losses].map(([reason, times]) => `${times} pushes were lost: ${reason}`),
      ...refusals(forwarder.state()),
    ],
    async flushed(limitSeconds) {
      if (await forwarder.flushed(limitSeconds)) return { kind: "flushed" };
      return {
        kind: "pending",
        bytes: spool.size() - spool.cursor(),
        reason: forwarder.state().lastReason ?? "Prometheus has not answered yet",
      };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await forwarder.stop();
      spool.close();
    },
  };
  return { kind: "started", relay };
}

/** Says what it means that the receiver refused bodies for good. */
export function refusals({ refused, lastReason }: Forwarded): string[] {
  return refused > 0 ? [`Prometheus refused ${refused} pushes for good: ${lastReason}`] : [];
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  take: (body: Buffer) => { status: number; text: string },
): Promise<void> {
  const reply = (status: number, text: string): void => void response.writeHead(status, { "content-type": "text/plain" }).end(text);
  if (request.url !== path) return reply(404, `only POST ${path} is served\n`);
  if (request.method !== "POST") return reply(405, `only POST ${path} is served\n`);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      bytes += (chunk as Buffer).length;
      if (bytes > mostBodyBytes) {
        reply(413, `a body may hold ${mostBodyBytes} bytes\n`);
        request.destroy();
        return;
      }
      chunks.push(chunk as Buffer);
    }
  } catch {
    return; // cut off by the sender: nothing was taken
  }
  const { status, text } = take(Buffer.concat(chunks));
  reply(status, text);
}
