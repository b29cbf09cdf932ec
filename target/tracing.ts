import { type Attributes, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace, TraceFlags, type Tracer } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import * as resources from "@opentelemetry/resources";
import * as sdk from "@opentelemetry/sdk-trace";
import type { FastifyRequest } from "fastify";
import { type Caller, callerOf, testidOf, type RequestTrace } from "./correlation.ts";
import type { Environment } from "./environment.ts";

/** Follows requests by OpenTelemetry; imported only where an endpoint is given, so that without one nothing of it is loaded. */
export type Tracing = ReturnType<typeof openTracing>;

/** More than the default of 2,048, which a second of full load would fill. */
const queue = { maxQueueSize: 16_384, maxExportBatchSize: 1_024, scheduledDelayMillis: 1_000 };

/** Starts sending spans by OTLP to where the standard variables say; a collector that is gone costs its spans, never an answer. */
export function openTracing({ OTEL_TRACES_SAMPLER_ARG: ratio, STORE }: Pick<Environment, "OTEL_TRACES_SAMPLER_ARG" | "STORE">) {
  const sampler = new sdk.TraceIdRatioBasedSampler(ratio);
  const named = resources.resourceFromAttributes({ "service.name": "storage-api" });
  const stated = resources.detectResources({ detectors: [resources.resourceAttributesEnvDetector, resources.serviceNameEnvDetector] });
  const provider = new sdk.TracerProvider({
    resource: resources.defaultResource().merge(named).merge(stated),
    sampler: new sdk.ParentBasedSampler({ root: sampler }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter: new OTLPTraceExporter(), ...queue })],
  });
  const tracer = provider.getTracer("storage-api");
  return {
    /** Begins the span of a request; `null` where it is not sampled. */
    begins: (request: FastifyRequest): RequestTrace | null => {
      const caller = callerOf(request.headers);
      // Whoever calls may say that a request is not to be traced; how many of the others are, is ours to say.
      // Decided before the SDK is asked for a span, because most requests are not sampled.
      const isSampled = ({ flags, traceId }: Caller): boolean =>
        (flags & TraceFlags.SAMPLED) !== 0 && sampler.shouldSample(ROOT_CONTEXT, traceId).decision !== sdk.SamplingDecision.NOT_RECORD;
      return caller === undefined || isSampled(caller) ? requestTrace(tracer, STORE, request, caller) : null;
    },
    /** Sends what is left. */
    close: (): Promise<void> => provider.shutdown(),
  };
}

function requestTrace(tracer: Tracer, store: string, request: FastifyRequest, caller: Caller | undefined): RequestTrace | null {
  const { method, url, headers, protocol } = request;
  const parent =
    caller === undefined
      ? ROOT_CONTEXT
      : trace.setSpanContext(ROOT_CONTEXT, {
          traceId: caller.traceId,
          spanId: caller.spanId,
          traceFlags: caller.flags & TraceFlags.SAMPLED,
          isRemote: true,
        });
  const route = request.routeOptions.url;
  const span = tracer.startSpan(route === undefined ? method : `${method} ${route}`, { kind: SpanKind.SERVER }, parent);
  if (!span.isRecording()) return null;
  span.setAttributes(requestAttributes(method, route, url, protocol, testidOf(headers)));
  const { traceId, spanId } = span.spanContext();
  const context = trace.setSpan(ROOT_CONTEXT, span);
  return {
    traceId,
    spanId,
    storeBegins: (operation) => {
      const attributes = { "db.system.name": store, "db.collection.name": "buckets", "db.operation.name": operation };
      const own = tracer.startSpan(`${operation} buckets`, { kind: SpanKind.CLIENT, attributes }, context);
      return (error) => {
        if (error !== undefined) failed(own, error instanceof Error ? error.name : "unknown");
        own.end();
      };
    },
    ends: (status, fault) => {
      span.setAttribute("http.response.status_code", status);
      if (fault !== null) span.setAttribute("plimsoll.fault", fault);
      if (status >= 500) failed(span, String(status));
      span.end();
    },
  };
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

function failed(span: Span, type: string): void {
  span.setAttribute("error.type", type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
