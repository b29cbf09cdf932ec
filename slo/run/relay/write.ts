import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { createSecureContext } from "node:tls";
import { errorMessage } from "../../host/error-message.ts";
import { prepareDestination, type Prepared, type Destination } from "./destination.ts";
import { oneLine } from "./one-line.ts";

export { encodeWrite } from "./body.ts";
export type { Destination } from "./destination.ts";

/** Ends one attempt to write. */
export type Written =
  | { kind: "written" }
  | { kind: "refused"; status: number; reason: string; retryAfterSeconds: number | undefined }
  | { kind: "unreachable"; reason: string };

/** Writes bodies over one kept-alive connection; never throws, and no reason holds a credential. */
export interface Writer {
  write(body: Buffer): Promise<Written>;
  close(): void;
}

/** Opens a writer, or says which file, header or URL of the destination is wrong. */
export function openWriter(destination: Destination): { kind: "open"; writer: Writer } | { kind: "failed"; message: string } {
  const prepared = prepareDestination(destination);
  if (prepared.kind === "failed") return prepared;
  const keep = { keepAlive: true, maxSockets: 1 };
  try {
    createSecureContext(prepared.tls); // a key that does not fit its certificate shows here, and not in the middle of a run
  } catch (error) {
    return { kind: "failed", message: `the TLS files for the destination do not serve: ${errorMessage(error)}` };
  }
  const agent = prepared.url.protocol === "https:" ? new HttpsAgent({ ...keep, ...prepared.tls }) : new HttpAgent(keep);
  const write = async (body: Buffer): Promise<Written> => {
    const first = await attempt(prepared, agent, body);
    if (first.kind !== "stale") return first;
    // A connection that the destination closed while it was idle says nothing about the destination.
    const second = await attempt(prepared, agent, body);
    return second.kind === "stale" ? { kind: "unreachable", reason: "the connection was closed" } : second;
  };
  return { kind: "open", writer: { write, close: () => agent.destroy() } };
}

function attempt(to: Prepared, agent: HttpAgent | HttpsAgent, body: Buffer): Promise<Written | { kind: "stale" }> {
  return new Promise((resolve) => {
    const options = {
      agent,
      method: "POST",
      headers: { ...to.headers, "content-length": body.length },
      signal: AbortSignal.timeout(to.limitMillis),
    };
    const send = to.url.protocol === "https:" ? httpsRequest : httpRequest;
    const request: ClientRequest = send(to.url, options, (response) => void readAnswer(to, response).then(resolve));
    request.on("error", (error) => {
      const closedWhileIdle = request.reusedSocket && "code" in error && (error.code === "ECONNRESET" || error.code === "EPIPE");
      resolve(closedWhileIdle ? { kind: "stale" } : { kind: "unreachable", reason: reasonOf(to, error) });
    });
    request.end(body);
  });
}

function reasonOf({ limitMillis, hide }: Prepared, error: unknown): string {
  if (error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError"))
    return `no answer within ${limitMillis / 1000} s`;
  return oneLine(hide(errorMessage(error)));
}

async function readAnswer(to: Prepared, response: IncomingMessage): Promise<Written> {
  const status = response.statusCode ?? 0;
  try {
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) if (text.length < 1000) text += String(chunk);
    if (status >= 200 && status < 300) return { kind: "written" };
    const retryAfterSeconds = secondsOf(response.headers["retry-after"]);
    return { kind: "refused", status, reason: oneLine(to.hide(text)) || `status ${status}`, retryAfterSeconds };
  } catch (error) {
    return { kind: "unreachable", reason: reasonOf(to, error) };
  }
}

/** Reads Retry-After, which is a number of seconds or a date (RFC 9110, 10.2.3). */
function secondsOf(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

/** Writes one body, once. */
export async function writeOnce(destination: Destination, body: Buffer): Promise<Written> {
  const opened = openWriter(destination);
  if (opened.kind === "failed") return { kind: "unreachable", reason: opened.message };
  try {
    return await opened.writer.write(body);
  } finally {
    opened.writer.close();
  }
}
