import { createServer, type IncomingMessage } from "node:http";
import { errorMessage } from "../../host/error-message.ts";

/** An answer to a push: an HTTP status and a line of text. */
export interface Reply {
  status: number;
  text: string;
}

/** What answers pushes. */
export interface Taker {
  /** Answers a whole body. */
  take(body: Buffer): Reply;
  /** Answers a push that is not even read, for a reason. */
  unread(status: number, reason: string, text: string): Reply;
}

const path = "/api/v1/write";
const mostBodyBytes = 64 * 1024 * 1024;

/** Starts a server for pushes on a port of 127.0.0.1. */
export async function startIntake(taker: Taker) {
  const server = createServer((request, response) => {
    void replyTo(request, taker).then((reply) => {
      if (reply === undefined) return;
      response.writeHead(reply.status, { "content-type": "text/plain" }).end(reply.text);
      if (reply.status === 413) response.once("finish", () => request.destroy());
    });
  });
  // k6 never repeats a push, so an idle connection must not close just when the next one begins.
  server.keepAliveTimeout = 0;
  const listening = await new Promise<{ port: number } | Error>((resolve) => {
    server.on("error", resolve);
    server.listen(0, "127.0.0.1", () => resolve(server.address() as { port: number }));
  });
  if (listening instanceof Error)
    return { kind: "failed" as const, message: `the relay cannot listen on 127.0.0.1: ${errorMessage(listening)}` };
  return {
    kind: "listening" as const,
    url: `http://127.0.0.1:${listening.port}${path}`,
    close(): Promise<void> {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Answers a request; undefined where its sender cut it off, for then nothing was taken. */
async function replyTo(request: IncomingMessage, { take, unread }: Taker): Promise<Reply | undefined> {
  if (request.url !== path || request.method !== "POST")
    return { status: request.url === path ? 405 : 404, text: `only POST ${path} is served\n` };
  if (/io\.prometheus\.write\.v2/.test(request.headers["content-type"] ?? ""))
    return unread(415, "it is remote write 2.0, and the relay takes 1.0", "only remote write 1.0 is taken");
  const body = await readAll(request);
  if (body === "cut") return undefined;
  if (body === "large") return unread(413, `it has more than ${mostBodyBytes} bytes`, `a body may hold ${mostBodyBytes} bytes`);
  return take(body);
}

async function readAll(request: IncomingMessage): Promise<Buffer | "cut" | "large"> {
  if (Number(request.headers["content-length"]) > mostBodyBytes) return "large";
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      bytes += (chunk as Buffer).length;
      if (bytes > mostBodyBytes) return "large";
      chunks.push(chunk as Buffer);
    }
  } catch {
    return "cut";
  }
  return Buffer.concat(chunks);
}
