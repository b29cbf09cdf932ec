import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Api } from "./api/routes.ts";
import { buildApp } from "./app.ts";
import { type Environment, parseEnvironment } from "./environment.ts";
import { openMemoryStore } from "./store/memory.ts";
import { openMongoStore } from "./store/mongodb.ts";
import { openSqliteStore } from "./store/sqlite.ts";
import type { Store } from "./store/store.ts";

/** How long a collector may take for the last spans. */
const lastSpansSeconds = 2;

/** Ends the process with a reason on stderr: 2 for a bad environment, 1 for what the machine refuses. */
function fail(status: 1 | 2, lines: string[]): never {
  process.stderr.write(lines.map((line) => `storage-api: ${line}\n`).join(""));
  process.exit(status);
}

async function orFail<T>(what: string, act: () => T): Promise<Awaited<T>> {
  try {
    return await act();
  } catch (error) {
    return fail(1, [`cannot ${what}: ${error instanceof Error ? error.message : String(error)}`]);
  }
}

async function openStore(environment: Environment): Promise<Store> {
  const { STORE, STORE_FILE = "", STORE_URL: url = "", STORE_USERNAME: username, STORE_PASSWORD: password } = environment;
  switch (STORE) {
    case "memory":
      return openMemoryStore();
    case "sqlite":
      return await orFail(`open STORE_FILE ${STORE_FILE}`, () => openSqliteStore(STORE_FILE));
    case "mongodb": {
      const login = username !== undefined && password !== undefined ? { username, password } : undefined;
      return await orFail("open STORE_URL", () => openMongoStore({ url, login }));
    }
  }
}

/**
 * Stops a listening service: waits `DRAIN_SECONDS` with readiness already saying no (the caller switches it), stops listening, lets requests
 * in flight finish, closes connections as they fall idle, and after `SHUTDOWN_SECONDS` cuts what is left; says whether it had to.
 */
async function stopGracefully(api: Api, { DRAIN_SECONDS, SHUTDOWN_SECONDS }: Environment): Promise<"clean" | "cut"> {
  // Every answer from now on sends its client to another server: none is cut off when the port closes, and the last scrape sees every request.
  api.server.prependListener("request", (_request, response: ServerResponse) => void response.setHeader("connection", "close"));
  await sleep(DRAIN_SECONDS * 1_000);
  let ending: "clean" | "cut" = "clean";
  // A connection that was busy when the port closed would be kept alive for its next request; we ask again.
  const idle = setInterval(() => api.server.closeIdleConnections(), 25);
  const limit = setTimeout(() => {
    ending = "cut";
    api.server.closeAllConnections();
  }, SHUTDOWN_SECONDS * 1_000);
  await api.close().finally(() => {
    clearInterval(idle);
    clearTimeout(limit);
  });
  return ending;
}

async function main(): Promise<void> {
  const parsed = parseEnvironment(process.env);
  if (parsed.kind === "problems") fail(2, parsed.problems);
  const { environment } = parsed;
  const { HOST, PORT, SHUTDOWN_SECONDS } = environment;
  const store = await openStore(environment);
  let stopping = false;
  // Imported only where it is asked for: it would cost each start its time and memory.
  const tracing = environment.OTEL_EXPORTER_OTLP_ENDPOINT && (await import("./tracing.ts")).openTracing(environment);
  const api = await buildApp({ ...environment, store, stopping: () => stopping, tracing: tracing || undefined });
  const stop = async (signal: string): Promise<void> => {
    if (stopping) process.exit(1);
    stopping = true;
    api.log.info({ signal }, "stopping");
    const ending = await stopGracefully(api, environment);
    await store.close();
    if (tracing) await Promise.race([tracing.close().catch(() => undefined), sleep(lastSpansSeconds * 1_000)]);
    if (ending === "cut") api.log.warn({ shutdownSeconds: SHUTDOWN_SECONDS }, "requests were cut at the end of the time allowed");
    process.exit(ending === "clean" ? 0 : 1);
  };
  process.once("uncaughtException", (error) => {
    api.log.fatal({ err: error }, "ended by an error that nobody caught");
    // Spans of what was under way go once a second.
    setTimeout(() => process.exit(1), lastSpansSeconds * 1_000);
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop(signal));
  const listenTextResolver = (address: string): string => `bound to ${address}`;
  await orFail(`listen on ${HOST}:${PORT}`, () => api.listen({ host: HOST, port: PORT, listenTextResolver }));
  const { address, family, port } = api.server.address() as AddressInfo;
  // At whatever level: who started the process waits for this line.
  const line = { address: `http://${family === "IPv6" ? `[${address}]` : address}:${port}` };
  api.log.child({}, { level: "info" }).info(line, "listening");
}

await main();
