import { createServer } from "node:http";

/** Is an HTTP server of this process that takes remote writes, looks at nothing and answers 204. */
export interface Sink {
  url: string;
  close: () => Promise<void>;
}

/** Opens a sink on a free loopback port. */
export async function openSink(): Promise<Sink> {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => response.writeHead(204).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/api/v1/write`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
