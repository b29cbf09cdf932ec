import { mkdtempSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer, type ServerOptions } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeWrite } from "./body.ts";

/** Decides how a destination answers a body that came whole; without an answer it hangs. */
export type Answer = (body: Buffer, request: IncomingMessage, response: ServerResponse) => void;

/** A destination on loopback that keeps what came, in order. */
export interface TestReceiver {
  url: string;
  bodies: Buffer[];
  stop(): Promise<void>;
}

/** Takes everything. */
export const ok: Answer = (_, __, response) => void response.writeHead(204).end();

/** Answers with each status in turn, and takes everything after them. */
export function inTurn(statuses: number[], text = "", headers: Record<string, string> = {}): Answer {
  const left = [...statuses];
  return (_, __, response) => {
    const status = left.shift() ?? 204;
    response.writeHead(status, status === 204 ? {} : headers).end(status === 204 ? undefined : text);
  };
}

/** Starts a destination; `port` 0 is any free one. */
export async function startReceiver(answer: Answer, port = 0, secure?: ServerOptions): Promise<TestReceiver> {
  const bodies: Buffer[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      bodies.push(body);
      answer(body, request, response);
    });
  };
  const server = secure ? createSecureServer(secure, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const { port: taken } = server.address() as { port: number };
  return {
    url: `${secure ? "https" : "http"}://127.0.0.1:${taken}/api/v1/write`,
    bodies,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Makes a push of one counter. */
export const pushed = (value: number): Buffer =>
  encodeWrite([{ labels: { __name__: "k6_http_reqs_total" }, value, atMillis: value * 1000 }]);

/** Makes an empty folder. */
export const emptyFolder = (): string => mkdtempSync(join(tmpdir(), "plimsoll-relay-"));
