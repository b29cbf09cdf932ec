import { setTimeout as sleep } from "node:timers/promises";
import { buildApp } from "./app.ts";
import { type Environment, parseEnvironment } from "./environment.ts";
import { fail, orFail, serve, stopping } from "./service.ts";
import { openMemoryStore } from "./store/memory.ts";
import { openMongoStore } from "./store/mongodb.ts";
import { openSqliteStore } from "./store/sqlite.ts";
import type { Store } from "./store/store.ts";

const name = "storage-api";
/** How long a collector may take for the last spans. */
const lastSpansSeconds = 2;

async function openStore(environment: Environment): Promise<Store> {
  const { STORE, STORE_FILE = "", STORE_URL: url = "", STORE_USERNAME: username, STORE_PASSWORD: password } = environment;
  switch (STORE) {
    case "memory":
      return openMemoryStore();
    case "sqlite":
      return await orFail(name, `open STORE_FILE ${STORE_FILE}`, () => openSqliteStore(STORE_FILE));
    case "mongodb": {
      const login = username !== undefined && password !== undefined ? { username, password } : undefined;
      return await orFail(name, "open STORE_URL", () => openMongoStore({ url, login }));
    }
  }
}

const parsed = parseEnvironment(process.env);
if (parsed.kind === "problems") fail(name, 2, parsed.problems);
const { environment } = parsed;
const store = await openStore(environment);
// Imported only where it is asked for: it would cost each start its time and memory.
const traced = environment.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined;
const tracing = traced ? (await import("./tracing.ts")).openTracing(environment) : undefined;
const api = await buildApp({ ...environment, store, stopping, tracing });
process.once("uncaughtException", (error) => {
  api.log.fatal({ err: error }, "ended by an error that nobody caught");
  // Spans of what was under way go once a second.
  setTimeout(() => process.exit(1), lastSpansSeconds * 1_000);
});
await serve(name, api, environment, async () => {
  await store.close();
  if (tracing) await Promise.race([tracing.close().catch(() => undefined), sleep(lastSpansSeconds * 1_000)]);
});
