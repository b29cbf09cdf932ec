import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Child } from "../slo/host/process-group.ts";
import { sideBySide, type Bench, type Row, type Side } from "./figure.fixture.ts";
import { measure } from "./measure.fixture.ts";
import { cpuSecondsOf, openSink, project, servedBy, startOurs, targetOf, toolOf, type OurLoad } from "./started.fixture.ts";

const rate = 400;
/** As many VUs on both sides: each costs k6 some milliseconds before the load begins. */
const vus = 50;

/** Starts k6 on the script written by hand, with k6's defaults. */
async function startHandwritten(bench: Bench, { target, seconds, writeUrl }: OurLoad): Promise<Child> {
  const { group, folder } = bench;
  const [script, payloads] = [join(project, "bench/handwritten.js"), join(folder, "payloads")];
  writeFileSync(payloads, randomBytes(100 * 1024));
  return group.start({
    name: "k6",
    command: await toolOf(bench, "k6"),
    args: ["run", "--out", "experimental-prometheus-rw", "--no-usage-report", "--tag", "testid=bench", script],
    folder,
    logFile: join(folder, "handwritten.log"),
    environment: {
      ...process.env,
      RATE: String(rate),
      VUS: String(vus),
      PAYLOADS: payloads,
      TARGET: target,
      SECONDS: String(seconds),
      K6_PROMETHEUS_RW_SERVER_URL: writeUrl,
    },
  });
}

/** Lets the answers of a bundle pass as they come: neither counted as slow nor looked at for a sample. */
function unwatched(bundle: string): string {
  const edited = bundle.replace(/if \(counting === [^)]*\) return response;/, "return response;");
  if (edited === bundle) throw new Error("the bundle does not look at its answers where it did (scenarios/lib/client.ts)");
  return edited;
}

/** Compares k6's CPU for a request of smoke's load, started in two ways, in turn. */
async function compare(bench: Bench, row: string, atMost: number, sidesOf: (load: OurLoad) => [Side, Side]): Promise<Row[]> {
  const [rounds, seconds] = bench.quick ? [2, 8] : [6, 15];
  const [{ url: target }, sink] = [await targetOf(bench, {}), await openSink()];
  const load = { scenario: "smoke", target, writeUrl: sink.url, seconds, rate, vus, summaryFile: join(bench.folder, "summary.json") };
  const rows = await sideBySide(bench, row, rounds, sidesOf(load), atMost);
  sink.close();
  return rows;
}

/** Gives k6's CPU seconds, user and system, for each request that the service answered. */
function sideOf(name: string, { target, seconds }: OurLoad, start: () => Promise<Child>): Side {
  const perRequest = async (): Promise<number> => {
    const [before, spent] = [await servedBy(target), cpuSecondsOf(process.pid).children];
    const child = await start();
    const { code } = await child.exited;
    if (code !== 0) throw new Error(`k6 ended with ${code}:\n${child.tail().join("\n")}`);
    const requests = (await servedBy(target)).requests - before.requests;
    const expected = rate * seconds * 1.1;
    if (Math.abs(requests - expected) > expected * 0.05) throw new Error(`${name}: ${requests} requests, about ${expected} were planned`);
    return (cpuSecondsOf(process.pid).children - spent) / requests;
  };
  return { name, perRequest };
}

measure("k6's CPU a request: our typed scenario against a script written by hand", (bench) =>
  compare(bench, "k6's CPU a request", 1.1, (load) => [
    sideOf("ours", load, () => startOurs(bench, load)),
    sideOf("by hand", load, () => startHandwritten(bench, load)),
  ]),
);

measure("k6's CPU a request: answers looked at for evidence against not, where nothing fails", (bench) =>
  compare(bench, "k6's CPU a request without errors", 1.03, (load) => [
    sideOf("looked at", load, () => startOurs(bench, load)),
    sideOf("not looked at", load, () => startOurs(bench, { ...load, edit: unwatched })),
  ]),
);

/** Lets the requests of a bundle go without a trace and the name of their run. */
function unmarked(bundle: string): string {
  const edited = bundle.replace(/__ENV(\.|\[")PLIMSOLL_TESTID("\])?/, "undefined");
  if (edited === bundle) throw new Error("the bundle does not read its testid where it did (scenarios/lib/trace.ts)");
  return edited;
}

measure("k6's CPU a request: marked with run and trace against not", (bench) =>
  compare(bench, "k6's CPU a request", 1.03, (load) => [
    sideOf("marked", load, () => startOurs(bench, load)),
    sideOf("not marked", load, () => startOurs(bench, { ...load, edit: unmarked })),
  ]),
);
