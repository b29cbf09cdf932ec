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

/** Opens a writer, or says which header or URL of the destination is wrong. */
export function openWriter(destination: Destination): { kind: "open"; writer: Writer } | { kind: "failed"; message: string } {
  try {
    const to = prepareDestination(destination);
    const closing = new AbortController();
    return { kind: "open", writer: { write: (body) => write(to, body, closing.signal, true), close: () => closing.abort() } };
  } catch (error) {
    return { kind: "failed", message: errorMessage(error) };
  }
}

async function write(to: Prepared, body: Buffer, closing: AbortSignal, isFirst: boolean): Promise<Written> {
  const { url, headers, timeoutSeconds, hide } = to;
  const limit = AbortSignal.timeout(timeoutSeconds * 1000);
  try {
    const signal = AbortSignal.any([closing, limit]);
    const response = await fetch(url, { method: "POST", headers, body: new Uint8Array(body), redirect: "manual", signal });
    const { ok, status } = response;
    const reason = hide(await beginningOf(response)) || `status ${status}`;
    if (ok) return { kind: "written" };
    return { kind: "refused", status, reason, retryAfterSeconds: secondsOf(response.headers.get("retry-after")) };
  } catch (error) {
    const { cause = error } = error as Error;
    if (limit.aborted) return { kind: "unreachable", reason: `no answer within ${timeoutSeconds} s` };
    // A connection that the destination closed while it was idle says nothing about the destination.
    if (isFirst && isCut(cause)) return write(to, body, closing, false);
    return { kind: "unreachable", reason: hide(errorMessage(cause)) };
  }
}

const isCut = (error: unknown): boolean =>
  error instanceof Error && "code" in error && ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"].includes(String(error.code));

/** Reads what the destination says, to its end; of a long answer the beginning is kept. */
async function beginningOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body ?? []) if (text.length < 1000) text += decoder.decode(chunk, { stream: true });
  return text;
}

/** Reads Retry-After, which is a number of seconds or a date (RFC 9110, 10.2.3). */
function secondsOf(header: string | null): number | undefined {
  if (header === null) return undefined;
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
