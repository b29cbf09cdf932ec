import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { errorMessage } from "../../host/error-message.ts";

/** Answers a push: an HTTP status and a line of text. */
export interface Reply {
  status: number;
  text: string;
}

/** Hears pushes on a loopback port. */
export interface Intake {
  kind: "listening";
  url: string;
  close(): Promise<void>;
}

const path = "/api/v1/write";
const mostBodyBytes = 64 * 1024 * 1024;

/** Listens on 127.0.0.1; `take` decides about a whole body, `turnAway` hears why one was not even read. */
export async function startIntake(
  take: (body: Buffer) => Reply,
  turnAway: (reason: string) => void,
): Promise<Intake | { kind: "failed"; message: string }> {
  const server = createServer((request, response) => void answer(request, response, take, turnAway));
  // k6 never repeats a push, so an idle connection must not close just when the next one begins.
  server.keepAliveTimeout = 0;
  const listening = await new Promise<{ port: number } | Error>((resolve) => {
    server.on("error", resolve);
    server.listen(0, "127.0.0.1", () => resolve(server.address() as { port: number }));
  });
  if (listening instanceof Error) return { kind: "failed", message: `the relay cannot listen on 127.0.0.1: ${errorMessage(listening)}` };
  return {
    kind: "listening",
    url: `http://127.0.0.1:${listening.port}${path}`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  take: (body: Buffer) => Reply,
  turnAway: (reason: string) => void,
): Promise<void> {
  const reply = ({ status, text }: Reply): ServerResponse => response.writeHead(status, { "content-type": "text/plain" }).end(text);
  if (request.url !== path) return void reply({ status: 404, text: `only POST ${path} is served\n` });
  if (request.method !== "POST") return void reply({ status: 405, text: `only POST ${path} is served\n` });
  if (/io\.prometheus\.write\.v2/.test(request.headers["content-type"] ?? "")) {
    turnAway("it is remote write 2.0, and the relay takes 1.0");
    return void reply({ status: 415, text: "only remote write 1.0 is taken\n" });
  }
  const body = await readAll(request);
  if (body === "cut") return; // by the sender: nothing was taken
  if (body !== "large") return void reply(take(body));
  turnAway(`it has more than ${mostBodyBytes} bytes`);
  reply({ status: 413, text: `a body may hold ${mostBodyBytes} bytes\n` }).once("finish", () => request.destroy());
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
