import type { FastifyRequest } from "fastify";
import type { IncomingHttpHeaders } from "node:http";

/** The spans of one request; made by `tracing.ts`, and there only where the request is traced. */
export interface RequestTrace {
  traceId: string;
  spanId: string;
  /** Begins the span of a store's operation; gives what ends it. */
  storeBegins: (operation: string) => (error?: unknown) => void;
  ends: (request: FastifyRequest, route: string | undefined, status: number) => void;
}

// A later version of the header may have more fields than 00, which has 55 characters; ff is none.
const traceparentPattern = /^(?!ff|00.{54})[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:-|$)/;
const testidPattern = /(?:^|,)\s*plimsoll\.testid\s*=\s*([\w.:-]{1,128})\s*(?:[,;]|$)/;

/** Reads who caused a request out of `traceparent` (W3C Trace Context); `undefined` where there is none that is valid. */
export function callerOf({ traceparent }: IncomingHttpHeaders) {
  const [, traceId, spanId, flags] = (typeof traceparent === "string" && traceparentPattern.exec(traceparent)) || [];
  return traceId === undefined || spanId === undefined ? undefined : { traceId, spanId, flags: Number.parseInt(flags ?? "", 16) };
}

/** Reads the load's testid out of W3C `baggage`. */
export function testidOf({ baggage }: IncomingHttpHeaders): string | undefined {
  return typeof baggage === "string" ? testidPattern.exec(baggage)?.[1] : undefined;
}

/** Does a store's operation, within a span where the request is traced, and later where a fault makes the store slow. */
export function inStore<T>(of: Pick<FastifyRequest, "trace" | "storeDelay">, operation: string, work: () => T): T | Promise<T> {
  const { trace, storeDelay } = of;
  const act = storeDelay === null ? work : async () => (await storeDelay(), await work());
  if (trace === null) return act();
  const ends = trace.storeBegins(operation);
  try {
    const result = act();
    if (result instanceof Promise) void result.then(() => ends(), ends);
    else ends();
    return result;
  } catch (error) {
    ends(error);
    throw error;
  }
}
