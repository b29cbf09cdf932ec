import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { createServer as createTcp, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { describeLive } from "../build/testing/live.ts";
import { expectedRequests } from "./lib/mix.ts";

interface Served {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  nth: number;
  response: ServerResponse;
  bytes: Buffer;
}
type Meddle = (request: Served) => Buffer | "handled";

/** Serves the storage API from a Map and counts what it served, by method and route pattern. */
async function storageServer(meddle: Meddle = ({ bytes }) => bytes) {
  const buckets = new Map<string, Buffer>();
  const counts = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { method = "", url = "", headers } = request;
    const route = `${method} ${url.replace(/^\/api\/buckets\/[^/]+$/, "/api/buckets/:id")}`;
    const nth = (counts.get(route) ?? 0) + 1;
    counts.set(route, nth);
    let answer: Buffer | undefined = Buffer.alloc(0);
    if (method === "PUT") buckets.set(url, body);
    else if (method === "DELETE") response.statusCode = buckets.delete(url) ? 200 : 400;
    else if (url === "/api/users") answer = Buffer.from('{"users":[{"id":1,"name":"a","email":"a@b"}]}');
    else answer = method === "POST" ? body : buckets.get(url);
    if (answer === undefined) response.statusCode = 404;
    const sent = meddle({ method, url, headers, nth, response, bytes: answer ?? Buffer.alloc(0) });
    if (sent !== "handled") response.end(sent);
  });
  server.keepAliveTimeout = 60_000;
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const close = () => (server.closeAllConnections(), server.close());
  return { url: `http://127.0.0.1:${port}`, counts, buckets, close };
}

interface Point {
  metric: string;
  value: number;
  tags: Record<string, string>;
}
const sum = (points: readonly Point[]): number => points.reduce((all, { value }) => all + value, 0);
const flipped = (bytes: Buffer): Buffer => Buffer.from(bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte)));

describeLive("the scenarios, run by k6", ["k6", "prometheus"], ({ k6, prometheus }) => {
  let folder: string;
  const closing: (() => unknown)[] = [];
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "plimsoll-scenarios-"))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(() => void closing.splice(0).forEach((close) => close()));

  async function serve(meddle?: Meddle) {
    const server = await storageServer(meddle);
    closing.push(server.close);
    return server;
  }

  let runs = 0;
  function run(name: string, target: string, environment: Record<string, string> = {}, more: string[] = []) {
    const out = join(folder, `${(runs += 1)}.json`);
    const args = [
      "run",
      "--quiet",
      "--no-usage-report",
      "--summary-mode=disabled",
      "--out",
      `json=${out}`,
      ...more,
      resolve(import.meta.dirname, `${name}.ts`),
    ];
    const env = {
      ...process.env,
      PLIMSOLL_TARGET: target,
      PLIMSOLL_RATE: "20",
      PLIMSOLL_DURATION: "2s",
      PLIMSOLL_SET: '{"warmup":"1"}',
      ...environment,
    };
    return new Promise<{ code: number; stderr: string; points: (metric: string) => Point[] }>((done) => {
      execFile(k6, args, { env, timeout: 100_000 }, (error, _stdout, stderr) => {
        const lines = (): Point[] =>
          readFileSync(out, "utf8")
            .split("\n")
            .filter((line) => line.includes('"type":"Point"'))
            .map((line) => {
              const { metric, data } = JSON.parse(line) as { metric: string; data: Omit<Point, "metric"> };
              return { metric, ...data };
            });
        done({ code: Number(error?.code ?? 0), stderr, points: (metric) => lines().filter((point) => point.metric === metric) });
      });
    });
  }

  test.concurrent.each(["smoke", "load", "spike", "stress", "soak", "breakpoint"])("%s: k6 and the server count the same", async (name) => {
    const server = await storageServer();
    try {
      const { code, points, stderr } = await run(name, server.url, { PLIMSOLL_SLOW_THRESHOLDS: "30" });
      expect({ code, stderr }).toMatchObject({ code: 0 });
      const requests = points("http_reqs");
      const sent = new Map<string, number>();
      for (const { tags } of requests)
        sent.set(`${tags["method"]} ${tags["name"]}`, (sent.get(`${tags["method"]} ${tags["name"]}`) ?? 0) + 1);
      expect(Object.fromEntries(sent)).toEqual(Object.fromEntries(server.counts));
      expect(requests.filter(({ tags }) => tags["expected_response"] !== "true" || tags["status"] !== "200")).toEqual([]);
      expect(new Set(requests.map(({ tags }) => tags["scenario"]))).toEqual(new Set(["warmup", name]));
      expect(new Set(points("scenario_start_seconds").map(({ tags }) => tags["scenario"]))).toEqual(new Set(["warmup", name]));
      expect([sum(points("wrong_contents")), sum(points("slow_requests"))]).toEqual([0, 0]);
      expect([...server.buckets.keys()].filter((id) => id.includes("own"))).toEqual([]);
    } finally {
      server.close();
    }
  });

  test("the requests of an iteration are the ones that the plan expects", async () => {
    const server = await serve();
    const { points } = await run("smoke", server.url, { PLIMSOLL_DURATION: "4s" });
    const measured = points("http_reqs").filter(({ tags }) => tags["scenario"] === "smoke");
    const iterations = points("iterations").filter(({ tags }) => tags["scenario"] === "smoke").length;
    const offered = iterations + sum(points("dropped_iterations").filter(({ tags }) => tags["scenario"] === "smoke"));
    expect(Math.abs(offered - 80)).toBeLessThanOrEqual(1);
    for (const { method, route, perIteration } of expectedRequests({ read: 60, write: 20, delete: 10, users: 5, echo: 5 })) {
      const count = measured.filter(({ tags }) => tags["method"] === method && tags["name"] === route).length;
      expect({ method, route, count, near: Math.abs(count - iterations * perIteration) <= 2 }).toMatchObject({ near: true });
    }
  });

  const marked: [string, Record<string, string>, boolean][] = [
    ["a run that has a testid names it in each request, with a trace of its own", { PLIMSOLL_TESTID: "smoke-1" }, true],
    ["a k6 that somebody else runs marks no request", {}, false],
  ];
  test.each(marked)("%s", async (_sentence, environment, isMarked) => {
    const headers: IncomingHttpHeaders[] = [];
    const server = await serve((request) => (headers.push(request.headers), request.bytes));
    const { code } = await run("smoke", server.url, environment);
    expect(code).toBe(0);
    expect(new Set(headers.map(({ baggage }) => baggage))).toEqual(new Set([isMarked ? "plimsoll.testid=smoke-1" : undefined]));
    const traces = headers.flatMap(({ traceparent }) => /^00-([\da-f]{32})-[\da-f]{16}-01$/.exec(String(traceparent))?.[1] ?? []);
    expect([traces.length, new Set(traces).size]).toEqual(isMarked ? [headers.length, headers.length] : [0, 0]);
  });

  test("every wrong byte is counted, on the route where it was", async () => {
    const wrong = { "GET /api/buckets/:id": 0, "GET /api/users": 0, "POST /api/echo": 0 };
    const server = await serve(({ method, url, nth, bytes }) => {
      if (method === "PUT" || method === "DELETE" || nth % 3 !== 0) return bytes;
      wrong[`${method} ${url.replace(/buckets.*/, "buckets/:id")}` as keyof typeof wrong] += 1;
      return flipped(bytes);
    });
    const { points } = await run("smoke", server.url, { PLIMSOLL_DURATION: "4s", PLIMSOLL_SET: '{"warmup":"0","payload":"1B-3KiB"}' });
    const counted = points("wrong_contents").filter(({ value }) => value > 0);
    const by = (route: string) => counted.filter(({ tags }) => `${tags["method"]} ${tags["name"]}` === route).length;
    expect(Object.fromEntries(Object.keys(wrong).map((route) => [route, by(route)]))).toEqual(wrong);
    expect(Math.min(...Object.values(wrong))).toBeGreaterThan(0);
  });

  test("slow requests are exactly those whose duration passed the threshold, and those that were never answered", async () => {
    let cut = 0;
    const server = await serve(({ method, url, nth, response, bytes }) => {
      if (method === "PUT" && url.includes("own-0-smoke")) return ((cut += 1), response.destroy(), "handled");
      if (method !== "GET" || nth % 4 !== 0) return bytes;
      setTimeout(() => response.end(bytes), 150);
      return "handled";
    });
    const { points } = await run("smoke", server.url, {
      PLIMSOLL_DURATION: "4s",
      PLIMSOLL_SET: '{"warmup":"0"}',
      PLIMSOLL_SLOW_THRESHOLDS: "0.05,30",
    });
    const slow = (threshold: string) => sum(points("slow_requests").filter(({ tags }) => tags["threshold"] === threshold));
    const unanswered = points("http_reqs").filter(({ tags }) => tags["status"] === "0").length;
    // The seeds, which nobody judges and setup does not time, are labelled as warm-up.
    const late = points("http_req_duration").filter(
      ({ value, tags }) => value > 50 && tags["status"] !== "0" && tags["scenario"] === "smoke",
    );
    expect(cut).toBeGreaterThan(0);
    expect(unanswered).toBe(cut);
    expect(slow("30")).toBe(cut);
    expect(late.length).toBeGreaterThanOrEqual(10);
    expect(slow("0.05")).toBe(late.length + cut);
  });

  test("a request that k6 cannot send, and so does not count, is not counted as slow", async () => {
    const script = `import { client } from "${join(import.meta.dirname, "lib/k6.ts")}";
const call = client("http://127.0.0.1:none")("GET /search", { expect: [200], answer: "text" });
export default function () { call.send(); }
`;
    writeFileSync(join(folder, "unsent.ts"), script);
    const asked = { PLIMSOLL_SLOW_THRESHOLDS: "0.25", PLIMSOLL_SAMPLES: "1" };
    const { points, stderr } = await run(join(folder, "unsent"), "unused", asked);
    expect(stderr).toMatch(/level=error msg="Error: invalid URL/);
    expect([points("http_reqs"), points("slow_requests").filter(({ value }) => value > 0)]).toEqual([[], []]);
  });

  test.each<[string, Record<string, string>, string]>([
    ["a misspelt key", { PLIMSOLL_SET: '{"paylod":"1KiB"}' }, 'unknown key \\"paylod\\"; known: payload, keys'],
    ["a rate that is none", { PLIMSOLL_RATE: "fast" }, '--rate: \\"fast\\" is not a number above 0'],
  ])("%s stops k6 before it starts", async (_sentence, environment, message) => {
    const server = await serve();
    const { code, stderr } = await run("smoke", server.url, environment);
    expect([code, server.counts.size]).toEqual([107, 0]);
    expect(stderr).toContain(message);
  });

  test("a service that loses some of the seeds gets them again, all of them, and is loaded", async () => {
    let lost = 0;
    const server = await serve(({ method, nth, response, bytes }) => {
      if (method !== "PUT" || nth > 150 || nth % 3 === 0) return bytes;
      lost += 1;
      if (nth % 2 === 0) return (response.destroy(), "handled");
      response.statusCode = 500;
      return bytes;
    });
    const { code, points, stderr } = await run("smoke", server.url, { PLIMSOLL_SET: '{"warmup":"0"}' });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(lost).toBe(100);
    const judged = points("http_reqs").filter(({ tags }) => tags["scenario"] === "smoke");
    expect(judged.filter(({ tags }) => tags["expected_response"] !== "true")).toEqual([]);
    expect(sum(points("wrong_contents"))).toBe(0);
  });

  test("a service that refuses the seeds stops the run before any load", async () => {
    const server = await serve(({ response, bytes }) => ((response.statusCode = 507), bytes));
    const { code, stderr } = await run("smoke", server.url);
    expect(code).toBe(107);
    expect(stderr).toContain(
      "SeedError: " + server.url + " does not take PUT /api/buckets/plimsoll-0, however often it is sent: it answered 507",
    );
    expect([...server.counts.keys()]).toEqual(["PUT /api/buckets/:id"]);
  });

  test("counters at zero reach Prometheus, with no method, and the start of each scenario as Unix seconds", async () => {
    const server = await serve();
    const database = await startPrometheus(prometheus, join(folder, "prometheus"));
    closing.push(() => database.child.kill("SIGKILL"));
    const began = Date.now() / 1000;
    const { code } = await run(
      "smoke",
      server.url,
      {
        PLIMSOLL_SLOW_THRESHOLDS: "0.25,0.5",
        K6_PROMETHEUS_RW_SERVER_URL: `${database.url}/api/v1/write`,
      },
      ["--out", "experimental-prometheus-rw"],
    );
    expect(code).toBe(0);
    const slow = await database.query('last_over_time(k6_slow_requests_total{method=""}[5m])');
    expect(slow.map(({ metric, value }) => [metric["threshold"], value[1]]).toSorted()).toEqual([
      ["0.25", "0"],
      ["0.5", "0"],
    ]);
    expect((await database.query('last_over_time(k6_wrong_contents_total{method=""}[5m])')).map(({ value }) => value[1])).toEqual(["0"]);
    const starts = await database.query("last_over_time(k6_scenario_start_seconds[5m])");
    expect(starts.map(({ metric }) => metric["scenario"]).toSorted()).toEqual(["smoke", "warmup"]);
    for (const { value } of starts) expect(Math.abs(Number(value[1]) - began)).toBeLessThan(60);
  });
});

async function freePort(): Promise<number> {
  const server = createTcp();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

async function startPrometheus(binary: string, folder: string) {
  const url = `http://127.0.0.1:${await freePort()}`;
  const config = `${folder}.yml`;
  writeFileSync(config, "");
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${folder}`,
    `--web.listen-address=${url.slice(7)}`,
    "--web.enable-remote-write-receiver",
    "--log.level=error",
  ];
  const child: ChildProcess = spawn(binary, args, { stdio: "ignore" });
  for (let tries = 0; tries < 200; tries += 1) {
    const ready = await fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) break;
    await new Promise((done) => setTimeout(done, 50));
  }
  type Row = { metric: Record<string, string>; value: [number, string] };
  const query = async (promql: string): Promise<Row[]> => {
    const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(promql)}`);
    return ((await response.json()) as { data: { result: Row[] } }).data.result;
  };
  return { url, child, query };
}
