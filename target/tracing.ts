import { type Attributes, type HrTime, type SpanContext, SpanKind, type SpanStatus, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import * as resources from "@opentelemetry/resources";
import * as sdk from "@opentelemetry/sdk-trace";
import type { FastifyRequest } from "fastify";
import { callerOf, testidOf, type RequestTrace } from "./correlation.ts";
import type { Environment } from "./environment.ts";

/** Follows requests by OpenTelemetry; imported only where an endpoint is given, so that without one nothing of it is loaded. */
export type Tracing = ReturnType<typeof openTracing>;

/** More than the default of 2,048, which a second of full load would fill. */
const queue = { maxQueueSize: 16_384, maxExportBatchSize: 1_024, scheduledDelayMillis: 1_000 };

/** How much of a trace id's end decides whether it is sampled: OpenTelemetry's consistent probability sampling has 14 hexadecimal digits, of which a number holds the first 13 exactly. */
const randomDigits = 13;
const randomAt = 32 - 14;

/** Starts sending spans by OTLP to where the standard variables say; a collector that is gone costs its spans, never an answer. */
export function openTracing({ OTEL_TRACES_SAMPLER_ARG: ratio, STORE }: Pick<Environment, "OTEL_TRACES_SAMPLER_ARG" | "STORE">) {
  const ids = new sdk.RandomIdGenerator();
  const named = resources.resourceFromAttributes({ "service.name": "storage-api" });
  const stated = resources.detectResources({ detectors: [resources.resourceAttributesEnvDetector, resources.serviceNameEnvDetector] });
  const resource = resources.defaultResource().merge(named).merge(stated);
  const processor = new sdk.BatchSpanProcessor({ exporter: new OTLPTraceExporter(), ...queue });
  const leastSampled = (1 - ratio) * 16 ** randomDigits;
  const isLeftOut = (text: string, at: number): boolean => Number.parseInt(text.slice(at, at + randomDigits), 16) < leastSampled;
  const contextOf = (traceId: string): SpanContext => ({ traceId, spanId: ids.generateSpanId(), traceFlags: TraceFlags.SAMPLED });

  return {
    /** Begins the span of a request; `null` where it is not sampled. */
    begins: ({ headers }: FastifyRequest): RequestTrace | null => {
      const { traceparent } = headers;
      // Most are left out, and by this look alone: reading the whole header costs more than all else that is done for them.
      if (typeof traceparent === "string" && isLeftOut(traceparent, "00-".length + randomAt)) return null;
      const caller = callerOf(headers);
      // Whoever calls may say that a request is not to be traced; how many of the others are, is ours to say.
      if (caller !== undefined && (caller.flags & TraceFlags.SAMPLED) === 0) return null;
      const traceId = caller?.traceId ?? ids.generateTraceId();
      if (caller === undefined && isLeftOut(traceId, randomAt)) return null;
      const parent = caller && { traceId, spanId: caller.spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
      const context = contextOf(traceId);
      const span = new Span(SpanKind.SERVER, context, parent, resource);
      return {
        traceId,
        spanId: context.spanId,
        storeBegins: (operation) => {
          const own = new Span(SpanKind.CLIENT, contextOf(traceId), context, resource);
          return (error) => {
            own.name = `${operation} buckets`;
            own.attributes = { "db.system.name": STORE, "db.collection.name": "buckets", "db.operation.name": operation };
            own.end(processor, error === undefined ? undefined : error instanceof Error ? error.name : "unknown");
          };
        },
        ends: (request, route, status) => {
          span.name = route === undefined ? request.method : `${request.method} ${route}`;
          span.attributes = requestAttributes(request, route, status);
          span.end(processor, status >= 500 ? String(status) : undefined);
        },
      };
    },
    close: (): Promise<void> => processor.shutdown(),
  };
}

const none: [] = [];
const instrumentationScope = { name: "storage-api" };
const [unset, failed] = [{ code: SpanStatusCode.UNSET }, { code: SpanStatusCode.ERROR }];
const hrTimeOf = (milliseconds: number): HrTime => [Math.trunc(milliseconds / 1_000), Math.trunc((milliseconds % 1_000) * 1e6)];

/** One span as the SDK's batches take it. The SDK's own costs twice as much: each lives until it is sent, and what lives the garbage collector moves. */
class Span implements sdk.ReadableSpan {
  readonly #context: SpanContext;
  readonly #beganAt = Date.now();
  #milliseconds = -performance.now();
  name = "";
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  attributes: Attributes = {};
  readonly resource: resources.Resource;
  status: SpanStatus = unset;
  readonly ended = true;
  readonly links = none;
  readonly events = none;
  readonly instrumentationScope = instrumentationScope;
  readonly droppedAttributesCount = 0;
  readonly droppedEventsCount = 0;
  readonly droppedLinksCount = 0;

  constructor(kind: SpanKind, context: SpanContext, parent: SpanContext | undefined, resource: resources.Resource) {
    this.kind = kind;
    this.#context = context;
    if (parent !== undefined) this.parentSpanContext = parent;
    this.resource = resource;
  }

  end(processor: sdk.SpanProcessor, errorType: string | undefined): void {
    this.#milliseconds += performance.now();
    if (errorType !== undefined) {
      this.attributes["error.type"] = errorType;
      this.status = failed;
    }
    processor.onEnd(this);
  }

  spanContext(): SpanContext {
    return this.#context;
  }
  get startTime() {
    return hrTimeOf(this.#beganAt);
  }
  get endTime() {
    return hrTimeOf(this.#beganAt + this.#milliseconds);
  }
  get duration() {
    return hrTimeOf(this.#milliseconds);
  }
}

/** Semantic conventions for HTTP spans, 1.45: what is required of a server, and the route. The service listens without TLS. */
function requestAttributes({ method, url, headers, injectedFault }: FastifyRequest, route: string | undefined, status: number): Attributes {
  const query = url.indexOf("?");
  const attributes: Attributes = {
    "http.request.method": method,
    "url.path": query === -1 ? url : url.slice(0, query),
    "url.scheme": "http",
    "http.response.status_code": status,
  };
  if (query !== -1) attributes["url.query"] = url.slice(query + 1);
  if (route !== undefined) attributes["http.route"] = route;
  const testid = testidOf(headers);
  if (testid !== undefined) attributes["plimsoll.testid"] = testid;
  if (injectedFault !== null) attributes["plimsoll.fault"] = injectedFault;
  return attributes;
}
