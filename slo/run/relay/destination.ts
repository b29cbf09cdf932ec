import { validateHeaderName, validateHeaderValue } from "node:http";
import { oneLine } from "./one-line.ts";

/** Where samples go, and with which credentials; none of these is ever printed. */
export interface Destination {
  /** The full remote-write URL. */
  url: string;
  headers?: Record<string, string>;
  basic?: { username: string; password: string } | undefined;
  bearer?: string | undefined;
  timeoutSeconds?: number;
}

/** A destination with its headers made. */
export type Prepared = ReturnType<typeof prepareDestination>;

const usualTimeoutSeconds = 30;

/** Checks a destination's URL and headers; throws what names the header, never its content. */
export function prepareDestination({ url: text, basic, bearer, headers: own = {}, timeoutSeconds = usualTimeoutSeconds }: Destination) {
  if (!URL.canParse(text)) throw new Error("the destination's URL is not one");
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw new Error(`${url.protocol} is not a protocol to write samples over`);
  if (url.username || url.password) throw new Error("the destination's URL holds a user or a password: PLIMSOLL_PROMETHEUS_* take them");
  const authorization = authorizationOf({ basic, bearer });
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
      oneLine(secrets.reduce((left: string, secret) => (secret ? left.replaceAll(secret, "***") : left), said)),
  };
}

/** Makes the header's value of credentials; a user and password go before a token. */
export function authorizationOf({ basic, bearer }: Pick<Destination, "basic" | "bearer">): string | undefined {
  if (basic) return `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString("base64")}`;
  return bearer ? `Bearer ${bearer}` : undefined;
}
