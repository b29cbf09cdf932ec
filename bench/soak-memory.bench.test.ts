import { setTimeout as sleep } from "node:timers/promises";
import { column, inRounds, row, shown, type Bench, type Row } from "./figure.fixture.ts";
import { measure } from "./measure.fixture.ts";
import { openSink, peakBytesOf, servedBy, startOurs, stop, targetOf } from "./started.fixture.ts";

/** The soak's own code at a rate that k6 cannot reach, so that it runs as fast as it goes. */
const soakLoad = { scenario: "soak", seconds: 900, rate: 8000, vus: 100 };

/** Runs the soak until the last mark, and gives k6's peak memory at each, bytes. */
async function soak(bench: Bench, marks: readonly number[]): Promise<number[]> {
  const [target, sink] = [await targetOf(bench, {}), await openSink()];
  const k6 = await startOurs(bench, { ...soakLoad, target: target.url, writeUrl: sink.url });
  const peaks: number[] = [];
  while (peaks.length < marks.length) {
    await sleep(100);
    const { requests } = await servedBy(target.url);
    if (k6.exit()) throw new Error(`k6 ended after ${requests} requests:\n${k6.tail().join("\n")}`);
    if (requests >= (marks[peaks.length] ?? 0)) peaks.push(peakBytesOf(k6.pid ?? 0));
  }
  for (const part of [{ child: k6 }, target]) await stop(part);
  sink.close();
  return peaks;
}

async function run(bench: Bench): Promise<Row[]> {
  const marks = bench.quick ? [40_000, 200_000] : [200_000, 1_000_000];
  const peaks = await inRounds(bench, bench.quick ? 1 : 3, async () => {
    const [early = Number.NaN, late = Number.NaN] = await soak(bench, marks);
    return [{ early, late, ratio: late / early }, `${shown(early, "mebibytes")}, then ${shown(late, "mebibytes")}`];
  });
  const [early, late] = marks.map((mark) => mark.toLocaleString("en"));
  return [
    row(`peak memory at ${late} requests ÷ at ${early}`, "ratio", column(peaks, "ratio"), 1.15),
    row(`peak memory at ${early} requests`, "mebibytes", column(peaks, "early")),
    row(`peak memory at ${late} requests`, "mebibytes", column(peaks, "late")),
  ];
}

measure("k6's peak memory late in a soak against early, with our scenario and our settings", run);
