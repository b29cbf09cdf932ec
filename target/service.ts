import Fastify, { LogController, type FastifyError, type FastifyReply } from "fastify";
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { answerError, refuseMalformed } from "./api/refusals.ts";
import type { Api } from "./api/routes.ts";
import type { Environment } from "./environment.ts";
import { type Metrics, registerMetrics } from "./metrics.ts";
import { followRequests, requestIds } from "./requests.ts";
import type { Tracing } from "./tracing.ts";

export interface Watch {
  /** Takes the log lines instead of stdout. */
  logStream?: { write(line: string): void };
  tracing?: Tracing | undefined;
}

/** Opens a service that logs and counts its requests and answers errors as JSON, ready for its routes; `idPrefix` begins the ids that it gives. */
export async function openService(
  idPrefix: string,
  { LOG_LEVEL, BUCKET_MAX_BYTES, METRICS, DURATION_BUCKETS }: Environment,
  watch: Watch = {},
) {
  const { logStream, tracing } = watch;
  let metrics: Metrics | undefined;
  const api: Api = Fastify({
    logger: { level: LOG_LEVEL, ...(logStream && { stream: logStream }) },
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIds(`${idPrefix}-${randomBytes(4).toString("hex")}`),
    bodyLimit: BUCKET_MAX_BYTES,
    // What comes in while the service stops is served, and so counted, like any other request.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    // Longer than a header can be: the schema answers for long ids, with 400.
    routerOptions: { maxParamLength: 65_536 },
    // A path that cannot be decoded comes to no route and no hook; it is counted and logged here.
    frameworkErrors: (_error, request, reply) => {
      reply.raw.once("close", () => metrics?.unrouted(request.method, 400));
      metrics?.error("bad_request");
      api.log.info({ reqId: request.id, method: request.method, url: request.url, statusCode: 400 }, "request");
      const plain: FastifyReply = reply;
      plain.header("x-request-id", request.id).code(400).send({ error: "bad request" });
    },
    clientErrorHandler: (error, socket) => refuseMalformed(error, socket, () => metrics?.error("malformed")),
  }).withTypeProvider<ZodTypeProvider>();
  // One logger for all requests: a child for each costs more than the lines that name the id themselves.
  api.setChildLoggerFactory((logger) => logger);
  api.setValidatorCompiler(validatorCompiler);
  api.setSerializerCompiler(serializerCompiler);
  api.setNotFoundHandler((_request, reply) => void reply.code(404).send({ error: "not found" }));
  api.setErrorHandler((error: FastifyError, request, reply) => answerError(error, request, reply, BUCKET_MAX_BYTES));
  if (METRICS === "on") metrics = await registerMetrics(api, DURATION_BUCKETS);
  followRequests(api, ["trace", "debug", "info"].includes(LOG_LEVEL), metrics, tracing);
  return { api, metrics };
}

/** Ends the process with a reason on stderr: 2 for a bad environment, 1 for what the machine refuses. */
export function fail(service: string, status: 1 | 2, lines: string[]): never {
  process.stderr.write(lines.map((line) => `${service}: ${line}\n`).join(""));
  process.exit(status);
}

/** Gives what an act gives, or ends the process where the machine refuses it. */
export async function orFail<T>(service: string, what: string, act: () => T): Promise<Awaited<T>> {
  try {
    return await act();
  } catch (error) {
    return fail(service, 1, [`cannot ${what}: ${error instanceof Error ? error.message : String(error)}`]);
  }
}

let isStopping = false;
export const stopping = (): boolean => isStopping;

/** Listens until a signal comes, then stops and ends the process; `close` lets go of what the service used. A second signal ends it at once. */
export async function serve(name: string, api: Api, environment: Environment, close: () => Promise<void>): Promise<void> {
  const { HOST, PORT, SHUTDOWN_SECONDS } = environment;
  const stop = async (signal: string): Promise<void> => {
    if (isStopping) process.exit(1);
    isStopping = true;
    api.log.info({ signal }, "stopping");
    const ending = await stopGracefully(api, environment);
    await close();
    if (ending === "cut") api.log.warn({ shutdownSeconds: SHUTDOWN_SECONDS }, "requests were cut at the end of the time allowed");
    process.exit(ending === "clean" ? 0 : 1);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop(signal));
  const listening = { host: HOST, port: PORT, listenTextResolver: (address: string) => `bound to ${address}` };
  const address = await orFail(name, `listen on ${HOST}:${PORT}`, () => api.listen(listening));
  // At whatever level: who started the process waits for this line.
  api.log.child({}, { level: "info" }).info({ address }, "listening");
}

/** Stops: not ready for `DRAIN_SECONDS`, then no longer listening; requests in flight finish, idle connections close, and what is left after `SHUTDOWN_SECONDS` is cut; says whether it had to. */
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
