import { createServer, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { errorMessage } from "../../host/error-message.ts";

/** An answer to a push: an HTTP status and a line of text. */
export interface Reply {
  status: number;
  text: string;
}

const path = "/api/v1/write";

/** Starts a server for pushes on a port of 127.0.0.1; `take` answers a whole body. */
export async function startIntake(take: (body: Buffer) => Reply) {
  const server = createServer((request, response) => {
    void replyTo(request, take).then(
      (reply) => reply && response.writeHead(reply.status, { "content-type": "text/plain" }).end(reply.text),
    );
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
async function replyTo(request: IncomingMessage, take: (body: Buffer) => Reply): Promise<Reply | undefined> {
  if (request.url !== path || request.method !== "POST") return { status: 404, text: `only POST ${path} is served\n` };
  const body = await buffer(request).catch(() => undefined);
  return body && take(body);
}
