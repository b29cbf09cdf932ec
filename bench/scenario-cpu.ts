import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Child } from "../slo/host/process-group.ts";
import { cpuSecondsOf } from "./cpu.ts";
import { sideBySide, type Bench, type Figure, type Row } from "./figure.ts";
import { openSink, project, servedBy, startOurs, targetOf, toolOf } from "./started.ts";

const rate = 400;
/** As many VUs on both sides: each costs k6 some milliseconds before the load begins. */
const vus = 50;

/** Starts k6 on the script written by hand, with k6's defaults. */
function startHandwritten({ group, folder }: Bench, command: string, environment: Record<string, string>): Child {
  const [script, payloads] = [join(project, "bench/handwritten.js"), join(folder, "payloads")];
  writeFileSync(payloads, randomBytes(100 * 1024));
  return group.start({
    name: "k6",
    command,
    args: ["run", "--out", "experimental-prometheus-rw", "--no-usage-report", "--tag", "testid=bench", script],
    folder,
    logFile: join(folder, "handwritten.log"),
    environment: { ...process.env, RATE: String(rate), VUS: String(vus), PAYLOADS: payloads, ...environment },
  });
}

/** Starts what k6's CPU is measured against, and gives how a k6 is measured that sends smoke's requests. */
export async function openCpu(bench: Bench) {
  const [rounds, seconds] = bench.quick ? [2, 8] : [6, 15];
  const [{ url }, sink] = [await targetOf(bench, {}), await openSink()];
  /** Runs k6 and gives its CPU seconds, user and system, for each request that the service answered. */
  const perRequest = async (name: string, start: () => Child | Promise<Child>): Promise<number> => {
    const [before, spent] = [await servedBy(url), cpuSecondsOf(process.pid).children];
    const child = await start();
    const { code } = await child.exited;
    if (code !== 0) throw new Error(`k6 ended with ${code}:\n${child.tail().join("\n")}`);
    const requests = (await servedBy(url)).requests - before.requests;
    const expected = rate * seconds * 1.1;
    if (Math.abs(requests - expected) > expected * 0.05) throw new Error(`${name}: ${requests} requests, about ${expected} were planned`);
    return (cpuSecondsOf(process.pid).children - spent) / requests;
  };
  const load = { scenario: "smoke", target: url, writeUrl: sink.url, seconds, rate, vus, summaryFile: join(bench.folder, "summary.json") };
  return { rounds, perRequest, load, close: sink.close };
}

async function run(bench: Bench): Promise<Row[]> {
  const k6 = await toolOf(bench, "k6");
  const { rounds, perRequest, load, close } = await openCpu(bench);
  const { target: url, seconds, writeUrl } = load;
  const own = { TARGET: url, SECONDS: String(seconds), K6_PROMETHEUS_RW_SERVER_URL: writeUrl };
  const ours = { name: "ours", perRequest: () => perRequest("ours", () => startOurs(bench, load)) };
  const byHand = { name: "by hand", perRequest: () => perRequest("handwritten", () => startHandwritten(bench, k6, own)) };
  const rows = await sideBySide(bench, "k6's CPU a request", rounds, [ours, byHand], 1.1);
  close();
  return rows;
}

/** Compares k6's CPU for our typed scenario with that for a script written by hand which sends the same requests, in turn. */
export const scenarioCpu: Figure = { name: "scenario-cpu", what: "k6's CPU a request: our scenario against a script written by hand", run };
