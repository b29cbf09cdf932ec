import http from "node:http";
import https from "node:https";
import type { IncomingMessage } from "node:http";
import { errorMessage } from "../../host/error-message.ts";
import { Unavailable, type Ports } from "./tool.ts";

const redirectLimit = 5;

/** One piece of a body; the whole length is undefined where the server does not say it. */
export interface Piece {
  bytes: Buffer;
  totalBytes: number | undefined;
}

/**
 * Gets a body over HTTP in pieces, bounded in size and by the ports' idle and total times.
 * Honours HTTPS_PROXY, HTTP_PROXY and NO_PROXY. Plain HTTP is only spoken to loopback.
 */
export async function* fetchPieces(url: string, maxBytes: number, ports: Ports): AsyncGenerator<Piece> {
  const overall = AbortSignal.timeout(ports.bounds.totalSeconds * 1000);
  const signal = ports.signal === undefined ? overall : AbortSignal.any([overall, ports.signal]);
  try {
    yield* piecesOf(await follow(new URL(url), signal, ports, redirectLimit), maxBytes);
  } catch (error) {
    if (ports.signal?.aborted) throw new Unavailable("interrupted", { cause: error });
    const why = overall.aborted ? `not finished within ${ports.bounds.totalSeconds} s` : errorMessage(error);
    throw new Unavailable(`${url}: ${why}`, { cause: error });
  }
}

async function follow(url: URL, signal: AbortSignal, ports: Ports, redirects: number): Promise<IncomingMessage> {
  const isLoopback = url.protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname);
  if (url.protocol !== "https:" && !isLoopback) throw new Error(`${url.origin}: only HTTPS is trusted with a download`);
  const response = await ask(url, signal, ports);
  const { statusCode: status = 0, headers } = response;
  if (status === 200) return response;
  response.destroy();
  const next = status >= 300 && status < 400 ? headers.location : undefined;
  if (next === undefined) throw new Error(`HTTP ${status}${redirects < redirectLimit ? ` from ${url.host}` : ""}`);
  if (redirects === 0) throw new Error(`more than ${redirectLimit} redirects`);
  return await follow(new URL(next, url), signal, ports, redirects - 1);
}

function ask(url: URL, signal: AbortSignal, { bounds: { idleSeconds }, environment }: Ports): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const client = url.protocol === "https:" ? https : http;
  const agent = new client.Agent({ proxyEnv: environment });
  // The time-out counts from before the connection, and anew whenever something comes.
  const request = client.get(url, { agent, signal, timeout: idleSeconds * 1000, headers: { "user-agent": "plimsoll" } });
  let response: IncomingMessage | undefined;
  request.on("response", (answer) => resolve((response = answer)));
  request.on("timeout", () => (response ?? request).destroy(new Error(`nothing came for ${idleSeconds} s`)));
  request.on("error", reject);
  return promise;
}

async function* piecesOf(response: IncomingMessage, maxBytes: number): AsyncGenerator<Piece> {
  const announced = response.headers["content-length"];
  const totalBytes = announced === undefined ? undefined : Number(announced);
  let received = 0;
  try {
    for await (const bytes of response as AsyncIterable<Buffer>) {
      received += bytes.length;
      if (Math.max(received, totalBytes ?? 0) > maxBytes) throw new Error(`larger than the ${maxBytes} bytes that are allowed`);
      yield { bytes, totalBytes };
    }
  } catch (error) {
    const isCut = error instanceof Error && "code" in error && error.code === "ECONNRESET";
    throw isCut ? new Error(`the connection was cut after ${received} bytes`, { cause: error }) : error;
  }
}
