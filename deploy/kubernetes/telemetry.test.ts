import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { configOf } from "./collectors.fixture.ts";
import { readManifests, templateOf } from "./manifests.fixture.ts";
import { mayReach, readPolicies, type End } from "./reach.fixture.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));
const parts = ["with/traces", "with/logs"].map((part) => `${folder}${part}`);
const objects = [...readManifests(`${folder}overlays/grafana`), ...parts.flatMap((part) => readManifests(part))];
const policies = readPolicies(objects);

const end = (namespace: string, name: string, component = name): End => ({
  kind: "pod",
  namespace,
  namespaceLabels: { "kubernetes.io/metadata.name": namespace },
  labels: { "app.kubernetes.io/name": name, "app.kubernetes.io/component": component },
  ports: {},
});
const [api, load] = [end("plimsoll", "storage-api"), end("plimsoll", "smoke", "load")];
const [collector, jaeger, loki] = [end("monitoring", "collector"), end("monitoring", "jaeger", "traces"), end("monitoring", "loki")];
const [prometheus, grafana, logs] = [end("monitoring", "prometheus"), end("monitoring", "grafana"), end("agents", "log-collector")];

test.each<[string, End, End, number, boolean]>([
  ["the storage API sends spans to the collector", api, collector, 4_318, true],
  ["the collector hands traces to Jaeger", collector, jaeger, 4_317, true],
  ["Prometheus reads the collector's span metrics", prometheus, collector, 8_889, true],
  ["Grafana asks Jaeger", grafana, jaeger, 16_686, true],
  ["Grafana asks Loki", grafana, loki, 3_100, true],
  ["the log collector hands lines to Loki", logs, loki, 3_100, true],
  ["the collector asks the Kubernetes API whose pod it is", collector, { kind: "address", ip: "192.0.2.10" }, 443, true],
  ["the storage API reaches Jaeger only through the collector", api, jaeger, 4_317, false],
  ["the storage API writes no logs to Loki itself", api, loki, 3_100, false],
  ["a load asks no traces", load, jaeger, 16_686, false],
  ["the collector does not ask the storage API", collector, api, 5_000, false],
  ["the log collector asks nobody else", logs, { kind: "address", ip: "192.0.2.10" }, 443, false],
  ["nobody calls the log collector", prometheus, logs, 13_133, false],
])("%s", (_sentence, from, to, port, reached) => {
  expect(mayReach(policies, from, to, port)).toBe(reached);
});

const collectors: [string, ...string[]][] = [
  ["with/traces/collector.yml"],
  ["with/logs/log-collector.yml"],
  ["with/traces/collector.yml", "overlays/tempo/component/to-tempo.yml"],
  ["with/traces/collector.yml", "overlays/elasticsearch/component/traces-to-elasticsearch.yml"],
  ["with/logs/log-collector.yml", "overlays/elasticsearch/component/logs-to-elasticsearch.yml"],
];

describe.each(collectors)("%s %s", (...paths) => {
  const config = configOf(paths.filter((path) => path !== undefined));

  test("names in its pipelines only what it defines", () => {
    const { extensions, pipelines } = config.service;
    const connectors = Object.keys(config.connectors ?? {});
    expect(Object.keys(config.extensions)).toEqual(expect.arrayContaining(extensions));
    for (const pipeline of Object.values(pipelines))
      for (const kind of ["receivers", "processors", "exporters"] as const)
        expect([...Object.keys(config[kind] ?? {}), ...connectors]).toEqual(expect.arrayContaining(pipeline[kind] ?? []));
  });

  test("bounds its memory before anything else, and holds no secret", () => {
    for (const { processors = [] } of Object.values(config.service.pipelines))
      expect(processors[0] ?? "memory_limiter").toBe("memory_limiter");
    expect(JSON.stringify(config)).not.toMatch(/"(?:api_key|password|token)":"(?!\$\{env:)/);
  });
});

/** What the exporter takes, of what is used here (contrib's exporter/elasticsearchexporter/config.schema.yaml and README.md, 0.157): `mapping.mode` does nothing since 0.145. */
const elasticsearchOptions = {
  "": ["endpoint", "api_key", "timeout", "retry", "sending_queue"],
  retry: ["max_retries", "initial_interval", "max_interval", "retry_on_status"],
  sending_queue: ["storage", "sizer", "num_consumers", "queue_size", "block_on_overflow", "batch"],
  "sending_queue.batch": ["sizer", "flush_timeout", "min_size", "max_size"],
};

describe.each(["traces", "logs"])("the %s that go to Elasticsearch", (signal) => {
  const exporter = configOf([`overlays/elasticsearch/component/${signal}-to-elasticsearch.yml`]).exporters["elasticsearch"];
  const at = (path: string) =>
    path.split(".").reduce((value, key) => (key === "" ? value : (value as Record<string, unknown>)[key]), exporter);

  test.each(Object.entries(elasticsearchOptions))("have options that the exporter knows: %s", (path, known) => {
    expect(known).toEqual(expect.arrayContaining(Object.keys(at(path) as object)));
  });

  test("outlast a gateway's errors and the exporter's 90 s, and fill no batch that the queue does not hold", () => {
    expect(at("retry.retry_on_status")).toEqual(expect.arrayContaining([429, 502, 503, 504]));
    expect(at("timeout")).toBe({ traces: "5m", logs: "24h" }[signal]);
    expect(at("sending_queue.batch.sizer")).toBe(at("sending_queue.sizer"));
    expect(at("sending_queue.queue_size")).toBeGreaterThan(at("sending_queue.batch.max_size") as number);
  });
});

test("one collector has a right, in the namespace plimsoll only, and only to see pods", () => {
  const own = parts.flatMap((part) => readManifests(part));
  const rights = own.filter(({ kind }) => kind.endsWith("Role"));
  expect(rights.map(({ kind, metadata }) => [kind, metadata.namespace])).toEqual([["Role", "plimsoll"]]);
  for (const right of rights)
    expect((right as unknown as { rules: unknown }).rules).toEqual([
      { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] },
    ]);
});

test("the log collector is root without a capability, and changes nothing of its node but its own checkpoints", () => {
  const [daemon] = readManifests(`${folder}with/logs`).filter(({ kind }) => kind === "DaemonSet");
  const template = daemon && templateOf(daemon);
  const [container] = template?.spec.containers ?? [];
  expect(container?.securityContext).toMatchObject({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  const writable = container?.volumeMounts?.filter(({ readOnly }) => readOnly !== true).map(({ mountPath }) => mountPath);
  expect(writable).toEqual(["/var/lib/log-collector"]);
});
