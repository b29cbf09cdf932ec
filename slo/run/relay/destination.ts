import { readFileSync } from "node:fs";
import { validateHeaderName, validateHeaderValue } from "node:http";
import { createSecureContext } from "node:tls";
import { oneLine } from "./one-line.ts";

/** Where samples go, and with which credentials; none of these is ever printed. */
export interface Destination {
  /** The full remote-write URL; a user and password in it are used like `basic`. */
  url: string;
  headers?: Record<string, string>;
  basic?: { username: string; password: string } | undefined;
  bearer?: string | undefined;
  tls?: {
    /** Trusted instead of the system's authorities. */
    caFile?: string;
    /** The client's own certificate and key, for destinations that ask for one. */
    certFile?: string;
    keyFile?: string;
    /** The name that the destination's certificate must have, when it is not the URL's host. */
    serverName?: string;
    insecureSkipVerify?: boolean;
  };
  timeoutSeconds?: number;
}

/** A destination with its files read and its headers made. */
export type Prepared = ReturnType<typeof prepareDestination>;

const usualTimeoutSeconds = 30;

/** Reads a destination's files and checks its URL and headers; throws what names the file or header, never its content. */
export function prepareDestination(destination: Destination) {
  if (!URL.canParse(destination.url)) throw new Error("the destination's URL is not one");
  const url = new URL(destination.url);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw new Error(`${url.protocol} is not a protocol to write samples over`);
  const basic = destination.basic ?? basicIn(url);
  [url.username, url.password] = ["", ""];
  const authorization = authorizationOf({ basic, bearer: destination.bearer });
  const headers: Record<string, string> = {
    ...destination.headers,
    ...(authorization ? { authorization } : {}),
    "content-type": "application/x-protobuf",
    "content-encoding": "snappy",
    "x-prometheus-remote-write-version": "0.1.0",
    "user-agent": "plimsoll",
  };
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value);
  const ownHeaders = Object.values(destination.headers ?? {}).filter(({ length }) => length >= 8);
  const secrets = [basic?.password, basic && authorization?.replace("Basic ", ""), destination.bearer, ...ownHeaders];
  return {
    url,
    headers,
    tls: readTls(destination.tls ?? {}),
    limitMillis: (destination.timeoutSeconds ?? usualTimeoutSeconds) * 1000,
    /** Makes one line of a text that the destination or a proxy wrote, without the destination's secrets. */
    hide: (text: string): string =>
      oneLine(secrets.reduce((left: string, secret) => (secret ? left.replaceAll(secret, "***") : left), text)),
  };
}

/** Makes the header's value of credentials; a user and password go before a token. */
export function authorizationOf({ basic, bearer }: Pick<Destination, "basic" | "bearer">): string | undefined {
  if (basic) return `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString("base64")}`;
  return bearer ? `Bearer ${bearer}` : undefined;
}

/** Names what cannot be used, so that the words of what it came to are not alone. */
function naming<T>(what: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw new Error(what, { cause: error });
  }
}

function basicIn({ username, password }: URL): Destination["basic"] {
  if (username === "" && password === "") return undefined;
  return naming("the user and password in the destination's URL are not percent-encoded", () => ({
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
  }));
}

function checkHeader(name: string, value: string): void {
  naming(`the header ${JSON.stringify(name)} for the destination has a name or value that cannot be sent`, () => {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  });
}

function readTls({ caFile, certFile, keyFile, serverName, insecureSkipVerify }: NonNullable<Destination["tls"]>) {
  const read = (file: string, what: string): Buffer =>
    naming(`the ${what} file for the destination cannot be read`, () => readFileSync(file));
  const tls = {
    ...(caFile === undefined ? {} : { ca: read(caFile, "CA") }),
    ...(certFile === undefined ? {} : { cert: read(certFile, "certificate") }),
    ...(keyFile === undefined ? {} : { key: read(keyFile, "key") }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(insecureSkipVerify === true ? { rejectUnauthorized: false } : {}),
  };
  // A key that does not fit its certificate shows here, and not in the middle of a run.
  naming("the TLS files for the destination do not serve", () => createSecureContext(tls));
  return tls;
}
