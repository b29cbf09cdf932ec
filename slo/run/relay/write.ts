import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { errorMessage } from "../../host/error-message.ts";
import { prepareDestination, type Prepared, type Destination } from "./destination.ts";

export { encodeWrite } from "./body.ts";
export type { Destination } from "./destination.ts";

/** How one attempt to write ends. */
export type Written =
  | { kind: "written" }
  | { kind: "refused"; status: number; reason: string; retryAfterSeconds: number | undefined }
  | { kind: "unreachable"; reason: string };

/** A kept-alive connection to write bodies over; never throws, and no reason holds a credential. */
export interface Writer {
  write(body: Buffer): Promise<Written>;
  close(): void;
}

/** Opens a writer, or says which file, header or URL of the destination is wrong. */
export function openWriter(destination: Destination): { kind: "open"; writer: Writer } | { kind: "failed"; message: string } {
  try {
    const to = prepareDestination(destination);
    const keep = { keepAlive: true, maxSockets: 1 };
    const agent = to.url.protocol === "https:" ? new HttpsAgent({ ...keep, ...to.tls }) : new HttpAgent(keep);
    return { kind: "open", writer: { write: (body) => write(to, agent, body, true), close: () => agent.destroy() } };
  } catch (error) {
    return { kind: "failed", message: errorMessage(error) };
  }
}

function write(to: Prepared, agent: HttpAgent, body: Buffer, isFirst: boolean): Promise<Written> {
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
      // A connection that the destination closed while it was idle says nothing about the destination.
      const closedWhileIdle = request.reusedSocket && "code" in error && (error.code === "ECONNRESET" || error.code === "EPIPE");
      resolve(closedWhileIdle && isFirst ? write(to, agent, body, false) : { kind: "unreachable", reason: reasonOf(to, error) });
    });
    request.end(body);
  });
}

function reasonOf({ limitMillis, hide }: Prepared, error: unknown): string {
  if (error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError"))
    return `no answer within ${limitMillis / 1000} s`;
  return hide(errorMessage(error));
}

async function readAnswer(to: Prepared, response: IncomingMessage): Promise<Written> {
  const status = response.statusCode ?? 0;
  try {
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) if (text.length < 1000) text += String(chunk);
    if (status >= 200 && status < 300) return { kind: "written" };
    const retryAfterSeconds = secondsOf(response.headers["retry-after"]);
    return { kind: "refused", status, reason: to.hide(text) || `status ${status}`, retryAfterSeconds };
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
