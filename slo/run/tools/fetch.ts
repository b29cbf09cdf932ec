import http from "node:http";
import https from "node:https";
import type { IncomingMessage } from "node:http";
import { wordsOf, type Outcome, type Ports } from "./tool.ts";

const redirectLimit = 5;

/**
 * Gets a body over HTTP in pieces, bounded in size and by the ports' connect, answer, idle and total times.
 * Honours HTTPS_PROXY, HTTP_PROXY and NO_PROXY. Plain HTTP is only spoken to loopback.
 */
export async function fetchBody(
  url: string,
  maxBytes: number,
  ports: Ports,
  take: (piece: Buffer, totalBytes: number | undefined) => void | Promise<void>,
): Promise<Outcome<number>> {
  const overall = AbortSignal.timeout(ports.bounds.totalSeconds * 1000);
  const signal = ports.signal === undefined ? overall : AbortSignal.any([overall, ports.signal]);
  try {
    const response = await follow(url, signal, ports);
    if (response.kind === "failed") return response;
    return await readBody(url, response.value, maxBytes, ports, take);
  } catch (error) {
    if (overall.aborted) return { kind: "failed", reason: `${url}: not finished within ${ports.bounds.totalSeconds} s` };
    if (ports.signal?.aborted) return { kind: "failed", reason: "interrupted" };
    return { kind: "failed", reason: `${url}: ${wordsOf(error)}` };
  }
}

async function follow(first: string, signal: AbortSignal, ports: Ports): Promise<Outcome<IncomingMessage>> {
  let url = new URL(first);
  for (let hop = 0; hop <= redirectLimit; hop += 1) {
    if (!mayAsk(url)) return { kind: "failed", reason: `${url.origin}: only HTTPS is trusted with a download` };
    const response = await ask(url, signal, ports);
    const status = response.statusCode ?? 0;
    if (status === 200) return { kind: "ok", value: response };
    response.destroy();
    const next = status >= 300 && status < 400 ? response.headers.location : undefined;
    if (next === undefined) return { kind: "failed", reason: `${url.origin}${url.pathname}: HTTP ${status}` };
    url = new URL(next, url);
  }
  return { kind: "failed", reason: `${first}: more than ${redirectLimit} redirects` };
}

function mayAsk(url: URL): boolean {
  return url.protocol === "https:" || (url.protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname));
}

function ask(url: URL, signal: AbortSignal, ports: Ports): Promise<IncomingMessage> {
  const { connectSeconds, answerSeconds } = ports.bounds;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const client = url.protocol === "https:" ? https : http;
  const agent = new client.Agent({ proxyEnv: { ...ports.environment } });
  const request = client.get(url, { agent, signal, headers: { "user-agent": "plimsoll" } });
  const stop = (reason: string) => () => request.destroy(new Error(reason));
  let timer = setTimeout(stop(`no connection within ${connectSeconds} s`), connectSeconds * 1000);
  // "finish": the request is with the system, so the connection and its TLS stand.
  request.on("finish", () => {
    clearTimeout(timer);
    timer = setTimeout(stop(`no answer within ${answerSeconds} s`), answerSeconds * 1000);
  });
  request.on("response", resolve);
  request.on("error", reject);
  return promise.finally(() => clearTimeout(timer));
}

async function readBody(
  url: string,
  response: IncomingMessage,
  maxBytes: number,
  ports: Ports,
  take: (piece: Buffer, totalBytes: number | undefined) => void | Promise<void>,
): Promise<Outcome<number>> {
  const { idleSeconds } = ports.bounds;
  const announced = response.headers["content-length"];
  const totalBytes = announced === undefined ? undefined : Number(announced);
  response.setTimeout(idleSeconds * 1000, () => response.destroy(new Error(`nothing came for ${idleSeconds} s`)));
  let received = 0;
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      received += piece.length;
      if (Math.max(received, totalBytes ?? 0) > maxBytes)
        return { kind: "failed", reason: `${url}: larger than the ${maxBytes} bytes that are allowed` };
      await take(piece, totalBytes);
    }
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ECONNRESET")
      throw new Error(`the connection was cut after ${received} bytes`, { cause: error });
    throw error;
  } finally {
    response.destroy();
  }
  if (totalBytes !== undefined && received !== totalBytes)
    return { kind: "failed", reason: `${url}: ${received} of ${totalBytes} bytes came` };
  return { kind: "ok", value: received };
}
