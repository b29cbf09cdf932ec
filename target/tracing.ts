import {
  type Attributes,
  type HrTime,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  type SpanStatus,
  SpanStatusCode,
  TraceFlags,
} from "@opentelemetry/api";
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

/** Starts sending spans by OTLP to where the standard variables say; a collector that is gone costs its spans, never an answer. */
export function openTracing({ OTEL_TRACES_SAMPLER_ARG: ratio, STORE }: Pick<Environment, "OTEL_TRACES_SAMPLER_ARG" | "STORE">) {
  const sampler = new sdk.TraceIdRatioBasedSampler(ratio);
  const ids = new sdk.RandomIdGenerator();
  const named = resources.resourceFromAttributes({ "service.name": "storage-api" });
  const stated = resources.detectResources({ detectors: [resources.resourceAttributesEnvDetector, resources.serviceNameEnvDetector] });
  const resource = resources.defaultResource().merge(named).merge(stated);
  const processor = new sdk.BatchSpanProcessor({ exporter: new OTLPTraceExporter(), ...queue });

  return {
    /** Begins the span of a request; `null` where it is not sampled. */
    begins: (request: FastifyRequest): RequestTrace | null => {
      const caller = callerOf(request.headers);
      // Whoever calls may say that a request is not to be traced; how many of the others are, is ours to say.
      if (caller !== undefined && (caller.flags & TraceFlags.SAMPLED) === 0) return null;
      const traceId = caller?.traceId ?? ids.generateTraceId();
      if (sampler.shouldSample(ROOT_CONTEXT, traceId).decision === sdk.SamplingDecision.NOT_RECORD) return null;
      const parent = caller && { traceId, spanId: caller.spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
      // Fastify makes each of these when it is asked for it, so of a sampled request only.
      const { method, url, protocol, headers } = request;
      const route = request.routeOptions.url;
      const attributes = requestAttributes(method, route, url, protocol, testidOf(headers));
      const name = route === undefined ? method : `${method} ${route}`;
      const contextOf = (): SpanContext => ({ traceId, spanId: ids.generateSpanId(), traceFlags: TraceFlags.SAMPLED });
      const context = contextOf();
      const span = new Span(name, SpanKind.SERVER, context, parent, attributes, resource);
      return {
        traceId,
        spanId: context.spanId,
        storeBegins: (operation) => {
          const ofStore = { "db.system.name": STORE, "db.collection.name": "buckets", "db.operation.name": operation };
          const own = new Span(`${operation} buckets`, SpanKind.CLIENT, contextOf(), context, ofStore, resource);
          return (error) => own.end(processor, error === undefined ? undefined : error instanceof Error ? error.name : "unknown");
        },
        ends: (status, fault) => {
          attributes["http.response.status_code"] = status;
          if (fault !== null) attributes["plimsoll.fault"] = fault;
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
  readonly name: string;
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  readonly attributes: Attributes;
  readonly resource: resources.Resource;
  status: SpanStatus = unset;
  readonly ended = true;
  readonly links = none;
  readonly events = none;
  readonly instrumentationScope = instrumentationScope;
  readonly droppedAttributesCount = 0;
  readonly droppedEventsCount = 0;
  readonly droppedLinksCount = 0;

  constructor(
    name: string,
    kind: SpanKind,
    context: SpanContext,
    parent: SpanContext | undefined,
    attributes: Attributes,
    resource: resources.Resource,
  ) {
    this.name = name;
    this.kind = kind;
    this.#context = context;
    if (parent !== undefined) this.parentSpanContext = parent;
    this.attributes = attributes;
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

/** Semantic conventions for HTTP spans, 1.45: what is required of a server, and the route. */
function requestAttributes(method: string, route: string | undefined, url: string, scheme: string, testid: string | undefined): Attributes {
  const query = url.indexOf("?");
  const attributes: Attributes = {
    "http.request.method": method,
    "url.path": query === -1 ? url : url.slice(0, query),
    "url.scheme": scheme,
  };
  if (query !== -1) attributes["url.query"] = url.slice(query + 1);
  if (route !== undefined) attributes["http.route"] = route;
  if (testid !== undefined) attributes["plimsoll.testid"] = testid;
  return attributes;
}
