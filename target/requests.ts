import type { FastifyReply, FastifyRequest } from "fastify";
import type { Socket } from "node:net";
import type { Api } from "./api/routes.ts";
import { callerOf, type RequestTrace, testidOf } from "./correlation.ts";
import type { FaultKind } from "./faults/rules.ts";
import { clientGoneStatus, droppedStatus, errorTypeOf, type Metrics } from "./metrics.ts";
import type { Tracing } from "./tracing.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The kind of fault that spoilt this request, `null` for none. */
    injectedFault: FaultKind | null;
    /** What the store is to wait for first, because of a fault; `null` for nothing. */
    storeDelay: (() => Promise<void>) | null;
    /** `null` where the request is not traced. */
    trace: RequestTrace | null;
  }
}

const saneId = /^[A-Za-z0-9._:-]{1,128}$/;

/** Makes the function that gives each request its id: the client's `x-request-id` when it is sane, else one of ours. */
export function requestIds(prefix: string): (request: { headers: Record<string, string | string[] | undefined> }) => string {
  let count = 0;
  return ({ headers }) => {
    const given = headers["x-request-id"];
    return typeof given === "string" && saneId.test(given) ? given : `${prefix}-${(count += 1)}`;
  };
}

/**
 * Echoes the request id, traces requests below `/api/`, counts requests in flight and errors by type, and writes one log line for each request where `logged`, and else for
 * those that a fault made fail: bugs have theirs. For counters and log it ends each request whose connection closed before its answer was sent:
 * Fastify runs `onResponse` on the answer's `finish` or `error`, and a lost connection gives neither; we raise the `error`. Fastify takes its
 * listeners off at the first of the two, so no request can be counted twice.
 */
export function followRequests(api: Api, logged: boolean, metrics: Metrics | undefined, tracing: Tracing | undefined): void {
  const open = new WeakMap<Socket, Set<FastifyReply>>();
  const watch = (socket: Socket): Set<FastifyReply> => {
    const replies = new Set<FastifyReply>();
    open.set(socket, replies);
    socket.once("close", () => replies.forEach(settleLost));
    return replies;
  };
  api.decorateRequest("injectedFault", null);
  api.decorateRequest("storeDelay", null);
  api.decorateRequest("trace", null);
  api.addHook("onRequest", (request, reply, done) => {
    const { socket } = request.raw;
    reply.header("x-request-id", request.id);
    if (tracing !== undefined && request.url.startsWith("/api/")) request.trace = tracing.begins(request);
    if (logged || metrics !== undefined || request.trace !== null) (open.get(socket) ?? watch(socket)).add(reply);
    metrics?.arrived();
    done();
  });
  api.addHook("onResponse", (request, reply, done) => {
    const { id: reqId, method, url, injectedFault } = request;
    open.get(request.raw.socket)?.delete(reply);
    metrics?.left();
    // Fastify makes the route's options anew each time that it is asked.
    const failed = reply.statusCode >= 500 && injectedFault !== null;
    const route = logged || failed || request.trace !== null ? request.routeOptions.url : undefined;
    request.trace?.ends(request, route, reply.statusCode);
    if (reply.statusCode >= 400) metrics?.error(errorTypeOf(reply.statusCode, injectedFault !== null));
    if (!logged && !failed) return done();
    const answer = { route, statusCode: reply.statusCode, durationSeconds: reply.elapsedTime / 1_000 };
    request.log[failed ? "warn" : "info"](
      { reqId, ...correlation(request), method, url, ...answer, fault: injectedFault ?? undefined },
      "request",
    );
    done();
  });
}

export function correlation({ headers, trace }: FastifyRequest) {
  return { trace_id: trace?.traceId ?? callerOf(headers)?.traceId, span_id: trace?.spanId, testid: testidOf(headers) };
}

function settleLost(reply: FastifyReply): void {
  reply.raw.statusCode = ["drop", "crash"].includes(reply.request.injectedFault ?? "") ? droppedStatus : clientGoneStatus;
  reply.raw.emit("error", new Error("the connection closed before the answer was sent"));
}
