import { validateHeaderName, validateHeaderValue } from "node:http";
import { errorMessage } from "../../host/error-message.ts";
import type { Credentials } from "../../host/settings.ts";
import { saidLine } from "../../report/plain.ts";

/** Where samples go (the full remote-write URL), and with which credentials; none of these is ever printed. */
export interface Destination extends Partial<Pick<Credentials, "headers" | "basic" | "bearer">> {
  url: string;
  timeoutSeconds?: number;
}

/** Checks a destination's URL and headers; throws what names the header, never its content. */
function prepareDestination(destination: Destination) {
  const { url: text, basic, bearer, headers: own = {}, timeoutSeconds = 30 } = destination;
  if (!URL.canParse(text)) throw new Error("the destination's URL is not one");
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw new Error(`${url.protocol} is not a protocol to write samples over`);
  if (url.username || url.password) throw new Error("the destination's URL holds a user or a password: PLIMSOLL_PROMETHEUS_* take them");
  const authorization = authorizationOf(destination);
  const headers: Record<string, string> = {
    ...own,
    ...(authorization ? { authorization } : {}),
    "content-type": "application/x-protobuf",
    "content-encoding": "snappy",
    "x-prometheus-remote-write-version": "0.1.0",
    "user-agent": "plimsoll",
  };
  for (const [name, value] of Object.entries(headers)) {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  }
  const longOnes = Object.values(own).filter(({ length }) => length >= 8);
  const secrets = [basic?.password, basic && authorization?.replace("Basic ", ""), bearer, ...longOnes];
  return {
    url,
    headers,
    timeoutSeconds,
    /** Makes one line of a text that the destination or a proxy wrote, without the destination's secrets. */
    hide: (said: string): string =>
      saidLine(secrets.reduce((left: string, secret) => (secret ? left.replaceAll(secret, "***") : left), said)),
  };
}

/** Makes the header's value of credentials; a user and password go before a token. */
export function authorizationOf({ basic, bearer }: Pick<Destination, "basic" | "bearer">): string | undefined {
  if (basic) return `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString("base64")}`;
  return bearer ? `Bearer ${bearer}` : undefined;
}

export type Written =
  | { kind: "written" }
  | { kind: "refused"; status: number; reason: string; retryAfterSeconds: number | undefined }
  | { kind: "unreachable"; reason: string };

/** A kept-alive connection to write bodies over; never throws, and no reason holds a credential. */
export type Writer = Extract<ReturnType<typeof openWriter>, { kind: "open" }>["writer"];

/** Opens a writer, or says which header or URL of the destination is wrong. */
export function openWriter(destination: Destination) {
  try {
    const to = prepareDestination(destination);
    const closing = new AbortController();
    const writer = { write: (body: Buffer) => write(to, body, closing.signal, true), close: (): void => closing.abort() };
    return { kind: "open" as const, writer };
  } catch (error) {
    return { kind: "failed" as const, message: errorMessage(error) };
  }
}

type Prepared = ReturnType<typeof prepareDestination>;

async function write(to: Prepared, body: Buffer, closing: AbortSignal, isFirst: boolean): Promise<Written> {
  const { url, headers, timeoutSeconds, hide } = to;
  const limit = AbortSignal.timeout(timeoutSeconds * 1000);
  try {
    const signal = AbortSignal.any([closing, limit]);
    const response = await fetch(url, { method: "POST", headers, body: new Uint8Array(body), redirect: "manual", signal });
    const { ok, status } = response;
    const reason = hide((await response.text()).slice(0, 1000)) || `status ${status}`;
    if (ok) return { kind: "written" };
    return { kind: "refused", status, reason, retryAfterSeconds: secondsOf(response.headers.get("retry-after")) };
  } catch (error) {
    const { cause = error } = error as Error;
    if (limit.aborted) return { kind: "unreachable", reason: `no answer within ${timeoutSeconds} s` };
    // A connection that the destination closed while it was idle says nothing about the destination.
    const isCut = /^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/.test(String((cause as NodeJS.ErrnoException).code));
    return isFirst && isCut ? write(to, body, closing, false) : { kind: "unreachable", reason: hide(errorMessage(cause)) };
  }
}

/** Reads Retry-After, which is a number of seconds or a date (RFC 9110, 10.2.3). */
function secondsOf(header: string | null): number | undefined {
  if (header === null) return undefined;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

export async function writeOnce(destination: Destination, body: Buffer): Promise<Written> {
  const opened = openWriter(destination);
  if (opened.kind === "failed") return { kind: "unreachable", reason: opened.message };
  try {
    return await opened.writer.write(body);
  } finally {
    opened.writer.close();
  }
}
