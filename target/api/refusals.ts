import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import type { Socket } from "node:net";
import { correlation } from "../requests.ts";
import { StoreUnavailable } from "../store/store.ts";

/** How many bytes of a body that is too large are read and thrown away before the answer; more, and the client may miss it. */
const drainMaxBytes = 64 * 1_048_576;

/** How long such a body is read, in milliseconds. */
const drainMilliseconds = 10_000;

/** Answers an error as JSON: refusals with their reason; a store that is gone, and bugs, with a line in the log that has it. */
export function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply, bucketMaxBytes: number): void {
  const status = error.statusCode ?? 500;
  if (status === 413) return refuseTooLarge(request, reply, bucketMaxBytes);
  if (status >= 400 && status < 500) return void reply.code(status).send({ error: error.message });
  if (error instanceof StoreUnavailable) {
    request.log.warn({ reqId: request.id, ...correlation(request), reason: error.message }, "the store is unavailable");
    return void reply.code(status).send({ error: "the store is unavailable" });
  }
  request.log.error({ reqId: request.id, err: error }, "request failed");
  reply.code(500).send({ error: "internal server error" });
}

/** Reads the rest of the body before the answer: a connection that closes on unread bytes is reset, and the answer with it. */
function refuseTooLarge(request: FastifyRequest, reply: FastifyReply, bucketMaxBytes: number): void {
  const { raw } = request;
  let left = drainMaxBytes;
  const answer = (): void => {
    clearTimeout(limit);
    raw.off("data", drop).off("end", answer).off("close", answer);
    if (raw.complete) reply.removeHeader("connection");
    reply.code(413).send({ error: `the body is larger than ${bucketMaxBytes} bytes` });
  };
  const drop = (chunk: Buffer): void => {
    left -= chunk.length;
    if (left <= 0) answer();
  };
  const limit = setTimeout(answer, drainMilliseconds);
  if (raw.complete || raw.destroyed) return answer();
  raw.on("data", drop).once("end", answer).once("close", answer).resume();
}

/** Answers what is not HTTP; a connection that broke is no one's error. */
export function refuseMalformed(error: Error & { code?: string }, socket: Socket, count: () => void): void {
  if (error.code?.startsWith("HPE_") === true || error.code === "ERR_HTTP_REQUEST_TIMEOUT") count();
  if (!socket.writable) return void socket.destroy();
  const body = JSON.stringify({ error: "bad request" });
  const status = error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
}
