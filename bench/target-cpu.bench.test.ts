import type { Started } from "../slo/run/local-services.ts";
import { sideBySide, type Bench, type Row } from "./figure.fixture.ts";
import { measure } from "./measure.fixture.ts";
import { agent, load, prepare, send } from "./mix.fixture.ts";
import { cpuSecondsOf, targetOf } from "./started.fixture.ts";

/** Gives the service's CPU seconds for each request; with `scraped`, its metrics are read once a second meanwhile. */
async function perRequest({ url, child }: Started, iterations: number, scraped: boolean): Promise<number> {
  const timer = scraped ? setInterval(() => void send(url, "GET", "/metrics").catch(() => undefined), 1000) : undefined;
  try {
    const before = cpuSecondsOf(child.pid ?? 0).own;
    const requests = await load(url, iterations);
    return (cpuSecondsOf(child.pid ?? 0).own - before) / requests;
  } finally {
    clearInterval(timer);
  }
}

async function run(bench: Bench): Promise<Row[]> {
  const [rounds, iterations] = bench.quick ? [3, 6000] : [10, 20_000];
  const [counted, plain] = [await targetOf(bench, { METRICS: "on" }), await targetOf(bench, { METRICS: "off" })];
  for (const { url } of [counted, plain]) await prepare(url);
  const withMetrics = { name: "with metrics, scraped once a second", perRequest: () => perRequest(counted, iterations, true) };
  const without = { name: "without metrics", perRequest: () => perRequest(plain, iterations, false) };
  const rows = await sideBySide(bench, "the service's CPU a request", rounds, [withMetrics, without], 1.25);
  agent.destroy();
  return rows;
}

measure("the service's CPU a request: with metrics, scraped once a second, against METRICS=off", run);
