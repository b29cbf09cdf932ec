import { randomBytes } from "node:crypto";
import type { Started } from "../slo/run/local-services.ts";
import { column, inRounds, row, shown, type Bench, type Row } from "./figure.fixture.ts";
import { measure } from "./measure.fixture.ts";
import { agent, load, prepare } from "./mix.fixture.ts";
import { cpuSecondsOf, openSink, stop, targetOf } from "./started.fixture.ts";

const traceparent = (): string => `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-01`;

/** A service that traces a share of its requests, or does not load tracing at all. */
type Side = "off" | "tenth" | "all";
const names: readonly Side[] = ["off", "tenth", "all"];
const iterationsOfTurn = 1_000;

async function startSide(bench: Bench, side: Side, sink: string): Promise<Started> {
  const share = side === "tenth" ? "0.1" : "1";
  const started = await targetOf(bench, side === "off" ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: sink, OTEL_TRACES_SAMPLER_ARG: share });
  await prepare(started.url, traceparent);
  return started;
}

/**
 * Gives the CPU seconds of a request on each side, the sending of its spans among them. They take turns of a second or less, so that whatever else
 * the machine does meets all of them alike, and are read when the last spans are sent. Nobody has two turns in a row, of which the
 * second would find the processor's caches warm.
 */
async function perRequest(sides: Record<Side, Started>, turns: number, first: number): Promise<Record<Side, number>> {
  const cpuOf = ({ child }: Started): number => cpuSecondsOf(child.pid ?? 0).own;
  const before = { off: cpuOf(sides.off), tenth: cpuOf(sides.tenth), all: cpuOf(sides.all) };
  const requests: Record<Side, number> = { off: 0, tenth: 0, all: 0 };
  for (let turn = 0; turn < turns; turn += 1)
    for (let place = 0; place < names.length; place += 1) {
      const name = names[(first + turn + place) % names.length] as Side;
      requests[name] += await load(sides[name].url, iterationsOfTurn, traceparent);
    }
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const spent = (name: Side): number => (cpuOf(sides[name]) - before[name]) / requests[name];
  return { off: spent("off"), tenth: spent("tenth"), all: spent("all") };
}

async function run(bench: Bench): Promise<Row[]> {
  const sink = await openSink();
  try {
    return await turns(bench, sink.url);
  } finally {
    sink.close();
    agent.destroy();
  }
}

/** Starts three services for each round: two processes of the same code differ by up to a tenth for as long as they live. */
async function turns(bench: Bench, sink: string): Promise<Row[]> {
  const [rounds, ofRound] = bench.quick ? [3, 15] : [10, 60];
  const measured = await inRounds(bench, rounds, async (round) => {
    const sides: Record<Side, Started> = {
      off: await startSide(bench, "off", sink),
      tenth: await startSide(bench, "tenth", sink),
      all: await startSide(bench, "all", sink),
    };
    const cost = await perRequest(sides, ofRound, round);
    for (const side of Object.values(sides)) await stop(side);
    const told = names.map((name) => `${name} ${shown(cost[name], "microseconds")}`).join(", ");
    return [{ ...cost, ofTenth: cost.tenth / cost.off, ofAll: cost.all / cost.off }, told];
  });
  return [
    row("the service's CPU a request, a tenth traced ÷ tracing off", "ratio", column(measured, "ofTenth"), 1.1),
    row("the service's CPU a request, all traced ÷ tracing off", "ratio", column(measured, "ofAll"), 1.35),
    row("the service's CPU a request, tracing off", "microseconds", column(measured, "off")),
    row("the service's CPU a request, a tenth traced", "microseconds", column(measured, "tenth")),
    row("the service's CPU a request, all traced", "microseconds", column(measured, "all")),
  ];
}

measure("the service's CPU a request: a tenth traced, and all, against tracing off", run);
