import { join } from "node:path";
import { z } from "zod";
import { startK6 } from "../slo/run/k6.ts";
import { freePort } from "../slo/run/ports.ts";
import { encodeWrite, writeOnce } from "../slo/run/relay/write.ts";
import { bundled } from "./bundled.ts";
import type { Bench, Figure, Row } from "./figure.ts";
import { startRelayChild, type RelayChild } from "./relay-child.ts";
import { prometheusOf, stop, targetOf, toolOf } from "./started.ts";

const pushes = 2000;
const seriesPerPush = 50;
const mostSeconds = 60;

const sleep = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Lets k6 itself push the smoke scenario's series once a second, and gives the relay's share of a core and the series a second, window by window. */
async function steady(bench: Bench): Promise<{ shares: number[]; series: number[] }> {
  const [windows, windowSeconds] = bench.quick ? [3, 5] : [8, 10];
  const target = await targetOf(bench, {});
  const prometheus = await prometheusOf(bench, "steady", undefined);
  const relay = await startRelayChild(bench, "steady-spool", `${prometheus.url}/api/v1/write`);
  const k6 = startK6(bench.nursery, {
    ...{ binary: await toolOf(bench, "k6"), script: await bundled(bench, "smoke"), folder: bench.folder },
    ...{
      logFile: join(bench.folder, "k6.log"),
      writeUrl: relay.url,
      summaryFile: undefined,
      systemTags: undefined,
      onLine: () => undefined,
    },
    labels: { testid: "bench", instance_id: "0" },
    environment: {
      ...process.env,
      ...{ PLIMSOLL_TARGET: target.url, PLIMSOLL_DURATION: `${windows * windowSeconds + 30}s` },
      ...{ PLIMSOLL_SET: '{"warmup":"0"}', PLIMSOLL_SLOW_THRESHOLDS: "0.25" },
    },
  });
  await sleep(6); // the start of k6, and the relay's own first pushes
  const [shares, series]: [number[], number[]] = [[], []];
  for (let window = 1; window <= windows; window += 1) {
    const [before, began] = [await relay.state(), performance.now()];
    await sleep(windowSeconds);
    const after = await relay.state();
    const seconds = (performance.now() - began) / 1000;
    shares.push((after.cpuSeconds - before.cpuSeconds) / seconds);
    series.push((after.samples - before.samples) / seconds);
    if (k6.exit()) throw new Error(`k6 ended early:\n${k6.tail().join("\n")}`);
    bench.say(
      `window ${window} of ${windows}: ${((shares.at(-1) ?? 0) * 100).toFixed(2)} % of a core, ${series.at(-1)?.toFixed(0)} series a second`,
    );
  }
  await k6.stop("SIGTERM", 5);
  for (const part of [relay, prometheus, target]) await stop(part);
  return { shares, series };
}

/** Makes what k6 would have pushed in one second: counters with the labels of its series. */
function pushOf(second: number, testid: string): Buffer {
  const atMillis = Date.now() - (pushes - second) * 1000;
  const series = Array.from({ length: seriesPerPush }, (_, i) => ({
    labels: {
      __name__: `k6_metric_${Math.floor(i / 5)}_total`,
      ...{ testid, instance_id: "0", scenario: "smoke", k6_feature_native_histograms: "true", method: i % 2 ? "GET" : "PUT" },
      ...{ name: `/api/route-${i}/:id`, status: "200", expected_response: "true" },
    },
    value: second * (i + 1),
    atMillis,
  }));
  return encodeWrite(series);
}

async function samplesIn(prometheus: string, testid: string): Promise<number> {
  const query = encodeURIComponent(`sum(count_over_time({testid="${testid}"}[2h]))`);
  const answer = await (await fetch(`${prometheus}/api/v1/query?query=${query}`)).json();
  const shape = z.object({ data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }) });
  return Number(shape.parse(answer).data.result[0]?.value[1] ?? 0);
}

async function untilForwarded(relay: RelayChild): Promise<void> {
  const until = performance.now() + mostSeconds * 1000;
  while (performance.now() < until) {
    const { forwarded, refused } = await relay.state();
    if (refused > 0) throw new Error(`Prometheus refused ${refused} pushes`);
    if (forwarded === pushes) return;
    await sleep(0.05);
  }
  throw new Error(`the relay did not forward ${pushes} pushes within ${mostSeconds} s`);
}

/** Fills a relay's spool while its receiver is away, and gives the seconds from the receiver's return until it holds all samples. */
async function catchUp(bench: Bench, name: string): Promise<{ seconds: number; missing: number }> {
  const port = await freePort();
  const relay = await startRelayChild(bench, `${name}-spool`, `http://127.0.0.1:${port}/api/v1/write`);
  for (let second = 0; second < pushes; second += 1) {
    const written = await writeOnce({ url: relay.url }, pushOf(second, name));
    if (written.kind !== "written") throw new Error(`the relay did not take push ${second}: ${written.reason}`);
  }
  const prometheus = await prometheusOf(bench, name, undefined, port);
  const began = performance.now();
  await untilForwarded(relay);
  const seconds = (performance.now() - began) / 1000;
  const missing = pushes * seriesPerPush - (await samplesIn(prometheus.url, name));
  for (const part of [relay, prometheus]) await stop(part);
  bench.say(`${pushes * seriesPerPush} spooled samples forwarded in ${seconds.toFixed(2)} s, ${missing} missing`);
  return { seconds, missing };
}

async function run(bench: Bench): Promise<Row[]> {
  const { shares, series } = await steady(bench);
  const rounds = bench.quick ? 1 : 5;
  const caught: { seconds: number; missing: number }[] = [];
  for (let round = 1; round <= rounds; round += 1) caught.push(await catchUp(bench, `catch-up-${round}`));
  return [
    { what: "relay's share of a core", unit: "percent", values: shares, goal: { atMost: 0.02, by: "median" } },
    { what: "series a second that it had to relay", unit: "count", values: series.map(Math.round) },
    {
      what: "100,000 spooled samples forwarded after the receiver's return",
      unit: "seconds",
      values: caught.map(({ seconds }) => seconds),
      goal: { atMost: 10, by: "median" },
    },
    { what: "samples missing afterwards", unit: "count", values: caught.map(({ missing }) => missing), goal: { atMost: 0, by: "worst" } },
  ];
}

/** Measures what the relay costs while k6 pushes, and how soon it has caught up after an outage. */
export const relay: Figure = { name: "relay", what: "the relay's CPU, and how soon a spool is forwarded after an outage", run };
