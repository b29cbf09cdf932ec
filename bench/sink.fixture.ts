import { createServer } from "node:http";
import { parentPort } from "node:worker_threads";

/** A thread that takes whatever is posted to a free loopback port, looks at nothing and answers 204; it tells the port. */
const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  request.resume().on("end", () => response.writeHead(204).end());
});
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as { port: number };
  parentPort?.postMessage(port); // oxlint-disable-line unicorn/require-post-message-target-origin -- a thread, no window
});
