import { readFileSync } from "node:fs";
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

export { encodeWrite } from "./body.ts";

/** Says where samples go, and with which credentials; none of these is ever printed. */
export interface Receiver {
  /** The full remote-write URL. */
  url: string;
  headers?: Record<string, string>;
  basic?: { username: string; password: string };
  bearer?: string;
  tls?: { caFile?: string };
  timeoutSeconds?: number;
}

/** Ends one attempt to write. */
export type Written =
  | { kind: "written" }
  | { kind: "refused"; status: number; reason: string; retryAfterSeconds: number | undefined }
  | { kind: "unreachable"; reason: string };

/** Writes bodies over kept-alive connections. */
export interface Writer {
  write(body: Buffer): Promise<Written>;
  close(): void;
}

const control = /[\u0000-\u001f\u007f-\u009f]+/g;

/** Opens a writer; throws when the CA file cannot be read. */
export function openWriter(receiver: Receiver): Writer {
  const url = new URL(receiver.url);
  const secure = url.protocol === "https:";
  const ca = receiver.tls?.caFile === undefined ? {} : { ca: readFileSync(receiver.tls.caFile) };
  const agent = secure ? new HttpsAgent({ keepAlive: true, maxSockets: 1, ...ca }) : new HttpAgent({ keepAlive: true, maxSockets: 1 });
  const { basic, bearer } = receiver;
  const authorization = basic
    ? `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString("base64")}`
    : bearer
      ? `Bearer ${bearer}`
      : undefined;
  const headers = {
    ...receiver.headers,
    ...(authorization ? { authorization } : {}),
    "content-type": "application/x-protobuf",
    "content-encoding": "snappy",
    "x-prometheus-remote-write-version": "0.1.0",
    "user-agent": "plimsoll",
  };
  const limit = (receiver.timeoutSeconds ?? 30) * 1000;
  return {
    write: (body) =>
      new Promise((resolve) => {
        const send = secure ? httpsRequest : httpRequest;
        const options = {
          agent,
          method: "POST",
          headers: { ...headers, "content-length": body.length },
          signal: AbortSignal.timeout(limit),
        };
        const request = send(url, options, (response) => void readAnswer(response).then(resolve));
        request.on("error", (error) =>
          resolve({
            kind: "unreachable",
            reason: error.name === "AbortError" || error.name === "TimeoutError" ? `no answer within ${limit / 1000} s` : error.message,
          }),
        );
        request.end(body);
      }),
    close: () => agent.destroy(),
  };
}

async function readAnswer(response: IncomingMessage): Promise<Written> {
  const status = response.statusCode ?? 0;
  try {
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) if (text.length < 1000) text += String(chunk);
    if (status >= 200 && status < 300) return { kind: "written" };
    const wait = Number(response.headers["retry-after"]);
    return {
      kind: "refused",
      status,
      reason: text.replace(control, " ").trim().slice(0, 300) || `status ${status}`,
      retryAfterSeconds: Number.isFinite(wait) && wait >= 0 ? wait : undefined,
    };
  } catch (error) {
    return { kind: "unreachable", reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Writes one body, once. */
export async function writeOnce(receiver: Receiver, body: Buffer): Promise<Written> {
  const writer = openWriter(receiver);
  try {
    return await writer.write(body);
  } finally {
    writer.close();
  }
}
