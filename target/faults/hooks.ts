import type { FastifyReply, FastifyRequest } from "fastify";
import type { Api } from "../api/routes.ts";
import type { FaultEngine, Interference } from "./engine.ts";

/** What the hooks need of the outside: seconds that only grow, a wait in seconds, and a way to end the process as a bug would. */
export interface FaultClock {
  now: () => number;
  wait: (seconds: number) => Promise<void>;
  crash: () => void;
}

export function injectFaults(api: Api, engine: FaultEngine, clock: FaultClock): void {
  api.addHook("onRequest", (request, reply, done) => {
    const effect = engine.isEmpty() ? undefined : engine.before(request.method, request.routeOptions.url ?? "", clock.now());
    if (effect === undefined) return done();
    request.injectedFault = effect.kind;
    if (effect.storeSeconds > 0) request.storeDelay = () => clock.wait(effect.storeSeconds);
    if (effect.waitSeconds === 0) return finish(effect, clock, request, reply, done);
    clock.wait(effect.waitSeconds).then(() => finish(effect, clock, request, reply, done), done);
  });
  api.addHook("onSend", (request, reply, payload, done) => {
    const effect = engine.isEmpty() || reply.statusCode !== 200 ? undefined : engine.after(request.method, request.routeOptions.url ?? "");
    if (effect === undefined) return done(null, payload);
    request.injectedFault = effect;
    if (effect === "wrong-contents") return done(null, spoil(payload));
    reply.code(500).type("application/json; charset=utf-8");
    done(null, JSON.stringify({ error: "internal server error" }));
  });
}

function finish({ end }: Interference, clock: FaultClock, request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  switch (end.kind) {
    case "error":
      return void reply.code(end.status).send({ error: "injected fault" });
    case "drop":
      return drop(request, reply);
    case "crash":
      drop(request, reply);
      return clock.crash();
    case "none":
    case "spoil": // of answers only
      return done();
  }
}

/** Cuts the connection in the middle of an answer: without a byte of it Go's HTTP client, k6's too, silently repeats a GET on a reused connection, and the two sides would differ. */
function drop(request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack();
  request.raw.socket.write("HTTP/1.1 ");
  reply.raw.destroy();
}

/** Changes the first byte, or gives one byte where there was none. */
function spoil(payload: unknown): Buffer {
  const bytes = Buffer.from(payload instanceof Uint8Array ? payload : new Uint8Array(0));
  const first = bytes[0];
  if (first === undefined) return Buffer.from([0]);
  bytes[0] = first ^ 0xff;
  return bytes;
}
