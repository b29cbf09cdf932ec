import type { Api } from "./http.ts";
import { errorBodySchema, healthSchema } from "./schemas.ts";

/** What the health routes say of themselves. */
export const healthSchemas = {
  liveness: { summary: "Is the process alive", response: { 200: healthSchema, 500: errorBodySchema } },
  readiness: { summary: "Can it take traffic", response: { 200: healthSchema, 500: errorBodySchema, 503: healthSchema } },
};

/** Tells what readiness depends on. */
export interface HealthChecks {
  stopping: () => boolean;
  storeReady: () => boolean;
}

/** Serves `/health/liveness` and `/health/readiness`. */
export async function healthRoutes(api: Api, { stopping, storeReady }: HealthChecks): Promise<void> {
  api.get("/health/liveness", { schema: healthSchemas.liveness }, (_request, reply) => void reply.code(200).send({ status: "ok" }));
  api.get("/health/readiness", { schema: healthSchemas.readiness }, (_request, reply) => {
    if (stopping()) return void reply.code(503).send({ status: "stopping" });
    if (!storeReady()) return void reply.code(503).send({ status: "unavailable" });
    reply.code(200).send({ status: "ok" });
  });
}
