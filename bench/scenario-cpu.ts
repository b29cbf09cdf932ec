import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Child } from "../slo/host/process-group.ts";
import { timedProgram } from "./cpu.ts";
import type { Bench, Figure, Row } from "./figure.ts";
import { sideBySide } from "./side-by-side.ts";
import { servedBy, serve, sink, startOurs, stop, targetOf, toolOf } from "./started.ts";

const rate = 400;
/** As many VUs on both sides: each costs k6 some milliseconds before the load begins. */
const vus = 50;

interface Setup {
  bench: Bench;
  k6: string;
  target: string;
  writeUrl: string;
  seconds: number;
}

/** Runs k6 and gives its CPU seconds, user and system, for each request that the service answered. */
async function perRequest({ bench, k6, target, seconds }: Setup, name: string, start: (program: string) => Child | Promise<Child>) {
  const timed = timedProgram(join(bench.folder, `k6-${name}`), k6);
  const before = await servedBy(target);
  const child = await start(timed.program);
  const { code } = await child.exited;
  if (code !== 0) throw new Error(`k6 ended with ${code}:\n${child.tail().join("\n")}`);
  const requests = (await servedBy(target)).requests - before.requests;
  const expected = rate * seconds * 1.1;
  if (Math.abs(requests - expected) > expected * 0.05) throw new Error(`${name}: ${requests} requests, about ${expected} were planned`);
  return timed.cpuSeconds() / requests;
}

function handwritten({ bench: { nursery, folder, project }, target, writeUrl, seconds }: Setup, command: string): Child {
  const script = join(project, "bench/handwritten.js");
  return nursery.start({
    name: "k6",
    command,
    args: ["run", "--out", "experimental-prometheus-rw", "--no-usage-report", "--tag", "testid=bench", script],
    folder,
    logFile: join(folder, "handwritten.log"),
    environment: {
      ...process.env,
      TARGET: target,
      RATE: String(rate),
      SECONDS: String(seconds),
      VUS: String(vus),
      PAYLOADS: join(folder, "payloads"),
      K6_PROMETHEUS_RW_SERVER_URL: writeUrl,
    },
  });
}

async function run(bench: Bench): Promise<Row[]> {
  const [rounds, seconds] = bench.quick ? [2, 8] : [6, 15];
  writeFileSync(join(bench.folder, "payloads"), randomBytes(100 * 1024));
  const target = await targetOf(bench, {});
  const receiver = await serve(sink);
  const setup: Setup = { bench, k6: await toolOf(bench, "k6"), target: target.url, writeUrl: `${receiver.url}/api/v1/write`, seconds };
  const load = { scenario: "smoke", target: target.url, writeUrl: setup.writeUrl, seconds, rate, vus };
  const summaryFile = join(bench.folder, "summary.json");
  try {
    return await sideBySide(bench, {
      what: "k6's CPU a request",
      rounds,
      first: { name: "ours", perRequest: () => perRequest(setup, "ours", (binary) => startOurs(bench, { ...load, binary, summaryFile })) },
      second: { name: "by hand", perRequest: () => perRequest(setup, "handwritten", (command) => handwritten(setup, command)) },
      atMost: 1.1,
    });
  } finally {
    receiver.close();
    await stop(target);
  }
}

/** Compares k6's CPU for our typed scenario with that for a script written by hand which sends the same requests, in turn. */
export const scenarioCpu: Figure = { name: "scenario-cpu", what: "k6's CPU a request: our scenario against a script written by hand", run };
