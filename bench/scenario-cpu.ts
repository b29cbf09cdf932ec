import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startK6 } from "../slo/run/k6.ts";
import { bundled } from "./bundled.ts";
import { timedProgram } from "./cpu.ts";
import type { Bench, Figure, Row } from "./figure.ts";
import { openSink, type Sink } from "./sink.ts";
import { sideBySide } from "./side-by-side.ts";
import { stop, targetOf, toolOf } from "./started.ts";

const rate = 400;
/** As many VUs on both sides: each costs k6 some milliseconds before the load begins. */
const vus = 50;

interface Setup {
  bench: Bench;
  k6: string;
  script: string;
  target: string;
  sink: Sink;
  seconds: number;
}

/** Counts the requests that the service answered, below /api/. */
async function served(target: string): Promise<number> {
  const text = await (await fetch(`${target}/metrics`)).text();
  const counts = text.matchAll(/^http_request_duration_seconds_count\{[^}]*route="\/api\/[^}]*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Runs k6 and gives its CPU seconds, user and system, for each request that the service answered. */
async function perRequest(
  setup: Setup,
  name: string,
  start: (program: string) => { exited: Promise<{ code: number | null }>; tail(): string[] },
) {
  const timed = timedProgram(join(setup.bench.folder, `k6-${name}`), setup.k6);
  const before = await served(setup.target);
  const child = start(timed.program);
  const { code } = await child.exited;
  if (code !== 0) throw new Error(`k6 ended with ${code}:\n${child.tail().join("\n")}`);
  const requests = (await served(setup.target)) - before;
  const expected = rate * setup.seconds * 1.1;
  if (Math.abs(requests - expected) > expected * 0.05) throw new Error(`${name}: ${requests} requests, about ${expected} were planned`);
  return timed.cpuSeconds() / requests;
}

function ours(setup: Setup): Promise<number> {
  const { bench, script, target, sink, seconds } = setup;
  return perRequest(setup, "ours", (binary) =>
    startK6(bench.nursery, {
      ...{ binary, script, folder: bench.folder, logFile: join(bench.folder, "ours.log"), writeUrl: sink.url },
      labels: { testid: "bench", instance_id: "0" },
      environment: {
        ...process.env,
        PLIMSOLL_TARGET: target,
        PLIMSOLL_RATE: String(rate),
        PLIMSOLL_DURATION: `${seconds}s`,
        PLIMSOLL_SET: JSON.stringify({ warmup: "0", vus: String(vus) }),
        PLIMSOLL_SLOW_THRESHOLDS: "0.25",
      },
      summaryFile: join(bench.folder, "summary.json"),
      systemTags: undefined,
      onLine: () => undefined,
    }),
  );
}

function handwritten(setup: Setup): Promise<number> {
  const { bench, target, sink, seconds } = setup;
  return perRequest(setup, "handwritten", (command) =>
    bench.nursery.start({
      ...{ name: "k6", command, folder: bench.folder, logFile: join(bench.folder, "handwritten.log") },
      args: [
        "run",
        "--out",
        "experimental-prometheus-rw",
        "--no-usage-report",
        "--tag",
        "testid=bench",
        join(bench.project, "bench/handwritten.js"),
      ],
      environment: {
        ...process.env,
        ...{ TARGET: target, RATE: String(rate), SECONDS: String(seconds), VUS: String(vus), PAYLOADS: join(bench.folder, "payloads") },
        K6_PROMETHEUS_RW_SERVER_URL: sink.url,
      },
    }),
  );
}

async function run(bench: Bench): Promise<Row[]> {
  const [rounds, seconds] = bench.quick ? [2, 8] : [6, 15];
  writeFileSync(join(bench.folder, "payloads"), randomBytes(100 * 1024));
  const target = await targetOf(bench, {});
  const sink = await openSink();
  try {
    const setup = { bench, k6: await toolOf(bench, "k6"), script: await bundled(bench, "smoke"), target: target.url, sink, seconds };
    return await sideBySide(bench, {
      what: "k6's CPU a request",
      rounds,
      first: { name: "ours", perRequest: () => ours(setup) },
      second: { name: "by hand", perRequest: () => handwritten(setup) },
      atMost: 1.1,
    });
  } finally {
    await sink.close();
    await stop(target);
  }
}

/** Compares k6's CPU for our typed scenario with that for a script written by hand which sends the same requests, in turn. */
export const scenarioCpu: Figure = { name: "scenario-cpu", what: "k6's CPU a request: our scenario against a script written by hand", run };
