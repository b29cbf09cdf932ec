import swagger from "@fastify/swagger";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Api } from "./http.ts";

const openApiRouteSchema = { summary: "This document", response: { 200: z.looseObject({ openapi: z.string() }) } };

/** Collects the routes that are registered after it, from their zod schemas. */
export async function collectOpenApi(api: Api): Promise<void> {
  const info = { title: "Storage API", version: "1.0.0", description: "The reference service that Plimsoll loads." };
  const openapi = { openapi: "3.1.0", info };
  await api.register(swagger, { openapi, transform: jsonSchemaTransform, transformObject: jsonSchemaTransformObject });
}

/** Serves the OpenAPI 3.1 document at `GET /openapi.json`. */
export async function openApiRoute(api: Api): Promise<void> {
  api.get("/openapi.json", { schema: openApiRouteSchema }, (_request, reply) => {
    reply.code(200).send({ ...api.swagger(), openapi: "3.1.0" });
  });
}
