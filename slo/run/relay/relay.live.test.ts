import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { describeLive } from "../../../build/testing/live.ts";
import { openProcessGroup } from "../../host/process-group.ts";
import { startK6 } from "../k6.ts";
import { freePort, type Started, startPrometheus } from "../local-services.ts";
import { waitFor } from "../../host/wait.ts";
import { emptyFolder, ok, pushed, startReceiver } from "./destination.fixture.ts";
import { openRejected } from "./rejected.ts";
import { resumeRelay, startRelay, type Relay } from "./relay.ts";
import { openSpool } from "./spool.ts";
import { encodeWrite } from "./body.ts";
import { writeOnce } from "./write.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const answerMillis = 20;

/** Serves requests after 20 ms, every seventh with 500, and counts them: the truth. */
async function target(): Promise<{ url: string; requests: () => number; errors: () => number }> {
  let [requests, errors] = [0, 0];
  const server = createServer((_, response) => {
    requests += 1;
    const status = requests % 7 === 0 ? 500 : 200;
    if (status === 500) errors += 1;
    setTimeout(() => response.writeHead(status).end(), answerMillis);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))));
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}/`, requests: () => requests, errors: () => errors };
}

const script = (url: string, seconds: number): string => `import http from "k6/http";
export const options = { scenarios: { load: { executor: "constant-arrival-rate", rate: 50, timeUnit: "1s", duration: "${seconds}s", preAllocatedVUs: 100 } } };
export default () => http.get(${JSON.stringify(url)});`;

const summarySchema = z.object({
  metrics: z.object({ http_reqs: z.object({ count: z.number() }), iterations: z.object({ count: z.number() }) }),
});

async function ask(prometheus: string, query: string): Promise<number> {
  const answer = await (await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`)).json();
  const shape = z.object({ data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }) });
  const value = shape.parse(answer).data.result[0]?.value[1];
  return value === undefined ? Number.NaN : Number(value);
}

async function relayTo(folder: string, prometheus: string): Promise<{ relay: Relay; said: string[] }> {
  const said: string[] = [];
  const started = await startRelay({
    folder: join(folder, "spool"),
    destination: { url: `${prometheus}/api/v1/write`, timeoutSeconds: 5 },
    say: (line) => said.push(line),
  });
  if (started.kind === "failed") throw new Error(started.message);
  stops.push(started.relay.close);
  return { relay: started.relay, said };
}

describeLive("the relay between k6 and Prometheus", ["k6", "prometheus"], ({ k6: k6Binary, prometheus: prometheusBinary }) => {
  test("Prometheus is killed in the middle and comes back: k6, relay, Prometheus and the target agree to the request", async () => {
    const folder = emptyFolder();
    const group = openProcessGroup();
    stops.push(() => group.stopAll());
    const port = await freePort();
    const startIt = async (): Promise<Started> => {
      const started = await startPrometheus(group, {
        binary: prometheusBinary,
        folder: join(folder, "prometheus"),
        logFile: join(folder, "prometheus.log"),
        job: "none",
        targetUrl: undefined,
        port,
      });
      if (started.kind === "failed") throw new Error(started.message);
      return started;
    };
    const first = await startIt();
    const { relay, said } = await relayTo(folder, first.url);
    const served = await target();
    writeFileSync(join(folder, "script.js"), script(served.url, 10));
    const k6 = startK6(group, {
      binary: k6Binary,
      script: join(folder, "script.js"),
      folder,
      writeUrl: relay.url,
      testid: "relay-live",
      target: served.url,
      segment: { index: 0, of: 1 },
      isUserScript: false,
      environment: process.env,
      summaryFile: join(folder, "summary.json"),
      onLine: () => undefined,
    });
    const until = async (what: string, seen: () => boolean): Promise<void> => {
      if (!(await waitFor(() => Promise.resolve(seen() || k6.exit() !== undefined || undefined), 60, 20))) throw new Error(what);
      expect(k6.exit(), `${what}:\n${k6.tail().join("\n")}`).toBeUndefined();
    };
    const received = (): number => readdirSync(join(folder, "spool")).filter((name) => name.startsWith("push.")).length;
    const cursor = join(folder, "spool", "cursor");
    const forwarded = (): number => (existsSync(cursor) ? Number(readFileSync(cursor, "utf8")) : 0);
    await until("something arrived before the outage", () => forwarded() >= 2);
    await first.child.stop("SIGKILL", 0);
    const before = received();
    await until("pushes were kept during the outage", () => received() >= before + 3 && said.length > 0);
    const second = await startIt();
    const exit = await k6.exited;
    expect(exit, k6.tail().join("\n")).toMatchObject({ code: 0 });
    expect(await relay.flushed(60)).toEqual({ kind: "flushed" });

    const summary = summarySchema.parse(JSON.parse(readFileSync(join(folder, "summary.json"), "utf8"))).metrics;
    const held = (metric: string, more = ""): string => `sum(last_over_time(${metric}{testid="relay-live"${more}}[5m]))`;
    const requests = served.requests();
    expect(requests).toBeGreaterThan(100);
    expect({
      k6: summary.http_reqs.count,
      relay: relay.sent().sumOf("k6_http_reqs_total"),
      prometheus: await ask(second.url, held("k6_http_reqs_total")),
      prometheusHistogram: await ask(second.url, `histogram_count(${held("k6_http_req_duration_seconds")})`),
    }).toEqual({ k6: requests, relay: requests, prometheus: requests, prometheusHistogram: requests });
    const isError = (labels: Readonly<Record<string, string>>): boolean => labels["expected_response"] === "false";
    expect(relay.sent().sumOf("k6_http_reqs_total", isError)).toBe(served.errors());
    expect(await ask(second.url, held("k6_http_reqs_total", ',expected_response="false"'))).toBe(served.errors());
    expect(relay.sent().sumOf("k6_iterations_total")).toBe(summary.iterations.count);
    expect(relay.caveats()).toEqual([]);
    expect(said.at(0)).toContain("Prometheus does not take samples");
    expect(said.at(-1)).toBe("Prometheus takes samples again");
  });

  test("Prometheus's own refusal is kept in its words, and a body that it has already is taken without harm", async () => {
    const folder = emptyFolder();
    const group = openProcessGroup();
    stops.push(() => group.stopAll());
    const prometheus = await startPrometheus(group, {
      binary: prometheusBinary,
      folder: join(folder, "prometheus"),
      logFile: join(folder, "prometheus.log"),
      job: "none",
      targetUrl: undefined,
    });
    if (prometheus.kind === "failed") throw new Error(prometheus.message);
    const now = Date.now();
    const body = (value: number, atMillis: number): Buffer =>
      encodeWrite([{ labels: { __name__: "k6_http_reqs_total" }, value, atMillis }]);
    const to = { url: `${prometheus.url}/api/v1/write` };
    expect([await writeOnce(to, body(5, now)), await writeOnce(to, body(5, now))]).toEqual([{ kind: "written" }, { kind: "written" }]);
    const { relay } = await relayTo(folder, prometheus.url);
    await fetch(relay.url, { method: "POST", body: new Uint8Array(body(4, now - 1000)) });
    expect(await relay.flushed(30)).toEqual({ kind: "flushed" });
    expect(relay.caveats()).toEqual(["Prometheus refused 1 push for good: 400 out of order sample"]);
    expect(await ask(prometheus.url, "k6_http_reqs_total")).toBe(5);
  });

  test("samples that waited until Prometheus's head had moved on stay, and go in once its window is wide", async () => {
    const folder = emptyFolder();
    const group = openProcessGroup();
    stops.push(() => group.stopAll());
    const prometheus = await startPrometheus(group, {
      binary: prometheusBinary,
      folder: join(folder, "prometheus"),
      logFile: join(folder, "prometheus.log"),
      job: "none",
      targetUrl: undefined,
    });
    if (prometheus.kind === "failed") throw new Error(prometheus.message);
    const to = { url: `${prometheus.url}/api/v1/write` };
    const body = (metric: string, value: number, atMillis: number): Buffer =>
      encodeWrite([{ labels: { __name__: metric }, value, atMillis }]);
    const then = Date.now() - 3 * 3600 * 1000;
    expect(await writeOnce(to, body("scraped_meanwhile", 1, Date.now()))).toEqual({ kind: "written" });
    const spool = openSpool(join(folder, "spool"));
    for (const value of [1, 2, 3]) spool.append(body("k6_http_reqs_total", value, then + value * 1000));
    openRejected(join(folder, "spool")).close();
    const resume = (limitSeconds: number): ReturnType<typeof resumeRelay> =>
      resumeRelay({ folder: join(folder, "spool"), destination: to, say: () => undefined, limitSeconds });
    const outOfBounds = expect.stringMatching(/^400 out of bounds \(.*out_of_order_time_window/) as string;
    expect(await resume(1)).toMatchObject({ kind: "pending", reason: outOfBounds });
    const widen = (window: string): void => {
      const config = join(folder, "prometheus", "prometheus.yml");
      writeFileSync(config, JSON.stringify({ scrape_configs: [], storage: { tsdb: { out_of_order_time_window: window } } }));
      prometheus.child.signal("SIGHUP");
    };
    widen("1h");
    const tooOld = await waitFor(
      async () => {
        const got = await resume(0.2);
        return got.kind === "pending" && got.reason.startsWith("400 too old sample (") ? got : undefined;
      },
      20,
      100,
    );
    expect(tooOld).toBeDefined();
    widen("1d");
    expect(await resume(30)).toMatchObject({ kind: "flushed", caveats: [] });
    expect(await ask(prometheus.url, "count_over_time(k6_http_reqs_total[4h])")).toBe(3);
    expect(await ask(prometheus.url, "last_over_time(k6_http_reqs_total[4h])")).toBe(3);
  });
});

test("a relay that is killed while pushes come in has on disk whatever it acknowledged", async () => {
  const folder = emptyFolder();
  const fixture = fileURLToPath(new URL("relay-process.fixture.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", fixture, folder, "http://127.0.0.1:9/x"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  stops.push(() => child.kill("SIGKILL"));
  const url = await new Promise<string>((resolve) => child.stdout.setEncoding("utf8").once("data", (text: string) => resolve(text.trim())));
  const acknowledged: number[] = [];
  const pushAll = async (from: number): Promise<void> => {
    for (let value = from; value < 100_000; value += 4) {
      const answer = await fetch(url, { method: "POST", body: new Uint8Array(pushed(value)) }).catch(() => undefined);
      if (answer?.status !== 204) return;
      acknowledged.push(value);
      if (acknowledged.length === 150) child.kill("SIGKILL");
    }
  };
  await Promise.all([1, 2, 3, 4].map(pushAll));
  expect(acknowledged.length).toBeGreaterThanOrEqual(150);
  const destination = await startReceiver(ok);
  stops.push(destination.stop);
  const resumed = await resumeRelay({ folder, destination: { url: destination.url }, say: () => undefined, limitSeconds: 60 });
  expect(resumed.kind).toBe("flushed");
  const got = new Set(destination.bodies.map((body) => body.toString("hex")));
  expect(acknowledged.filter((value) => !got.has(pushed(value).toString("hex")))).toEqual([]);
  expect(destination.bodies.length, "at most what was under way is there besides").toBeLessThanOrEqual(acknowledged.length + 4);
});
