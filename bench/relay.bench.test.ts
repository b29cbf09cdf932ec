import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../slo/run/local-services.ts";
import { encodeWrite, readBody } from "../slo/run/relay/body.ts";
import { startRelay, type Relay } from "../slo/run/relay/relay.ts";
import { openSpool } from "../slo/run/relay/spool.ts";
import { writeOnce } from "../slo/run/relay/write.ts";
import { column, inRounds, row, shown, type Bench, type Row } from "./figure.fixture.ts";
import { measure } from "./measure.fixture.ts";
import { askedOf, prometheusOf, startOurs, stop, targetOf } from "./started.fixture.ts";

const pushes = 2000;
const seriesPerPush = 50;
const samples = pushes * seriesPerPush;

/** Runs a relay in this process, as `load` does, while `use` works with it; what this process then uses of the CPU is the relay's. */
async function withRelay<T>({ folder, say }: Bench, name: string, destination: string, use: (relay: Relay) => Promise<T>): Promise<T> {
  const started = await startRelay({ folder: join(folder, name), destination: { url: `${destination}/api/v1/write` }, say });
  if (started.kind === "failed") throw new Error(started.message);
  try {
    return await use(started.relay);
  } finally {
    await started.relay.close();
  }
}

/** Lets k6 itself push the smoke scenario's series once a second, and gives the relay's share of a core, window by window, and the series a second. */
async function steady(bench: Bench): Promise<{ shares: number[]; series: number }> {
  const [windows, windowSeconds] = bench.quick ? [3, 5] : [8, 10];
  const target = await targetOf(bench, {});
  const prometheus = await prometheusOf(bench, "steady");
  const shares = await withRelay(bench, "steady-spool", prometheus.url, async ({ url }) => {
    const k6 = await startOurs(bench, { scenario: "smoke", target: target.url, writeUrl: url, seconds: windows * windowSeconds + 30 });
    await sleep(6_000); // the start of k6, and the relay's own first pushes
    const rounds = await inRounds(bench, windows, async () => {
      const [cpu, began] = [process.cpuUsage(), performance.now()];
      await sleep(windowSeconds * 1000);
      const seconds = (performance.now() - began) / 1000;
      if (k6.exit()) throw new Error(`k6 ended early:\n${k6.tail().join("\n")}`);
      const { user, system } = process.cpuUsage(cpu);
      const share = (user + system) / 1e6 / seconds;
      return [share, `${shown(share, "percent")} of a core`];
    });
    await stop({ child: k6 });
    return rounds;
  });
  // k6 pushes once a second.
  const pushed = [...openSpool(join(bench.folder, "steady-spool")).sent()].map(readBody);
  const series = pushed.reduce((sum, push) => sum + (push.kind === "body" ? push.series.length : 0), 0) / pushed.length;
  for (const part of [prometheus, target]) await stop(part);
  return { shares, series: Math.round(series) };
}

/** Makes what k6 would have pushed in one second: counters with the labels of its series. */
function pushOf(second: number, testid: string): Buffer {
  const atMillis = Date.now() - (pushes - second) * 1000;
  const k6 = { testid, instance_id: "0", scenario: "smoke", k6_feature_native_histograms: "true" };
  const answer = { status: "200", expected_response: "true" };
  const series = Array.from({ length: seriesPerPush }, (_, i) => {
    const own = { __name__: `k6_metric_${Math.floor(i / 5)}_total`, method: i % 2 ? "GET" : "PUT", name: `/api/route-${i}/:id` };
    return { labels: { ...k6, ...answer, ...own }, value: second * (i + 1), atMillis };
  });
  return encodeWrite(series);
}

/** Fills a relay's spool while its destination is away, and gives the seconds from the destination's return until it holds all samples. */
async function catchUp(bench: Bench, name: string): Promise<{ seconds: number; missing: number }> {
  const port = await freePort();
  return withRelay(bench, `${name}-spool`, `http://127.0.0.1:${port}`, async (relay) => {
    for (let second = 0; second < pushes; second += 1) {
      const written = await writeOnce({ url: relay.url }, pushOf(second, name));
      if (written.kind !== "written") throw new Error(`the relay did not take push ${second}: ${written.reason}`);
    }
    const prometheus = await prometheusOf(bench, name, undefined, { port });
    const began = performance.now();
    const forwarded = await relay.flushed(60);
    if (forwarded.kind === "pending") throw new Error(`the relay did not forward ${pushes} pushes within 60 s: ${forwarded.reason}`);
    if (relay.caveats().length > 0) throw new Error(relay.caveats().join("\n"));
    const seconds = (performance.now() - began) / 1000;
    const held = await askedOf(prometheus.url, `sum(count_over_time({testid="${name}"}[2h]))`);
    await stop(prometheus);
    return { seconds, missing: samples - held };
  });
}

async function run(bench: Bench): Promise<Row[]> {
  const { shares, series } = await steady(bench);
  const caught = await inRounds(bench, bench.quick ? 1 : 5, async (round) => {
    const { seconds, missing } = await catchUp(bench, `catch-up-${round}`);
    return [{ seconds, missing }, `${samples} spooled samples forwarded in ${shown(seconds, "seconds")}, ${missing} missing`];
  });
  return [
    row("relay's share of a core", "percent", shares, 0.02),
    row("series a second that it had to relay", "count", [series]),
    row("100,000 spooled samples forwarded after the destination's return", "seconds", column(caught, "seconds"), 10),
    row("samples missing afterwards", "count", column(caught, "missing"), 0, "worst"),
  ];
}

measure("the relay's CPU, and how soon a spool is forwarded after an outage", run);
