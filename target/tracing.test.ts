import type { InjectOptions } from "fastify";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { buildApp } from "./app.ts";
import type { FaultRule } from "./faults/rules.ts";
import { openSpanSink } from "./otlp.fixture.ts";
import { openMemoryStore } from "./store/memory.ts";
import { openTracing } from "./tracing.ts";

const [traceId, caller] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
const headers = { traceparent: `00-${traceId}-${caller}-01`, baggage: "plimsoll.testid=smoke-1" };

let sink: Awaited<ReturnType<typeof openSpanSink>>;
beforeEach(async () => {
  sink = await openSpanSink();
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", sink.url);
});
afterEach(() => {
  vi.unstubAllEnvs();
  sink.close();
});

/** Sends requests to a service that is traced; gives its spans, but for ids and status by name, and its log. */
async function traced(requests: readonly (string | InjectOptions)[], faults: FaultRule[] = [], share = 1) {
  const lines: string[] = [];
  const tracing = openTracing({ OTEL_TRACES_SAMPLER_ARG: share, STORE: "memory" });
  const logStream = { write: (line: string) => void lines.push(line) };
  const app = await buildApp({ store: openMemoryStore(), FAULTS: faults, tracing, logStream });
  for (const request of requests) await app.inject(request);
  await app.close();
  await tracing.close();
  const log = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg }) => msg === "request");
  return { spans: sink.spans, log };
}

describe("a traced request", () => {
  test("is a span by its route, below its caller's, with the store's operation below it", async () => {
    const { spans, log } = await traced([{ method: "PUT", url: "/api/buckets/a?b=c", headers, payload: "x" }]);
    const [store, request] = spans;
    expect(spans).toHaveLength(2);
    expect(request).toMatchObject({ name: "PUT /api/buckets/:id", traceId, parentSpanId: caller, status: { code: 0 } });
    expect(request?.attributes).toEqual({
      "http.request.method": "PUT",
      "http.route": "/api/buckets/:id",
      "http.response.status_code": 200,
      "url.path": "/api/buckets/a",
      "url.query": "b=c",
      "url.scheme": "http",
      "plimsoll.testid": "smoke-1",
    });
    expect(store).toMatchObject({ name: "put buckets", traceId, parentSpanId: request?.spanId });
    expect(store?.attributes).toEqual({ "db.system.name": "memory", "db.collection.name": "buckets", "db.operation.name": "put" });
    expect(log).toEqual([expect.objectContaining({ trace_id: traceId, span_id: request?.spanId, testid: "smoke-1" })]);
  });

  test("names the fault that spoilt it, and is an error where it answered one", async () => {
    const { spans } = await traced(
      [
        { method: "PUT", url: "/api/buckets/a", headers, payload: "x" },
        { method: "DELETE", url: "/api/buckets/a", headers },
      ],
      [{ kind: "delete-answers-500" }],
    );
    const request = spans.find(({ name }) => name === "DELETE /api/buckets/:id");
    expect(request?.status.code).toBe(2);
    expect(request?.attributes).toMatchObject({
      "plimsoll.fault": "delete-answers-500",
      "http.response.status_code": 500,
      "error.type": "500",
    });
  });

  test("without a caller has a trace of its own; health and metrics have none", async () => {
    const { spans, log } = await traced(["/metrics", "/health/liveness", "/api/nowhere"]);
    expect(spans.map(({ name, parentSpanId }) => [name, parentSpanId])).toEqual([["GET", undefined]]);
    expect(log.map(({ trace_id }) => trace_id)).toEqual([undefined, undefined, spans[0]?.traceId]);
  });
});

describe("sampling", () => {
  const shares: [string, number, string, number][] = [
    ["a caller that is not sampled is not traced", 1, "00", 0],
    ["a share of none traces nothing", 0, "01", 0],
    ["a share of all traces each", 1, "01", 1],
  ];
  test.each(shares)("%s", async (_sentence, share, flags, expected) => {
    const request = { url: "/api/users", headers: { traceparent: `00-${traceId}-${caller}-${flags}` } };
    const { spans, log } = await traced([request], [], share);
    expect(spans).toHaveLength(expected);
    // The line leads to the caller's trace, whoever keeps that.
    expect(log[0]).toMatchObject({ trace_id: traceId });
  });

  const ends: [string, number, string | undefined, number][] = [
    ["the last trace id that a tenth leaves out", 0.1, `00-${"f".repeat(18)}e666666666666f-${caller}-01`, 0],
    ["the first that is in a tenth", 0.1, `00-${"1".repeat(18)}e6666666666670-${caller}-01`, 1],
    ["the greatest, of nearly none", 1e-9, `00-${"f".repeat(32)}-${caller}-01`, 1],
    ["a header that is none, as if there were none", 1, "00-zz", 1],
    ["a header that is none, of no share", 0, "00-zz", 0],
    ["no header, of no share", 0, undefined, 0],
  ];
  test.each(ends)("by the trace id's end: %s", async (_sentence, share, traceparent, expected) => {
    const { spans } = await traced([{ url: "/api/users", headers: traceparent === undefined ? {} : { traceparent } }], [], share);
    expect(spans).toHaveLength(expected);
  });
});

test("a collector that is gone costs no answer, and little time at the end", async () => {
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
  const tracing = openTracing({ OTEL_TRACES_SAMPLER_ARG: 1, STORE: "memory" });
  const app = await buildApp({ store: openMemoryStore(), LOG_LEVEL: "silent", tracing });
  expect((await app.inject("/api/users")).statusCode).toBe(200);
  await app.close();
  await Promise.race([tracing.close().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 2_000))]);
});
