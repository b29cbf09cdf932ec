import { readFileSync } from "node:fs";
import { validateHeaderName, validateHeaderValue } from "node:http";
import { createSecureContext } from "node:tls";
import { errorMessage } from "../../host/error-message.ts";
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

function basicIn({ username, password }: URL): Destination["basic"] {
  if (username === "" && password === "") return undefined;
  try {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch (error) {
    throw new Error("the user and password in the destination's URL are not percent-encoded", { cause: error });
  }
}

function checkHeader(name: string, value: string): void {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch (error) {
    throw new Error(`the header ${JSON.stringify(name)} for the destination has a name or value that cannot be sent`, { cause: error });
  }
}

function readTls({ caFile, certFile, keyFile, serverName, insecureSkipVerify }: NonNullable<Destination["tls"]>) {
  const tls = {
    ...(caFile === undefined ? {} : { ca: readNamed(caFile, "CA") }),
    ...(certFile === undefined ? {} : { cert: readNamed(certFile, "certificate") }),
    ...(keyFile === undefined ? {} : { key: readNamed(keyFile, "key") }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(insecureSkipVerify === true ? { rejectUnauthorized: false } : {}),
  };
  try {
    createSecureContext(tls); // a key that does not fit its certificate shows here, and not in the middle of a run
    return tls;
  } catch (error) {
    throw new Error(`the TLS files for the destination do not serve: ${errorMessage(error)}`, { cause: error });
  }
}

function readNamed(file: string, what: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Error(`the ${what} file for the destination cannot be read: ${errorMessage(error)}`, { cause: error });
  }
}
