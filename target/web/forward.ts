import type { FastifyReply, FastifyRequest } from "fastify";
import { request as ask, type IncomingMessage } from "node:http";

/** Longer than the storage API takes to say that its store is gone. */
const limitMilliseconds = 10_000;

/** What of a request the storage API is told beside its body: what it is, and whose. */
const told = ["content-type", "traceparent", "tracestate", "baggage"];

/** Makes the handler that asks a storage API the same, and gives its answer as it is; 502 or 504 where there is none. */
export function forwarder(api: URL): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  return async (request, reply) => {
    const signal = AbortSignal.timeout(limitMilliseconds);
    try {
      const answer = await forward(api, request, signal);
      return reply
        .code(answer.statusCode ?? 502)
        .type(answer.headers["content-type"] ?? "application/octet-stream")
        .send(answer);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      request.log.warn({ reqId: request.id, reason }, "the storage API gave no answer");
      return reply.code(signal.aborted ? 504 : 502).send({ error: "the storage API gave no answer" });
    }
  };
}

function forward(api: URL, { raw, headers, body, id }: FastifyRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const kept = told.flatMap((name): [string, string][] => (typeof headers[name] === "string" ? [[name, headers[name]]] : []));
  return new Promise((resolve, reject) => {
    const asked = ask({
      hostname: api.hostname,
      port: api.port,
      // As it came: a URL would take an id of two dots for a step upwards.
      path: raw.url,
      method: raw.method,
      headers: { ...Object.fromEntries(kept), "x-request-id": id },
      // No connection is kept, so none can have been closed by a pod that went.
      agent: false,
      signal,
    });
    asked.once("response", resolve).once("error", reject);
    asked.end(body instanceof Uint8Array ? body : undefined);
  });
}
