import { Agent, request } from "node:http";
import { actionDeck, type Action } from "../scenarios/lib/mix.ts";
import { cpuSecondsOf } from "./cpu.ts";
import type { Bench, Figure, Row } from "./figure.ts";
import { sideBySide } from "./side-by-side.ts";
import { stop, targetOf, type Part } from "./started.ts";

const connections = 8;
/** Iterations before the measurement, so that the just-in-time compiler has settled. */
const warmUp = 20_000;
const payload = Buffer.alloc(1024, 7);
const mix = { read: 60, write: 20, delete: 10, users: 5, echo: 5 };

type Sent = [method: string, path: string, body?: Buffer | string];

/** Lists the requests of an action; the same mix as the scenarios'. */
function requestsOf(action: Action, own: number): Sent[] {
  const [bucket, ownBucket] = [`/api/buckets/bench-${own % 100}`, `/api/buckets/own-${own}`];
  switch (action) {
    case "read":
      return [["GET", bucket]];
    case "write":
      return [["PUT", bucket, payload]];
    case "delete":
      return [
        ["PUT", ownBucket, payload],
        ["DELETE", ownBucket],
      ];
    case "users":
      return [["GET", "/api/users"]];
    case "echo":
      return [["POST", "/api/echo", `{"message":"${own}"}`]];
  }
}

const agent = new Agent({ keepAlive: true, maxSockets: connections });

/** Sends one request. By node:http, for `fetch` costs so much of its own that the service idles. */
function send(url: string, [method, path, body]: Sent): Promise<void> {
  const type = typeof body === "string" ? "application/json" : "application/octet-stream";
  const headers = body === undefined ? {} : { "content-type": type, "content-length": body.length };
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { agent, method, headers }, (response) => {
      response.resume().on("end", () => (response.statusCode === 200 ? resolve() : reject(new Error(`${path}: ${response.statusCode}`))));
    });
    sent.on("error", reject).end(body);
  });
}

/** Sends the mix over kept-alive connections, as fast as it goes, and gives how many requests that were. */
async function load(url: string, iterations: number): Promise<number> {
  const deck = actionDeck(mix, 1);
  const own = Array.from({ length: iterations }, (_, at) => at).values();
  let requests = 0;
  const worker = async (): Promise<void> => {
    for (const at of own) {
      const sent = requestsOf(deck[at % deck.length] as Action, at);
      for (const one of sent) await send(url, one);
      requests += sent.length;
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  return requests;
}

/** Gives the service's CPU seconds for each request; with `scraped`, its metrics are read once a second meanwhile. */
async function perRequest({ url, child }: Part, iterations: number, scraped: boolean): Promise<number> {
  const timer = scraped ? setInterval(() => void send(url, ["GET", "/metrics"]).catch(() => undefined), 1000) : undefined;
  try {
    const before = cpuSecondsOf(child.pid ?? 0);
    const requests = await load(url, iterations);
    return (cpuSecondsOf(child.pid ?? 0) - before) / requests;
  } finally {
    clearInterval(timer);
  }
}

async function run(bench: Bench): Promise<Row[]> {
  const [rounds, iterations] = bench.quick ? [3, 6000] : [10, 20_000];
  const counted = await targetOf(bench, { METRICS: "on" });
  const plain = await targetOf(bench, { METRICS: "off" });
  for (const { url } of [counted, plain]) {
    for (let key = 0; key < 100; key += 1) await send(url, ["PUT", `/api/buckets/bench-${key}`, payload]);
    await load(url, warmUp);
  }
  const rows = await sideBySide(bench, {
    what: "the service's CPU a request",
    rounds,
    first: { name: "with metrics, scraped once a second", perRequest: () => perRequest(counted, iterations, true) },
    second: { name: "without metrics", perRequest: () => perRequest(plain, iterations, false) },
    atMost: 1.25,
  });
  agent.destroy();
  for (const part of [counted, plain]) await stop(part);
  return rows;
}

/** Compares the storage API's CPU with its metrics, scraped once a second, with that of METRICS=off, in turn. */
export const targetCpu: Figure = { name: "target-cpu", what: "the service's CPU a request: with metrics against without", run };
