import Fastify, { LogController, type FastifyServerOptions } from "fastify";
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Api } from "./api/routes.ts";
import type { Environment } from "./environment.ts";
import { requestIds } from "./requests.ts";

type Settings = Pick<Environment, "LOG_LEVEL" | "BUCKET_MAX_BYTES">;

/** Makes what each service here stands on: its log, ids of requests that begin with `prefix`, zod as its types. */
export function createService(prefix: string, { LOG_LEVEL, BUCKET_MAX_BYTES }: Settings, more: FastifyServerOptions = {}): Api {
  const service = Fastify({
    logger: { level: LOG_LEVEL },
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIds(`${prefix}-${randomBytes(4).toString("hex")}`),
    bodyLimit: BUCKET_MAX_BYTES,
    // What comes in while the service stops is served, and so counted, like any other request.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    // Longer than a header can be: the schema answers for long ids, with 400.
    routerOptions: { maxParamLength: 65_536 },
    ...more,
  }).withTypeProvider<ZodTypeProvider>();
  // One logger for all requests: a child for each costs more than the lines that name the id themselves.
  service.setChildLoggerFactory((logger) => logger);
  service.setValidatorCompiler(validatorCompiler);
  service.setSerializerCompiler(serializerCompiler);
  service.setNotFoundHandler((_request, reply) => void reply.code(404).send({ error: "not found" }));
  return service;
}

/** Ends the process with a reason on stderr: 2 for a bad environment, 1 for what the machine refuses. */
export function fail(name: string, status: 1 | 2, lines: string[]): never {
  process.stderr.write(lines.map((line) => `${name}: ${line}\n`).join(""));
  process.exit(status);
}

export async function orFail<T>(name: string, what: string, act: () => T): Promise<Awaited<T>> {
  try {
    return await act();
  } catch (error) {
    return fail(name, 1, [`cannot ${what}: ${error instanceof Error ? error.message : String(error)}`]);
  }
}

/**
 * Stops a listening service: waits `DRAIN_SECONDS` with readiness already saying no (the caller switches it), stops listening, lets requests
 * in flight finish, closes connections as they fall idle, and after `SHUTDOWN_SECONDS` cuts what is left; says whether it had to.
 */
async function stopGracefully(service: Api, { DRAIN_SECONDS, SHUTDOWN_SECONDS }: Environment): Promise<"clean" | "cut"> {
  // Every answer from now on sends its client to another server: none is cut off when the port closes, and the last scrape sees every request.
  service.server.prependListener("request", (_request, response: ServerResponse) => void response.setHeader("connection", "close"));
  await sleep(DRAIN_SECONDS * 1_000);
  let ending: "clean" | "cut" = "clean";
  // A connection that was busy when the port closed would be kept alive for its next request; we ask again.
  const idle = setInterval(() => service.server.closeIdleConnections(), 25);
  const limit = setTimeout(() => {
    ending = "cut";
    service.server.closeAllConnections();
  }, SHUTDOWN_SECONDS * 1_000);
  await service.close().finally(() => {
    clearInterval(idle);
    clearTimeout(limit);
  });
  return ending;
}

/** Listens until a signal, then stops gracefully, lets go of the rest by `release`, and ends the process; a second signal ends it at once. */
export async function serve(
  name: string,
  environment: Environment,
  build: (stopping: () => boolean) => Promise<Api>,
  release: () => Promise<void> = async () => undefined,
): Promise<void> {
  const { HOST, PORT, SHUTDOWN_SECONDS } = environment;
  let stopping = false;
  const service = await build(() => stopping);
  const stop = async (signal: string): Promise<void> => {
    if (stopping) process.exit(1);
    stopping = true;
    service.log.info({ signal }, "stopping");
    const ending = await stopGracefully(service, environment);
    await release();
    if (ending === "cut") service.log.warn({ shutdownSeconds: SHUTDOWN_SECONDS }, "requests were cut at the end of the time allowed");
    process.exit(ending === "clean" ? 0 : 1);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop(signal));
  const listenTextResolver = (address: string): string => `bound to ${address}`;
  await orFail(name, `listen on ${HOST}:${PORT}`, () => service.listen({ host: HOST, port: PORT, listenTextResolver }));
  const { address, family, port } = service.server.address() as AddressInfo;
  // At whatever level: who started the process waits for this line.
  const line = { address: `http://${family === "IPv6" ? `[${address}]` : address}:${port}` };
  service.log.child({}, { level: "info" }).info(line, "listening");
}
