import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { z } from "zod";
import { inStore } from "../correlation.ts";
import type { Store } from "../store/store.ts";
import { contract, octets } from "./contract.ts";

export type Api = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;

const names = ["Ada", "Barbara", "Edsger", "Grace", "Tony"];
const users = names.map((name, index) => ({ id: index + 1, name, email: `${name.toLowerCase()}@example.org` }));

/** Serves `/api/buckets` and `/api/buckets/:id`: any bytes of any content type, kept in the store that is given. */
export async function bucketRoutes(api: Api, { store }: { store: Store }): Promise<void> {
  api.removeAllContentTypeParsers();
  api.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  // Every content type is bytes: it is of no use here, and a malformed one must not refuse them.
  api.addHook("onRequest", ({ method, headers }, _reply, done) => {
    if (method === "PUT" && headers["content-type"] !== undefined) headers["content-type"] = octets;
    done();
  });
  api.get("/api/buckets", { schema: contract["GET /api/buckets"] }, async (request, reply) => {
    const { limit, after } = request.query;
    // One more than asked for tells whether there is a next page.
    const found = await inStore(request, "list", () => store.list(limit + 1, after));
    const buckets = found.slice(0, limit);
    return reply.code(200).send({ buckets, next: found.length > limit ? (buckets.at(-1)?.id ?? null) : null });
  });
  api.put("/api/buckets/:id", { schema: contract["PUT /api/buckets/:id"] }, async (request, reply) => {
    const body = request.body ?? new Uint8Array(0);
    await inStore(request, "put", () => store.put(request.params.id, body));
    return reply.code(200).send();
  });
  api.get("/api/buckets/:id", { schema: contract["GET /api/buckets/:id"] }, async (request, reply) => {
    const contents = await inStore(request, "get", () => store.get(request.params.id));
    if (contents === undefined) return reply.code(404).send({ error: "not found" });
    const bytes = Buffer.from(contents.buffer, contents.byteOffset, contents.byteLength);
    return reply.code(200).type(octets).send(bytes);
  });
  api.delete("/api/buckets/:id", { schema: contract["DELETE /api/buckets/:id"] }, async (request, reply) => {
    const existed = await inStore(request, "delete", () => store.delete(request.params.id));
    return existed ? reply.code(200).send() : reply.code(400).send({ error: "bad request" });
  });
}

/** Serves what answers JSON; each answer of the users waits as long as `wait` does, as a database would, and readiness depends on both checks. */
export async function jsonRoutes(
  api: Api,
  { wait, stopping, store }: { wait: () => Promise<void>; stopping: () => boolean; store: Pick<Store, "problem"> },
): Promise<void> {
  api.removeContentTypeParser("text/plain");
  api.get("/api/users", { schema: contract["GET /api/users"] }, async (_request, reply) => {
    await wait();
    return reply.code(200).send({ users });
  });
  api.post("/api/echo", {
    schema: contract["POST /api/echo"],
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
  api.get("/api/error", { schema: contract["GET /api/error"] }, (request, reply) => {
    if (request.query.type === "client") return void reply.code(400).send({ error: "bad request" });
    reply.code(500).send({ error: "internal server error" });
  });
  healthRoutes(api, stopping, store.problem);
  const document = { summary: "This document", response: { 200: z.looseObject({ openapi: z.string() }) } };
  api.get("/openapi.json", { schema: document }, (_request, reply) => void reply.code(200).send({ ...api.swagger(), openapi: "3.1.0" }));
}

/** Serves whether the process is alive, and whether it can take traffic: not while it stops, nor while there is a problem. */
export function healthRoutes(api: Api, stopping: () => boolean, problem: Store["problem"]): void {
  api.get("/health/liveness", { schema: contract["GET /health/liveness"] }, (_, reply) => void reply.code(200).send({ status: "ok" }));
  api.get("/health/readiness", { schema: contract["GET /health/readiness"] }, async (_request, reply) => {
    if (stopping()) return reply.code(503).send({ status: "stopping" });
    const reason = await problem();
    if (reason !== undefined) return reply.code(503).send({ status: "unavailable", reason });
    return reply.code(200).send({ status: "ok" });
  });
}
