import { memoryOf } from "./cpu.ts";
import { inRounds, row, shown, type Bench, type Figure, type Row } from "./figure.ts";
import { serve, sink, startOurs, stop } from "./started.ts";

/** The soak's own code at a rate that k6 cannot reach, so that it runs as fast as it goes. */
const rate = 8000;
const mostSeconds = 900;

/** Serves the storage API from a Map with as little work as it can, and counts requests. */
async function openServer(): Promise<{ url: string; requests: () => number; close: () => void }> {
  const buckets = new Map<string, Buffer>();
  const users = '{"users":[{"id":1,"name":"a","email":"a@b"}]}';
  let requests = 0;
  const server = await serve((request, response) => {
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
  return { ...server, requests: () => requests };
}

/** Runs the soak until the last mark, and gives k6's peak memory at each, bytes. */
async function soak(bench: Bench, marks: readonly number[]): Promise<number[]> {
  const [server, receiver] = [await openServer(), await serve(sink)];
  const load = { scenario: "soak", target: server.url, writeUrl: `${receiver.url}/api/v1/write`, seconds: mostSeconds, rate, vus: 100 };
  const child = await startOurs(bench, load);
  const peaks: number[] = [];
  let told = performance.now();
  try {
    for (const mark of marks) {
      while (server.requests() < mark) {
        if (child.exit()) throw new Error(`k6 ended after ${server.requests()} requests:\n${child.tail().join("\n")}`);
        if (performance.now() - told > 15_000) {
          const held = shown(memoryOf(child.pid ?? 0).residentBytes, "mebibytes");
          bench.say(`${server.requests()} of ${marks.at(-1)} requests, k6 holds ${held}`);
          told = performance.now();
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      peaks.push(memoryOf(child.pid ?? 0).peakBytes);
    }
    return peaks;
  } finally {
    await stop({ child });
    receiver.close();
    server.close();
  }
}

async function run(bench: Bench): Promise<Row[]> {
  const marks = bench.quick ? [40_000, 200_000] : [200_000, 1_000_000];
  const peaks = await inRounds(bench, bench.quick ? 1 : 3, async () => {
    const [early = Number.NaN, late = Number.NaN] = await soak(bench, marks);
    return [{ early, late }, `${shown(early, "mebibytes")}, then ${shown(late, "mebibytes")}`];
  });
  const [early, late] = marks.map((mark) => mark.toLocaleString("en"));
  const ratios = peaks.map((peak) => peak.late / peak.early);
  return [
    row(`peak memory at ${late} requests ÷ at ${early}`, "ratio", ratios, 1.15),
    row(
      `peak memory at ${early} requests`,
      "mebibytes",
      peaks.map((peak) => peak.early),
    ),
    row(
      `peak memory at ${late} requests`,
      "mebibytes",
      peaks.map((peak) => peak.late),
    ),
  ];
}

/** Measures whether k6 keeps its memory in a soak, with our scenario and our settings. */
export const soakMemory: Figure = { name: "soak-memory", what: "k6's peak memory late in a soak against early", run };
