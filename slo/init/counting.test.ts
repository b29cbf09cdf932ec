import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { lookAtCounting, seenFirst } from "./counting.ts";

/** Presets look at ports of their own: where it can be, the tests have an address on which no other program of this machine listens. */
const host = process.platform === "linux" ? "127.0.0.9" : "127.0.0.1";

/** Looks at a service that has some metrics at some path; `__PORT__` in what is expected stands for its port. */
async function lookedAt(path: string, metrics: string): Promise<{ counting: unknown; port: number; at: (path: string) => string }> {
  const server = createServer((request, response) => {
    response.statusCode = request.url === path || request.url === "/" ? 200 : 404;
    response.end(request.url === path ? metrics : "");
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return { counting: await lookAtCounting(`http://${host}:${port}`), port, at: (where) => `http://${host}:${port}${where}` };
  } finally {
    server.close();
  }
}

const histogram = (name: string, labels: string): string =>
  `# TYPE ${name} histogram\n${["0.25", "0.5", "+Inf"].map((le) => `${name}_bucket{${labels},le="${le}"} 1\n`).join("")}${name}_count{${labels}} 1\n`;

test.each([
  [
    "fastify is known by its labels",
    "/metrics",
    histogram("http_request_duration_seconds", 'method="GET",route="/",status_code="200"'),
    "fastify",
    [0.25, 0.5],
  ],
  [
    "promhttp has the same histogram under other labels",
    "/metrics",
    `http_requests_total{code="200",handler="/",method="get"} 1\n${histogram("http_request_duration_seconds", 'code="200",handler="/",method="get"')}`,
    "promhttp",
    [0.25, 0.5],
  ],
  [
    "Micrometer stands at its own path, and may be without buckets",
    "/actuator/prometheus",
    'http_server_requests_seconds_count{method="GET",status="200",uri="/"} 1\n',
    "micrometer",
    [],
  ],
  ["what no library writes is not guessed", "/metrics", 'requests_total{code="200"} 1\n', undefined, []],
  [
    "but a histogram that no library writes is named with its labels",
    "/metrics",
    `# TYPE go_gc_pauses_seconds histogram\n${histogram("shop_latency_seconds", 'verb="GET",outcome="ok"')}`,
    undefined,
    [],
    "shop_latency_seconds by verb, outcome",
  ],
  ["a service without metrics has none", "/other", "", undefined, []],
])("%s", async (_sentence, path, metrics, name, bucketsSeconds, own?: string) => {
  const { counting, at } = await lookedAt(path, metrics);
  expect(counting).toEqual({ metrics: name, bucketsSeconds, histogram: own, ...(name === undefined ? {} : { readAt: at(path) }) });
});

const said = (library: string): string =>
  readFileSync(new URL(`../../build/testing/services/${library}/metrics.txt`, import.meta.url), "utf8");

test.each([
  ["promhttp", "/metrics", "promhttp"],
  ["micrometer", "/actuator/prometheus", "micrometer"],
  ["otel-go", "/metrics", { preset: "otel" }],
  ["otel-node", "/metrics", { preset: "otel", duration: "http_server_request_duration" }],
  ["prom-client", "/metrics", undefined],
  ["python", "/metrics", undefined],
])("what %s really writes is known for what it is", async (library, path, expected) => {
  const { counting, port } = await lookedAt(path, said(library));
  const scrape = typeof expected === "object" ? { scrape: { path, port } } : {};
  expect(counting).toMatchObject({ metrics: typeof expected === "object" ? { ...expected, ...scrape } : expected });
});

test("metrics that stand elsewhere than the library has them are named with their place", async () => {
  const labels = 'http_request_method="GET",http_response_status_code="200",http_route="/"';
  const { counting, port, at } = await lookedAt("/metrics", histogram("http_server_request_duration_seconds", labels));
  const metrics = { preset: "otel", scrape: { path: "/metrics", port } };
  expect(counting).toEqual({ metrics, bucketsSeconds: [0.25, 0.5], readAt: at("/metrics") });
});

test("of a service that is not there nothing is known, whatever somebody else shows at a library's own port", async () => {
  const otel = createServer((_, response) =>
    response.end(histogram("http_server_request_duration_seconds", 'http_response_status_code="200",http_route="/"')),
  );
  await new Promise<void>((resolve) => otel.listen(9464, host, resolve));
  try {
    const silence = expect.stringContaining("ECONNREFUSED") as string;
    expect(await lookAtCounting(`http://${host}:18099`)).toEqual({ metrics: undefined, bucketsSeconds: [], silence });
  } finally {
    otel.close();
  }
});

test("a first request that is not answered is said to be", async () => {
  const request = { route: "/", params: {}, query: {}, guessed: [] };
  const note = "GET / is not answered, and the scenario expects 200";
  const said: string[] = [];
  expect(await seenFirst(`http://${host}:18099`, request, (line) => said.push(line))).toEqual(request);
  expect(said).toEqual([note]);
});

test.each([
  ["what answers is asked for", "/orders", { "/orders": 200 }, "/orders", undefined, undefined],
  ["a redirect is what k6 will see", "/", { "/": 302 }, "/", 302, "GET / answers 302, which the scenario expects: ask for what users do"],
  ["and else what was seen is expected", "/", {}, "/", 404, "GET / answers 404, which the scenario expects: ask for what users do"],
  ["a service's own failure is not what to expect", "/", { "/": 503 }, "/", undefined, "GET / answers 503, and the scenario expects 200"],
])("the first request: %s", async (_, asked, answers: Record<string, number>, route, status, note) => {
  const server = createServer((request, response) => {
    response.statusCode = answers[request.url ?? ""] ?? 404;
    if (response.statusCode === 302) response.setHeader("location", "/elsewhere");
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const request = { route: asked, params: {}, query: {}, guessed: [] };
    const said: string[] = [];
    const seen = await seenFirst(`http://${host}:${port}`, request, (line) => said.push(line));
    expect(seen).toEqual({ ...request, route, ...(status === undefined ? {} : { status }) });
    expect(said).toEqual(note === undefined ? [] : [note]);
  } finally {
    server.close();
  }
});
