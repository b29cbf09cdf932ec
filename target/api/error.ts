import type { Api } from "./http.ts";
import { errorBodySchema, errorQuerySchema } from "./schemas.ts";

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
