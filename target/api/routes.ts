import type { Api } from "./http.ts";
import { errorBodySchema, errorQuerySchema, healthSchema, jsonSchema, usersSchema } from "./schemas.ts";

/** What the users route says of itself. */
export const usersRouteSchema = { summary: "List the users", response: { 200: usersSchema, 500: errorBodySchema } };

const users = ["Ada", "Barbara", "Edsger", "Grace", "Tony"].map((name, index) => {
  return { id: index + 1, name, email: `${name.toLowerCase()}@example.org` };
});

/** Serves `GET /api/users`; each answer waits as long as `wait` does, as a database would. */
export async function usersRoute(api: Api, { wait }: { wait: () => Promise<void> }): Promise<void> {
  api.get("/api/users", { schema: usersRouteSchema }, async (_request, reply) => {
    await wait();
    return reply.code(200).send({ users });
  });
}

/** What the echo route says of itself. */
export const echoSchema = {
  summary: "Give the JSON back",
  body: jsonSchema,
  response: { 200: jsonSchema, 400: errorBodySchema, 413: errorBodySchema, 415: errorBodySchema, 500: errorBodySchema },
};

/** Serves `POST /api/echo`: the JSON that came, as it was understood. */
export async function echoRoute(api: Api): Promise<void> {
  api.removeContentTypeParser("text/plain");
  api.post("/api/echo", {
    schema: echoSchema,
    // A request without a body reads as `null`, which is JSON that nobody sent.
    preValidation: (request, reply, done) => {
      if (request.headers["content-type"] !== undefined) return done();
      reply.code(400).send({ error: "a JSON body is needed" });
    },
    // Written here: Fastify sends `null` and strings as they are, which is not JSON.
    handler: (request, reply) => {
      reply.code(200).type("application/json; charset=utf-8").send(JSON.stringify(request.body));
    },
  });
}

/** What the error route says of itself. */
export const errorRouteSchema = {
  summary: "Answer with an error, 400 for type=client, else 500",
  querystring: errorQuerySchema,
  response: { 400: errorBodySchema, 500: errorBodySchema },
};

/** Serves `GET /api/error`, which always fails. */
export async function errorRoute(api: Api): Promise<void> {
  api.get("/api/error", { schema: errorRouteSchema }, (request, reply) => {
    if (request.query.type === "client") return void reply.code(400).send({ error: "bad request" });
    reply.code(500).send({ error: "internal server error" });
  });
}

/** What the health routes say of themselves. */
export const healthSchemas = {
  liveness: { summary: "Is the process alive", response: { 200: healthSchema, 500: errorBodySchema } },
  readiness: { summary: "Can it take traffic", response: { 200: healthSchema, 500: errorBodySchema, 503: healthSchema } },
};

/** Serves `/health/liveness` and `/health/readiness`, which depends on both checks. */
export async function healthRoutes(api: Api, { stopping, storeReady }: Record<"stopping" | "storeReady", () => boolean>): Promise<void> {
  api.get("/health/liveness", { schema: healthSchemas.liveness }, (_request, reply) => void reply.code(200).send({ status: "ok" }));
  api.get("/health/readiness", { schema: healthSchemas.readiness }, (_request, reply) => {
    if (stopping()) return void reply.code(503).send({ status: "stopping" });
    if (!storeReady()) return void reply.code(503).send({ status: "unavailable" });
    reply.code(200).send({ status: "ok" });
  });
}
