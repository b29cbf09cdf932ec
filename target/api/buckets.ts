import type { FastifyReply, FastifyRequest } from "fastify";
import type { Store } from "../store/store.ts";
import type { Api } from "./http.ts";
import { bucketParamsSchema, bytesSchema, emptySchema, errorBodySchema } from "./schemas.ts";

const octets = "application/octet-stream";
const theBytes = { description: "the bytes", content: { [octets]: { schema: bytesSchema } } };

/** What the bucket routes say of themselves; `contract.test.ts` holds it against `StorageApi`. */
export const bucketSchemas = {
  put: {
    summary: "Keep bytes under an id",
    consumes: [octets],
    params: bucketParamsSchema,
    // Fastify gives `null` for a request without a body.
    body: bytesSchema.nullable(),
    response: { 200: emptySchema, 400: errorBodySchema, 413: errorBodySchema, 500: errorBodySchema },
  },
  get: {
    summary: "Give the bytes back",
    params: bucketParamsSchema,
    response: { 200: theBytes, 400: errorBodySchema, 404: errorBodySchema, 500: errorBodySchema },
  },
  delete: {
    summary: "Remove a bucket",
    params: bucketParamsSchema,
    response: { 200: emptySchema, 400: errorBodySchema, 500: errorBodySchema },
  },
};

/** Makes every content type bytes: it is of no use here, and a malformed one must not refuse them. */
function ignoreContentType({ headers }: FastifyRequest, _reply: FastifyReply, done: () => void): void {
  if (headers["content-type"] !== undefined) headers["content-type"] = octets;
  done();
}

/** Serves `/api/buckets/:id`: any bytes of any content type, kept in the store that is given. */
export async function bucketRoutes(api: Api, { store }: { store: Store }): Promise<void> {
  api.removeAllContentTypeParsers();
  api.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

  api.put("/api/buckets/:id", { schema: bucketSchemas.put, onRequest: ignoreContentType }, async (request, reply) => {
    await store.put(request.params.id, request.body ?? new Uint8Array(0));
    return reply.code(200).send();
  });
  api.get("/api/buckets/:id", { schema: bucketSchemas.get }, (request, reply) => {
    const contents = store.get(request.params.id);
    if (contents === undefined) return void reply.code(404).send({ error: "not found" });
    const bytes = Buffer.from(contents.buffer, contents.byteOffset, contents.byteLength);
    reply.code(200).type(octets).send(bytes);
  });
  api.delete("/api/buckets/:id", { schema: bucketSchemas.delete }, async (request, reply) => {
    const existed = await store.delete(request.params.id);
    return existed ? reply.code(200).send() : reply.code(400).send({ error: "bad request" });
  });
}
