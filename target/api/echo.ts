import type { Api } from "./http.ts";
import { errorBodySchema, jsonSchema } from "./schemas.ts";

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
