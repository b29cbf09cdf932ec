import Fastify, { LogController, type FastifyError, type FastifyReply } from "fastify";
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { bucketRoutes } from "./api/buckets.ts";
import type { Api } from "./api/http.ts";
import { answerError, refuseMalformed } from "./api/refusals.ts";
import { collectOpenApi, openApiRoute } from "./api/openapi.ts";
import { echoRoute, errorRoute, healthRoutes, usersRoute } from "./api/routes.ts";
import { faultAdminRoutes, type FaultAdmin } from "./faults/admin.ts";
import { createFaultEngine, seededRandom } from "./faults/engine.ts";
import { type FaultClock, injectFaults } from "./faults/hooks.ts";
import type { FaultRule } from "./faults/rules.ts";
import { type Metrics, registerMetrics } from "./metrics.ts";
import { followRequests, requestIds, settleRequests } from "./requests.ts";
import type { Store } from "./store/store.ts";

/** The histogram's upper bounds in seconds when nothing else is asked for. */
export const defaultDurationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** What the service is made of; everything but the store has a default. */
export interface AppOptions {
  /** Kept open by whoever opened it. */
  store: Store;
  logLevel?: string;
  /** Takes the log lines instead of stdout. */
  logStream?: { write(line: string): void };
  bucketMaxBytes?: number;
  /** The histogram's upper bounds in seconds, ascending. */
  durationBuckets?: readonly number[];
  metrics?: boolean;
  faults?: readonly FaultRule[];
  faultsAdmin?: { kind: "off" } | { kind: "on"; token: string | undefined };
  /** Tells whether readiness must say no. */
  stopping?: () => boolean;
  clock?: FaultClock;
}

const systemClock: FaultClock = { now: () => performance.now() / 1_000, wait: (seconds) => sleep(seconds * 1_000) };

/** Builds the storage API, ready to listen or to be asked by `inject`; throws only on a bug. */
export async function buildApp(options: AppOptions): Promise<Api> {
  const clock = options.clock ?? systemClock;
  const bucketMaxBytes = options.bucketMaxBytes ?? 1_048_576;
  const sink: { metrics: Metrics | undefined } = { metrics: undefined };
  const api = createServer(options, bucketMaxBytes, sink);
  const logged = ["trace", "debug", "info"].includes(options.logLevel ?? "info");
  followRequests(api, logged);
  if (options.metrics !== false) sink.metrics = await registerMetrics(api, options.durationBuckets ?? defaultDurationBuckets);
  const { metrics } = sink;
  if (metrics !== undefined || logged) settleRequests(api, metrics);
  const engine = createFaultEngine((method, route, kind) => metrics?.fault(method, route, kind));
  injectFaults(api, engine, clock);
  const activate = async (rules: readonly FaultRule[]): Promise<void> => {
    await metrics?.expectFaults(rules);
    engine.set(rules, clock.now());
  };
  await registerRoutes(api, options, clock, { engine, activate });
  api.addHook("onReady", () => activate(options.faults ?? []));
  return api;
}

async function registerRoutes(api: Api, options: AppOptions, clock: FaultClock, faults: Omit<FaultAdmin, "token">): Promise<void> {
  const { store, stopping = () => false, faultsAdmin } = options;
  const random = seededRandom(1);
  await collectOpenApi(api);
  await api.register(bucketRoutes, { store });
  // One to five milliseconds: varying, and far below every objective.
  await api.register(usersRoute, { wait: () => clock.wait(0.001 + 0.004 * random()) });
  await api.register(echoRoute);
  await api.register(errorRoute);
  await api.register(healthRoutes, { stopping, storeReady: () => store.ready() });
  await api.register(openApiRoute);
  if (faultsAdmin?.kind === "on") await api.register(faultAdminRoutes, { ...faults, token: faultsAdmin.token });
}

function createServer(options: AppOptions, bucketMaxBytes: number, sink: { metrics: Metrics | undefined }): Api {
  const ids = requestIds(`req-${randomBytes(4).toString("hex")}`);
  const api = Fastify({
    logger: { level: options.logLevel ?? "info", ...(options.logStream === undefined ? {} : { stream: options.logStream }) },
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: ids,
    bodyLimit: bucketMaxBytes,
    // What comes in while the service stops is served, and so counted, like any other request.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    // Longer than a header can be: the schema answers for long ids, with 400.
    routerOptions: { maxParamLength: 65_536 },
    // A path that cannot be decoded comes to no route and no hook; it is counted and logged here.
    frameworkErrors: (_error, request, reply) => {
      reply.raw.once("close", () => sink.metrics?.unrouted(request.method, 400));
      sink.metrics?.error("bad_request");
      request.log.info({ reqId: request.id, method: request.method, url: request.url, statusCode: 400 }, "request");
      const plain: FastifyReply = reply;
      plain.header("x-request-id", request.id).code(400).send({ error: "bad request" });
    },
    clientErrorHandler: (error, socket) => refuseMalformed(error, socket, () => sink.metrics?.error("malformed")),
  }).withTypeProvider<ZodTypeProvider>();
  // One logger for all requests: a child for each costs more than the lines that name the id themselves.
  api.setChildLoggerFactory((logger) => logger);
  api.setValidatorCompiler(validatorCompiler);
  api.setSerializerCompiler(serializerCompiler);
  api.setNotFoundHandler((_request, reply) => void reply.code(404).send({ error: "not found" }));
  api.setErrorHandler((error: FastifyError, request, reply) => answerError(error, request, reply, bucketMaxBytes));
  return api;
}
