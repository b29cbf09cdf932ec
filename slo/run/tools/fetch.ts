import http from "node:http";
import https from "node:https";
import type { IncomingMessage } from "node:http";
import { errorMessage } from "../../host/error-message.ts";
import type { Outcome, Ports } from "./tool.ts";

const redirectLimit = 5;

/** Takes one piece of a body; the whole length is undefined where the server does not say it. */
export type Take = (piece: Buffer, totalBytes: number | undefined) => void | Promise<void>;

/**
 * Gets a body over HTTP in pieces, bounded in size and by the ports' connect, answer, idle and total times.
 * Honours HTTPS_PROXY, HTTP_PROXY and NO_PROXY. Plain HTTP is only spoken to loopback.
 */
export async function fetchBody(url: string, maxBytes: number, ports: Ports, take: Take): Promise<Outcome<true>> {
  const overall = AbortSignal.timeout(ports.bounds.totalSeconds * 1000);
  const signal = ports.signal === undefined ? overall : AbortSignal.any([overall, ports.signal]);
  try {
    await readBody(await follow(new URL(url), signal, ports, redirectLimit), maxBytes, ports, take);
    return { kind: "ok", value: true };
  } catch (error) {
    if (ports.signal?.aborted) return { kind: "failed", reason: "interrupted" };
    const why = overall.aborted ? `not finished within ${ports.bounds.totalSeconds} s` : errorMessage(error);
    return { kind: "failed", reason: `${url}: ${why}` };
  }
}

async function follow(url: URL, signal: AbortSignal, ports: Ports, redirects: number): Promise<IncomingMessage> {
  if (!mayAsk(url)) throw new Error(`${url.origin}: only HTTPS is trusted with a download`);
  const response = await ask(url, signal, ports);
  const { statusCode: status = 0, headers } = response;
  if (status === 200) return response;
  response.destroy();
  const next = status >= 300 && status < 400 ? headers.location : undefined;
  if (next === undefined) throw new Error(`HTTP ${status}${redirects < redirectLimit ? ` from ${url.host}` : ""}`);
  if (redirects === 0) throw new Error(`more than ${redirectLimit} redirects`);
  return await follow(new URL(next, url), signal, ports, redirects - 1);
}

function mayAsk(url: URL): boolean {
  return url.protocol === "https:" || (url.protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname));
}

function ask(url: URL, signal: AbortSignal, { bounds, environment }: Ports): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const client = url.protocol === "https:" ? https : http;
  const agent = new client.Agent({ proxyEnv: { ...environment } });
  const request = client.get(url, { agent, signal, headers: { "user-agent": "plimsoll" } });
  const within = (what: string, seconds: number): NodeJS.Timeout =>
    setTimeout(() => request.destroy(new Error(`no ${what} within ${seconds} s`)), seconds * 1000);
  let timer = within("connection", bounds.connectSeconds);
  // "finish": the request is with the system, so the connection and its TLS stand.
  request.on("finish", () => {
    clearTimeout(timer);
    timer = within("answer", bounds.answerSeconds);
  });
  request.on("response", resolve);
  request.on("error", reject);
  return promise.finally(() => clearTimeout(timer));
}

async function readBody(response: IncomingMessage, maxBytes: number, { bounds }: Ports, take: Take): Promise<void> {
  const announced = response.headers["content-length"];
  const totalBytes = announced === undefined ? undefined : Number(announced);
  response.setTimeout(bounds.idleSeconds * 1000, () => response.destroy(new Error(`nothing came for ${bounds.idleSeconds} s`)));
  let received = 0;
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      received += piece.length;
      if (Math.max(received, totalBytes ?? 0) > maxBytes) throw new Error(`larger than the ${maxBytes} bytes that are allowed`);
      await take(piece, totalBytes);
    }
  } catch (error) {
    const cut = error instanceof Error && "code" in error && error.code === "ECONNRESET";
    throw cut ? new Error(`the connection was cut after ${received} bytes`, { cause: error }) : error;
  } finally {
    response.destroy();
  }
  if (totalBytes !== undefined && received !== totalBytes) throw new Error(`${received} of ${totalBytes} bytes came`);
}
