import type { AddressInfo } from "node:net";
import type { Api } from "./api/http.ts";
import { buildApp } from "./app.ts";
import { type Environment, parseEnvironment } from "./environment.ts";
import { stopGracefully } from "./shutdown.ts";
import { openMemoryStore } from "./store/memory.ts";
import { openSqliteStore } from "./store/sqlite.ts";
import type { Store } from "./store/store.ts";

/** Ends the process with a reason on stderr: 2 for a bad environment, 1 for what the machine refuses. */
function fail(status: 1 | 2, lines: string[]): never {
  process.stderr.write(lines.map((line) => `storage-api: ${line}\n`).join(""));
  process.exit(status);
}

function openStore({ STORE, STORE_FILE }: Environment): Store {
  if (STORE === "memory") return openMemoryStore();
  const file = STORE_FILE ?? "";
  try {
    return openSqliteStore(file);
  } catch (error) {
    return fail(1, [`cannot open STORE_FILE ${file}: ${messageOf(error)}`]);
  }
}

async function listen(api: Api, { HOST, PORT }: Environment): Promise<string> {
  try {
    await api.listen({ host: HOST, port: PORT, listenTextResolver: (address) => `bound to ${address}` });
  } catch (error) {
    return fail(1, [`cannot listen on ${HOST}:${PORT}: ${messageOf(error)}`]);
  }
  const { address, family, port } = api.server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function main(): Promise<void> {
  const parsed = parseEnvironment(process.env);
  if (parsed.kind === "problems") fail(2, parsed.problems);
  const { environment } = parsed;
  const store = openStore(environment);
  let stopping = false;
  const api = await buildApp({
    store,
    logLevel: environment.LOG_LEVEL,
    bucketMaxBytes: environment.BUCKET_MAX_BYTES,
    durationBuckets: environment.DURATION_BUCKETS,
    metrics: environment.METRICS === "on",
    faults: environment.FAULTS,
    faultsAdmin: environment.FAULTS_ADMIN === "on" ? { kind: "on", token: environment.FAULTS_TOKEN } : { kind: "off" },
    stopping: () => stopping,
  });
  const stop = async (signal: string): Promise<void> => {
    if (stopping) process.exit(1);
    stopping = true;
    api.log.info({ signal }, "stopping");
    const ending = await stopGracefully(api, { drainSeconds: environment.DRAIN_SECONDS, shutdownSeconds: environment.SHUTDOWN_SECONDS });
    await store.close();
    if (ending === "cut")
      api.log.warn({ shutdownSeconds: environment.SHUTDOWN_SECONDS }, "requests were cut at the end of the time allowed");
    process.exit(ending === "clean" ? 0 : 1);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop(signal));
  const address = await listen(api, environment);
  // At whatever level: who started the process waits for this line.
  api.log.child({}, { level: "info" }).info({ address }, "listening");
}

await main();
