import { createServer } from "node:http";
import { join } from "node:path";
import { startK6 } from "../slo/run/k6.ts";
import { bundled } from "./bundled.ts";
import { memoryOf } from "./cpu.ts";
import type { Bench, Figure, Row } from "./figure.ts";
import { openSink } from "./sink.ts";
import { toolOf } from "./started.ts";

/** The soak's own code at a rate that k6 cannot reach, so that it runs as fast as it goes. */
const rate = 8000;
const mostSeconds = 900;

/** Serves the storage API from a Map with as little work as it can, and counts requests. */
async function openServer(): Promise<{ url: string; requests: () => number; close: () => void }> {
  const buckets = new Map<string, Buffer>();
  const users = '{"users":[{"id":1,"name":"a","email":"a@b"}]}';
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    const { method, url = "" } = request;
    if (method === "GET") return void response.end(url === "/api/users" ? users : buckets.get(url));
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      if (method === "PUT") buckets.set(url, body);
      if (method === "DELETE") buckets.delete(url);
      response.end(method === "POST" ? body : undefined);
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    requests: () => requests,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

interface Peaks {
  early: number;
  late: number;
}

/** Runs the soak until the second mark, and gives k6's peak memory at both, bytes. */
async function soak(bench: Bench, k6: string, script: string, marks: readonly [number, number]): Promise<Peaks> {
  const server = await openServer();
  const sink = await openSink();
  const child = startK6(bench.nursery, {
    ...{ binary: k6, script, folder: bench.folder, logFile: join(bench.folder, "soak.log"), writeUrl: sink.url },
    labels: { testid: "bench", instance_id: "0" },
    environment: {
      ...process.env,
      ...{ PLIMSOLL_TARGET: server.url, PLIMSOLL_RATE: String(rate), PLIMSOLL_DURATION: `${mostSeconds}s` },
      ...{ PLIMSOLL_SET: '{"warmup":"0","vus":"100"}', PLIMSOLL_SLOW_THRESHOLDS: "0.25" },
    },
    ...{ summaryFile: undefined, systemTags: undefined, onLine: () => undefined },
  });
  try {
    const reach = async (mark: number): Promise<number> => {
      let said = performance.now();
      while (server.requests() < mark) {
        if (child.exit()) throw new Error(`k6 ended after ${server.requests()} requests:\n${child.tail().join("\n")}`);
        if (performance.now() - said > 15_000) {
          bench.say(
            `${server.requests()} of ${marks[1]} requests, k6 holds ${(memoryOf(child.pid ?? 0).residentBytes / 2 ** 20).toFixed(0)} MiB`,
          );
          said = performance.now();
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return memoryOf(child.pid ?? 0).peakBytes;
    };
    return { early: await reach(marks[0]), late: await reach(marks[1]) };
  } finally {
    await child.stop("SIGTERM", 5);
    await sink.close();
    server.close();
  }
}

async function run(bench: Bench): Promise<Row[]> {
  const marks = bench.quick ? ([40_000, 200_000] as const) : ([200_000, 1_000_000] as const);
  const rounds = bench.quick ? 1 : 3;
  const [k6, script] = [await toolOf(bench, "k6"), await bundled(bench, "soak")];
  const peaks: Peaks[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    bench.say(`round ${round} of ${rounds}`);
    peaks.push(await soak(bench, k6, script, marks));
  }
  const [early, late] = [marks[0].toLocaleString("en"), marks[1].toLocaleString("en")];
  return [
    {
      what: `peak memory at ${late} requests ÷ at ${early}`,
      unit: "ratio",
      values: peaks.map(({ early, late }) => late / early),
      goal: { atMost: 1.15, by: "median" },
    },
    { what: `peak memory at ${early} requests`, unit: "mebibytes", values: peaks.map(({ early }) => early) },
    { what: `peak memory at ${late} requests`, unit: "mebibytes", values: peaks.map(({ late }) => late) },
  ];
}

/** Measures whether k6 keeps its memory in a soak, with our scenario and our settings. */
export const soakMemory: Figure = { name: "soak-memory", what: "k6's peak memory late in a soak against early", run };
