import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { run, workingFolder } from "../cli/cli.fixture.ts";
import type { PrometheusApi } from "../collect/prometheus.ts";
import { openProcessGroup } from "../host/process-group.ts";
import { startPrometheus } from "../run/local-services.ts";
import { encodeWrite } from "../run/relay/body.ts";
import { writeOnce } from "../run/relay/write.ts";
import { loadSpec } from "../spec/load.ts";
import { outlookOf } from "./outlook.ts";
import type { Present } from "./present.ts";

/** What a Prometheus holds: a service that counts as promhttp does, one without a request yet, one whose histogram has no buckets. */
const held: Record<string, string>[] = [
  { __name__: "go_requests_total", job: "young", instance: "young:80" },
  ...["shop", "young", "bare"].map((job) => ({ __name__: "up", job, instance: `${job}:80` })),
  ...["200", "201"].flatMap((code) => [
    { __name__: "http_requests_total", job: "shop", instance: "shop:80", method: "get", handler: "/items/{id}", code },
    ...["_count", "_bucket"].flatMap((part) =>
      (part === "_bucket" ? ["0.1", "0.5", "1.0", "+Inf"] : [""]).map((le) => ({
        __name__: `http_request_duration_seconds${part}`,
        job: "shop",
        instance: "shop:80",
        method: "get",
        handler: "/items/{id}",
        code,
        ...(le === "" ? {} : { le }),
      })),
    ),
  ]),
  { __name__: "http_request_duration_seconds_count", job: "bare", instance: "bare:80", method: "get", handler: "/items/{id}", code: "200" },
  { __name__: "http_request_duration_seconds_count", job: "none", instance: "none:80", method: "get", handler: "/" },
  { __name__: "up", job: "none", instance: "none:80" },
  { __name__: "up", job: "tele", instance: "tele:80" },
  {
    __name__: "http_server_request_duration_seconds_count",
    job: "tele",
    instance: "tele:80",
    http_request_method: "GET",
    http_route: "/",
    http_response_status_code: "200",
  },
  { __name__: "orders_total", job: "shop", instance: "shop:80", result: "done" },
];

const specText = (service: string, objectives: string, metrics = "promhttp"): string =>
  `version: 1\nservice: ${service}\nmetrics: ${metrics}\nobjectives:\n  - { name: o, target: 99%, indicator: ${objectives} }\n`;
const errorsOf = (where = ""): string => `{ errors: { side: server${where && `, where: ${where}`} } }`;

describeLive("what the objectives of a service would read now", ["k6", "prometheus"], ({ prometheus: binary }) => {
  const group = openProcessGroup();
  let api: PrometheusApi;
  let atSeconds: number;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), "plimsoll-outlook-"));
    const options = { binary, folder, logFile: join(folder, "log"), job: "none", targetUrl: undefined };
    const started = await startPrometheus(group, options);
    if (started.kind === "failed") throw new Error(started.message);
    api = { url: started.url, headers: {}, timeoutSeconds: 20, fetch };
    atSeconds = Math.floor(Date.now() / 1000);
    for (const secondsAgo of [10, 5]) {
      const samples = held.map((labels) => ({
        labels,
        value: labels["__name__"] === "up" ? 1 : 7,
        atMillis: (atSeconds - secondsAgo) * 1000,
      }));
      for (const sample of samples) {
        const written = await writeOnce({ url: `${api.url}/api/v1/write` }, encodeWrite([sample]));
        if (written.kind !== "written") throw new Error(written.reason);
      }
    }
  });
  afterAll(() => group.stopAll());

  test.each<[string, string, Present["state"], string[]]>([
    [
      "a service that counts is read: series, label values in its own spelling, and no error yet",
      specText("shop", errorsOf("{ method: GET }")),
      "readable",
      ["2 series, 14 counted so far", "method: get", "handler: /items/{id}", "code: 200, 201", "none so far"],
    ],
    [
      "a wrong label value stands beside those that there are",
      specText("shop", errorsOf('{ route: "/item/:id" }')),
      "unreadable",
      ["none with handler /item/:id; handler is /items/{id} (did you mean /items/{id}?)"],
    ],
    [
      "another route may come with the first request",
      specText("shop", errorsOf('{ route: "/orders" }')),
      "unknown",
      ["none with handler /orders; handler is /items/{id}"],
    ],
    [
      "a service that was not asked for anything has no series yet, which is no reason",
      specText("young", errorsOf()),
      "unknown",
      ['http_requests_total{job="young"}: no series', "no metric like it; there may be none before the first request"],
    ],
    [
      "a metric that is called otherwise is named",
      specText("shop", errorsOf(), "{ requests: http_request_total, labels: { status: code } }"),
      "unreadable",
      ["(did you mean http_requests_total?)"],
    ],
    [
      "a label of a route that is called otherwise stands beside those that there are, the nearest first",
      specText("shop", errorsOf('{ route: "/items/{id}" }'), "{ preset: promhttp, labels: { route: handlers } }"),
      "unreadable",
      ["no series has the label handlers yet; the labels are handler, code, method (did you mean handler?)", "metrics: promhttp would fit"],
    ],
    [
      "so does one of the status",
      specText("shop", errorsOf(), "{ preset: promhttp, labels: { status: codes } }"),
      "unreadable",
      ["no series has the label codes yet; the labels are code, handler, method (did you mean code?)"],
    ],
    [
      "a filter by a label that nothing has is a slip of what labels are called in a spec",
      specText("shop", errorsOf("{ rout: /items }")),
      "unreadable",
      ["no series has the label rout yet", "(did you mean route?)"],
    ],
    [
      "another preset that fits what the service has is named",
      specText("tele", errorsOf()),
      "unreadable",
      [
        "metrics: otel would fit (http_server_request_duration_seconds_count by http_request_method, http_route, http_response_status_code)",
      ],
    ],
    [
      "a service that nobody scrapes cannot be read, and the jobs are named",
      specText("shops", errorsOf()),
      "unreadable",
      ['none with job="shops"; job is shop (did you mean shop?)'],
    ],
    [
      "a bucket at the threshold is exact",
      specText("shop", "{ latency: { side: server, atMost: 1s } }"),
      "readable",
      ["buckets: 100 ms, 500 ms, 1,000 ms"],
    ],
    [
      "without it the requests around the threshold will be uncertain",
      specText("shop", "{ latency: { side: server, atMost: 250ms } }"),
      "readable",
      ["no bucket at 250 ms: requests above 100 ms and up to 500 ms will be uncertain"],
    ],
    [
      "a histogram without buckets cannot be read, whatever is sent",
      specText("bare", "{ latency: { side: server, atMost: 250ms } }"),
      "impossible",
      ["the service's histogram has no buckets, so no request is known to be fast"],
    ],
    [
      "series without a status tell no errors",
      specText("none", errorsOf(), "{ duration: http_request_duration_seconds, labels: { status: code } }"),
      "unreadable",
      ["1 of 1 series carry a code that is no status, or none: they may be errors"],
    ],
    [
      "events that have not been counted are none where their label is there",
      specText("shop", "{ ratio: { bad: 'orders_total{result=\"failed\"}', total: orders_total } }"),
      "readable",
      ["orders_total: 1 series, 7 counted so far", 'none with result="failed"; result is done'],
    ],
    [
      "a label that a ratio asks for is the service's own, and may come",
      specText("shop", "{ ratio: { bad: 'orders_total{state=\"failed\"}', total: orders_total } }"),
      "unknown",
      ["no series has the label state yet; the labels are result"],
    ],
    [
      "what k6 counts is not there before the load",
      specText("shop", "{ errors: { side: client } }"),
      "readable",
      ["counted by k6 during the load"],
    ],
  ])("%s", async (_, text, state, lines) => {
    const read = loadSpec(text, "slo.yaml");
    if (read.kind === "problems") throw new Error(read.problems[0]?.message);
    const { spec } = read;
    const { objectives } = await outlookOf({
      api,
      atSeconds,
      spec,
      serverLabels: { job: spec.service },
      plan: undefined,
      slowCounted: false,
    });
    const [objective] = objectives;
    const said = objective?.lines.join("\n") ?? "";
    expect(objective?.state, said).toBe(state);
    for (const line of lines) expect(said).toContain(line);
    expect(objective?.proof).toMatch(/^299 (requests|events) without a bad one prove 99%; how many will come is not known$/);
  });

  test("check tells it, with who is scraped, and ends with 2 only where an objective cannot be read at all", async () => {
    const folder = workingFolder();
    const files = { "good.yaml": errorsOf(), "slip.yaml": errorsOf('{ route: "/item/:id" }') };
    for (const [name, objective] of Object.entries(files)) writeFileSync(join(folder, name), specText("shop", objective));
    writeFileSync(join(folder, "young.yaml"), specText("young", errorsOf()));
    const check = (file: string) => run(["check", file, "--against", api.url], { folder });
    const [good, slip, young] = await Promise.all(["good.yaml", "slip.yaml", "young.yaml"].map(check));
    expect([good?.exitCode, slip?.exitCode, young?.exitCode], slip?.stdout).toEqual([0, 2, 0]);
    expect(good?.stdout).toContain('{job="shop"} is scraped every 5 s: shop:80');
    expect(young?.stdout).toContain("o: not known yet");
  });

  test("a load whose objective no request can make readable sends none, and --force sends all the same", async () => {
    let asked = 0;
    const server = createServer((_, response) => void ((asked += 1), response.end()));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const folder = workingFolder();
    writeFileSync(join(folder, "bare.yaml"), specText("bare", "{ latency: { side: server, atMost: 250ms } }"));
    writeFileSync(join(folder, "own.js"), 'import http from "k6/http";\nexport default function () { http.get(__ENV.PLIMSOLL_TARGET); }\n');
    const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const load = (...more: string[]) =>
      run(
        ["load", "--script", "own.js", "--spec", "bare.yaml", "--target", target, "--prometheus", api.url, "--settle-limit", "5", ...more],
        { folder },
      );
    const stopped = await load();
    expect([stopped.exitCode, asked], stopped.stderr).toEqual([2, 0]);
    expect(stopped.stderr).toContain("o: ");
    expect(stopped.stderr).toContain("no load can change that; --force loads all the same");
    const forced = await load("--force");
    expect([forced.exitCode, asked], forced.stderr).toEqual([3, 1]);
    server.close();
  });

  test.each([
    ["keeps warm-up and load apart by more than a scrape interval", "{ ratio: { bad: orders_failed_total, total: orders_total } }", 20],
    ["of which no event of the service is judged begins sooner", errorsOf(), 16],
  ])("a load %s", async (_, indicator, seconds) => {
    const folder = workingFolder();
    writeFileSync(join(folder, "slo.yaml"), specText("shop", indicator));
    const args = ["--target", "http://127.0.0.1:1", "--prometheus", api.url, "--spec", "slo.yaml"];
    const { exitCode, stderr } = await run(["load", "--scenario", "smoke", "--rate", "10", "--duration", "10s", ...args], { folder });
    expect(exitCode, stderr).toBe(4);
    expect(stderr).toContain(`smoke: 100 iterations offered, ${seconds} s`);
  });

  test("a load with a preset that is not the service's says before it begins what was waited for, and which preset fits", async () => {
    const counted = "http_server_request_duration_seconds_count";
    const labels = 'http_request_method="GET",http_route="/",http_response_status_code="200"';
    let isReadable = true;
    const server = createServer((request, response) => {
      if (request.url !== "/metrics") response.end();
      else if (isReadable)
        response.setHeader("content-type", "text/plain; version=0.0.4").end(`# TYPE ${counted} counter\n${counted}{${labels}} 5\n`);
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const folder = workingFolder();
    writeFileSync(join(folder, "slo.yaml"), specText("tele", errorsOf()));
    writeFileSync(join(folder, "own.js"), 'import http from "k6/http";\nexport default function () { http.get(__ENV.PLIMSOLL_TARGET); }\n');
    const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const load = () => run(["load", "--script", "own.js", "--spec", "slo.yaml", "--target", target, "--settle-limit", "2"], { folder });
    const otherwise = await load();
    expect([otherwise.exitCode, otherwise.stderr]).toEqual([3, expect.stringContaining(`metrics: otel would fit (${counted} by `)]);
    isReadable = false;
    const unread = await load();
    expect([unread.exitCode, unread.stderr]).toEqual([
      3,
      expect.stringMatching(
        /waiting until Prometheus has scraped the service with \{job="tele"\}, 3 s at most[^]*cannot be read at .*\/metrics/,
      ),
    ]);
    server.close();
  });
});
