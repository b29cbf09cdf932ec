// What overlays/elasticsearch does to Elasticsearch, without a cluster: the storage API, both collectors with the overlay's own files, and Elasticsearch run as processes on loopback.
// Real: the service's spans and lines, the collectors' parts, the exporter's requests and documents, Elasticsearch's data streams and search.
// Not real: the exporter is 0.157.0 where the overlay has 0.159.0; the collectors lack what needs a cluster or Jaeger; Elasticsearch's minimal distribution
// lacks x-pack's own index templates, so their fields are put here as far as they are asked for, and the making of API keys. Kibana and Elastic APM cannot be had.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWith } from "../../build/testing/live.ts";
import {
  buildService,
  collector as collectorService,
  elasticsearch as elasticsearchService,
} from "../../build/testing/services/services.fixture.ts";
import { type Child, openProcessGroup } from "../../slo/host/process-group.ts";
import { waitFor } from "../../slo/host/wait.ts";
import { freePort } from "../../slo/run/local-services.ts";
import { startService, type ServiceProcess } from "../../target/process.fixture.ts";
import { configOf, type CollectorConfig } from "./collectors.fixture.ts";
import { basic, openFront, podLog, startElasticsearch } from "../../build/testing/services/elasticsearch.fixture.ts";

const tools = { elasticsearch: await buildService(elasticsearchService), collector: await buildService(collectorService) };
const component = "overlays/elasticsearch/component";
const apiKey = Buffer.from("an-id:a-secret").toString("base64");
const testid = "elastic-1";
const faults = [{ kind: "delete-answers-500" }, { kind: "error", method: "GET", route: "/api/users", every: 5, status: 500 }];

/** x-pack's templates for `*.otel-*`, as far as it is asked here; 8.16 and newer bring their own. */
const template = (type: "logs" | "traces") => ({
  index_patterns: [`${type}-*.otel-*`],
  priority: 120,
  data_stream: {},
  template: {
    mappings: {
      date_detection: false,
      dynamic: false,
      dynamic_templates: [{ strings: { match_mapping_type: "string", mapping: { type: "keyword" } } }],
      properties: {
        attributes: { type: "passthrough", dynamic: true, priority: 20 },
        resource: { properties: { attributes: { type: "passthrough", dynamic: true, priority: 40 } } },
        ...Object.fromEntries(
          ["trace_id", "span_id", "parent_span_id", "name", "kind", "severity_text"].map((name) => [name, { type: "keyword" }]),
        ),
        status: { properties: { code: { type: "keyword" } } },
        duration: { type: "long" },
        body: { properties: { text: { type: "text" } } },
      },
    },
  },
});

/** One line of the service about a request. */
interface Line {
  reqId: string;
  trace_id: string;
  fault?: string;
  testid?: string;
}
interface Answer {
  hits: {
    total: { value: number };
    hits: { _source: Record<string, unknown> & { body: { text: string } } }[];
  };
  aggregations?: Record<string, { buckets: { key: string; doc_count: number }[] }>;
}

const without = <T>(all: Record<string, T>, ...names: string[]): Record<string, T> =>
  Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)));

describeWith(tools, "Logs and traces in Elasticsearch", ["elasticsearch", "collector"], ({ elasticsearch, collector }) => {
  const work = mkdtempSync(join(tmpdir(), "plimsoll-elastic-"));
  // Of another user where the tests are root's, so not below a folder of root's own.
  const own = mkdtempSync(join(tmpdir(), "plimsoll-elasticsearch-"));
  const group = openProcessGroup();
  let service: ServiceProcess;
  let front: Awaited<ReturnType<typeof openFront>>;
  let url: string;
  /** Loki, as far as a collector sees that it takes all. */
  const loki = createServer((request, response) => void request.resume().on("end", () => response.writeHead(204).end()));
  afterAll(async () => {
    service?.child.kill("SIGKILL");
    await group.stopAll();
    front?.close();
    loki.closeAllConnections();
    loki.close();
    for (const folder of [work, own]) rmSync(folder, { recursive: true, force: true });
    rmSync(`${own}.log`, { force: true });
  });

  async function ask<T = Answer>(path: string, body?: unknown, method = "POST"): Promise<T> {
    const headers = { authorization: basic("person"), "content-type": "application/json" };
    const asked = { method, headers, body: body === undefined ? null : JSON.stringify(body) };
    const answer = await fetch(`${url}/${path}`, asked);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  /** Starts a collector with a configuration, and waits until it is healthy. */
  async function startCollector(name: string, config: CollectorConfig, variables: Record<string, string> = {}): Promise<Child> {
    const health = await freePort();
    const file = join(work, `${name}.json`);
    const extensions = { ...config.extensions, health_check: { endpoint: `127.0.0.1:${health}` } };
    writeFileSync(file, JSON.stringify({ ...config, extensions }));
    const { command } = collectorService.run(collector);
    const environment = { ELASTICSEARCH_API_KEY: apiKey, GOMEMLIMIT: "160MiB", ...variables };
    const child = group.start({ name, command, args: [`--config=${file}`], environment, folder: work, logFile: join(work, `${name}.log`) });
    const healthy = async () => (await fetch(`http://127.0.0.1:${health}`).catch(() => undefined))?.ok;
    const state = await waitFor(async () => (child.exit() ? "ended" : (await healthy()) ? "ready" : undefined), 60, 200);
    if (state !== "ready") throw new Error(`${name} ${state ?? "was not healthy within 60 s"}:\n${child.tail().join("\n")}`);
    return child;
  }

  /** The overlay's exporter as it is, but for the address. */
  const exporterOf = (config: CollectorConfig) => ({
    ...(config.exporters["elasticsearch"] as Record<string, unknown>),
    endpoint: front.url,
  });

  function tracesConfig(port: number): CollectorConfig {
    const config = configOf(["with/traces/collector.yml", `${component}/traces-to-elasticsearch.yml`]);
    const { extensions, telemetry, pipelines } = config.service;
    const processors = pipelines["traces"]?.["processors"]?.filter((name) => name !== "k8s_attributes") ?? [];
    return {
      extensions: config.extensions,
      receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
      processors: without(config.processors, "k8s_attributes"),
      exporters: { elasticsearch: exporterOf(config) },
      connectors: {},
      service: { extensions, telemetry, pipelines: { traces: { receivers: ["otlp"], processors, exporters: ["elasticsearch"] } } },
    };
  }

  function logsConfig(): CollectorConfig {
    const config = configOf(["with/logs/log-collector.yml", `${component}/logs-to-elasticsearch.yml`]);
    const { file_storage, ...extensions } = config.extensions;
    const toLoki = {
      ...(config.exporters["otlp_http/loki"] as object),
      endpoint: `http://127.0.0.1:${(loki.address() as AddressInfo).port}/otlp`,
    };
    return {
      ...config,
      extensions: { ...extensions, file_storage: { ...(file_storage as object), directory: join(work, "storage") } },
      processors: { memory_limiter: config.processors["memory_limiter"] },
      exporters: { "otlp_http/loki": toLoki, elasticsearch: exporterOf(config) },
    };
  }

  const lines: Line[] = [];
  let address: string;
  let variables: Record<string, string>;
  let logs: Child;

  beforeAll(async () => {
    url = await startElasticsearch(group, elasticsearch, own);
    for (const type of ["logs", "traces"] as const) await ask(`_index_template/${type}-otel`, template(type), "PUT");
    front = await openFront(url, apiKey);
    await new Promise<void>((resolve) => loki.listen(0, "127.0.0.1", resolve));
    const otlp = await freePort();
    mkdirSync(join(work, "pods"));
    const pod = podLog(join(work, "pods"));
    variables = { LOG_FILES: pod.files };
    await startCollector("traces", tracesConfig(otlp));
    logs = await startCollector("logs", logsConfig(), variables);
    service = startService({ LOG_LEVEL: "info", FAULTS: JSON.stringify(faults), OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${otlp}` });
    let rest = "";
    service.child.stdout.on("data", (text: string) => {
      pod.take(text);
      const whole = (rest + text).split("\n");
      rest = whole.pop() ?? "";
      lines.push(...whole.map((line) => JSON.parse(line) as Line).filter(({ testid }) => testid !== undefined));
    });
    address = await service.address;
  }, 600_000);

  /** Puts, reads and deletes buckets and asks for users, so many requests of each. */
  async function load(times: number): Promise<void> {
    const headers = { baggage: `plimsoll.testid=${testid}` };
    const send = async (method: string, path: string): Promise<void> => {
      const answer = await fetch(`${address}${path}`, { method, headers, body: method === "PUT" ? "contents" : null });
      await answer.arrayBuffer();
    };
    const of = async (first: number): Promise<void> => {
      for (let i = first; i < times; i += 10) {
        for (const method of ["PUT", "GET", "DELETE"]) await send(method, `/api/buckets/b${i}`);
        await send("GET", "/api/users");
      }
    };
    await Promise.all([...Array(10).keys()].map(of));
  }

  const ofRun = { term: { "attributes.plimsoll.testid": testid } };
  const idsHeld = async () => {
    await ask("logs-*/_refresh");
    const { hits, aggregations } = await ask("logs-*/_search", {
      size: 0,
      track_total_hits: true,
      query: ofRun,
      aggs: { ids: { terms: { field: "attributes.request_id", size: 65_536 } } },
    });
    return { documents: hits.total.value, ids: new Set(aggregations?.["ids"]?.buckets.map(({ key }) => key)) };
  };
  const found = async (indices: string, filter: unknown[]) =>
    (await ask(`${indices}/_search`, { query: { bool: { filter } } })).hits.hits.map(({ _source: document }) => document);
  const untilAllAreHeld = (seconds: number) =>
    waitFor(async () => ((await idsHeld()).ids.size >= lines.length ? true : undefined), seconds, 500);

  const linesOf = (fault: string): number => lines.filter((line) => line.fault === fault).length;

  test("each request is a document by its id, once, within seconds", async () => {
    await load(1_250);
    await waitFor(async () => (lines.length === 5_000 ? true : undefined), 20, 100);
    await untilAllAreHeld(10);
    const { documents, ids } = await idsHeld();
    expect({ lines: lines.length, documents, ids: ids.size }).toEqual({ lines: 5_000, documents: 5_000, ids: 5_000 });
    expect(lines.filter(({ reqId }) => !ids.has(reqId))).toEqual([]);
  });

  test("comes by the key in bulk requests that create documents of two data streams, and of nothing else", () => {
    const seen = (of: (request: (typeof front.bulk)[number]) => unknown[]) =>
      [...new Set(front.bulk.flatMap(of).map((one) => JSON.stringify(one)))].toSorted();
    expect(seen(({ actions }) => actions)).toEqual([
      '{"create":{"_index":"logs-generic.otel-default","require_data_stream":true}}',
      '{"create":{"_index":"traces-generic.otel-default","require_data_stream":true}}',
    ]);
    expect(seen(({ authorization }) => [authorization])).toEqual([JSON.stringify(`APIKey ${apiKey}`)]);
    expect(seen(({ path }) => [path])).toEqual(['"/_bulk"']);
  });

  test("the failing spans of a run are found by their fault", async () => {
    const query = { bool: { filter: [ofRun, { term: { "status.code": "Error" } }, { term: { kind: "Server" } }] } };
    const byFault = async () => {
      await ask("traces-*/_refresh");
      const aggs = { faults: { terms: { field: "attributes.plimsoll.fault" } } };
      const { aggregations } = await ask("traces-*/_search", { size: 0, query, aggs });
      return Object.fromEntries(aggregations?.["faults"]?.buckets.map(({ key, doc_count }) => [key, doc_count]) ?? []);
    };
    const expected = { "delete-answers-500": linesOf("delete-answers-500"), error: linesOf("error") };
    expect(expected).toEqual({ "delete-answers-500": 1_250, error: 250 });
    await waitFor(async () => ((await byFault())["delete-answers-500"] === 1_250 ? true : undefined), 60, 500);
    expect(await byFault()).toEqual(expected);
  });

  test("from a failing span to the line of its request, by the trace's id", async () => {
    const [failing] = await found("traces-*", [ofRun, { term: { "attributes.plimsoll.fault": "error" } }]);
    const traceId = String(failing?.["trace_id"]);
    const spans = await found("traces-*", [{ term: { trace_id: traceId } }]);
    expect(spans.map(({ name }) => name)).toContain("GET /api/users");
    const [line, ...others] = lines.filter(({ trace_id }) => trace_id === traceId);
    const [document, ...more] = await found("logs-*", [{ term: { trace_id: traceId } }]);
    expect([others, more]).toEqual([[], []]);
    expect(JSON.parse(String(document?.body.text))).toEqual(line);
    expect(document).toMatchObject({
      span_id: spans.find(({ kind }) => kind === "Server")?.["span_id"],
      attributes: { request_id: line?.reqId, "plimsoll.testid": testid, "plimsoll.fault": "error" },
      resource: { attributes: { "service.name": "storage-api", "k8s.pod.name": "storage-api-0", "k8s.namespace.name": "plimsoll" } },
    });
  });

  test("a key that is refused, a gateway's 503, cut connections and a collector that is killed lose no line, in longer than the exporter's own 90 s", async () => {
    const before = lines.length;
    const away = [{ kind: "status", status: 401 }, { kind: "status", status: 503 }, { kind: "cut" }] as const;
    for (const how of away) {
      front.goes(how);
      await load(50);
      await sleep(35_000);
    }
    await logs.stop("SIGKILL", 1);
    logs = await startCollector("logs again", logsConfig(), variables);
    await load(50);
    expect([...front.refused.keys()].toSorted()).toEqual(["401", "503", "cut"]);
    expect((await idsHeld()).ids.size).toBe(before);
    front.goes({ kind: "here" });
    await untilAllAreHeld(120);
    const { ids } = await idsHeld();
    expect({ lines: lines.length, ids: ids.size }).toEqual({ lines: before + 800, ids: before + 800 });
  });
});
