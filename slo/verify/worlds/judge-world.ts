import type { PrometheusApi } from "../../collect/prometheus.ts";
import { withPods } from "../../load/merge-pods.ts";
import type { LoadRun } from "../../load/load-run.ts";
import type { Report } from "../../report/schema.ts";
import type { PodReport } from "../../run/kubernetes/message.ts";
import type { RunRecord } from "../../run/record.ts";
import type { SentValue } from "../../run/relay/sent-totals.ts";
import type { Spec } from "../../spec/spec.ts";
import type { Happened } from "./happen.ts";
import { confidence } from "./truth.ts";
import { scenarioName, targetUrl } from "./k6-series.ts";
import { verify } from "../verify.ts";
import { routes } from "./counting.ts";
import { gapSeconds, type Stretch, type World } from "./world.ts";

export type JudgedObjective = Report["objectives"][number];

const scriptFacts = {
  counted: { kind: "counted" },
  metrics: ["orders", "orders_failed", "orders_good"].map((name) => ({ name, kind: "counter", ofTimes: false })),
};

function planOf({ seconds, rate, spike, openModel, warmupSeconds, requestsPerIteration, script, phase }: World): string {
  const scenario = (perSecond: number, lasts: number, startsAt = warmupSeconds > 0 ? warmupSeconds + gapSeconds : 0) => ({
    executor: openModel ? "constant-arrival-rate" : "constant-vus",
    startTime: `${startsAt}s`,
    duration: `${lasts}s`,
    rate: Math.round(perSecond * 1000),
    timeUnit: "1000s",
    vus: 10,
  });
  const scenarios = {
    ...(warmupSeconds > 0 ? { warmup: scenario(5, warmupSeconds, 0) } : {}),
    [scenarioName]: scenario(rate, seconds),
    ...(spike ? { spike: scenario(spike.rate, spike.to - spike.from, spike.from) } : {}),
  };
  const mix = routes.map((route, i) => ({ method: "GET", route, perIteration: (i === 0 ? 0.7 : 0.3) * requestsPerIteration }));
  return JSON.stringify({ scenarios, ...(script === "none" ? { ext: { plimsoll: { mix, phases: [phase] } } } : { script: scriptFacts }) });
}

/** Lists the seconds in which k6 was short of CPU, as its watch would tell them: by their ends, where it waited for half of one. */
function starvedSeconds(shortages: readonly Stretch[], origin: number): number[] {
  return shortages.flatMap(({ from, to }) => {
    const ends = Array.from({ length: Math.ceil(to - from) + 2 }, (_, i) => Math.floor(from) + i + 0.37);
    return ends.filter((end) => Math.min(end, to) - Math.max(end - 1, from) >= 0.5).map((end) => origin + end);
  });
}

function podReport(world: World, happened: Happened, index: number, sent: Record<string, SentValue[]>, origin: number): PodReport {
  const { startsAt, clockSeconds, lostAt } = world.pods[index] ?? { startsAt: 0, clockSeconds: 0, lostAt: undefined };
  const zero = origin + clockSeconds;
  const report = { index, name: null, refused: null, begunSeconds: zero + startsAt, sent, end: null, ending: null };
  if (lostAt !== undefined) return report;
  const k6 = {
    startedAtSeconds: zero + startsAt,
    endedAtSeconds: zero + happened.endedAt,
    exitCode: 0,
    signal: null,
    iterations: happened.iterations.filter(({ pod }) => pod === index).length,
    interrupted: happened.cutOff[index] ?? 0,
    summaryRequests: null,
    summaryBad: null,
    checks: null,
    errors: [],
  };
  const known = world.healthKnown;
  const health = { cpuShareMax: 0.5, memoryPeakBytes: 1e8, starvedAtSeconds: known ? starvedSeconds(world.shortages, zero) : [], known };
  const clockOffsetSeconds = measuredOffset(world) - clockSeconds;
  return { ...report, end: { kind: "ended", clockOffsetSeconds, interrupted: false, k6, health, caveats: [], sent, unflushed: null } };
}

/** The clock's difference as the check before a load measures it. */
const measuredOffset = ({ offsetSeconds, offsetError }: World): number =>
  Math.abs(offsetSeconds + offsetError) < 0.05 ? 0 : offsetSeconds + offsetError;

/** Judges a world by what Prometheus holds of it, as a load (or a later gate) does. */
export async function judgeWorld(
  api: PrometheusApi,
  world: World,
  happened: Happened,
  { sent, twiceAt }: { sent: Record<string, SentValue[]>[]; twiceAt: number | undefined },
  origin: number,
): Promise<JudgedObjective[]> {
  const limit = happened.endedAt + 3 * world.scrapeSeconds + 3;
  const record: RunRecord = {
    version: 1,
    testid: world.id,
    scenario: scenarioName,
    script: world.script === "none" ? null : "script.js",
    specFile: "spec.yaml",
    specText: "",
    target: targetUrl,
    prometheus: { url: api.url, embedded: false },
    cluster: world.pods.length > 1 ? { context: "c", namespace: "n", job: "j", pods: world.pods.length } : null,
    serverLabels: { job: world.id },
    slowCounted: world.script === "none",
    scrapeIntervalSeconds: world.scrapeSeconds,
    countedUntilSeconds: world.judgedLater ? null : origin + world.offsetSeconds + Math.min(limit, (twiceAt ?? limit) + 0.05),
    timings: null,
    clockOffsetSeconds: measuredOffset(world),
    commandAtSeconds: origin - 1.5,
    origin: null,
    stoppedOnProof: null,
    inspected: planOf(world),
    phase: "loaded",
    interrupted: false,
    k6: null,
    health: null,
    caveats: [],
    notes: [],
  };
  const pods = sent.map((own, index) => podReport(world, happened, index, own, origin));
  const load: LoadRun = {
    ...withPods(record, pods, { now: () => Date.now() / 1000 }),
    prometheus: { api, destination: { url: api.url } },
    folder: "",
    settleLimitSeconds: 0,
    finished: true,
    judged: () => Promise.resolve(),
  };
  const { id: service, objectives, counting } = world;
  const { metrics } = counting;
  const spec: Spec = { version: 1, service, metrics, confidence, periodSeconds: 2_592_000, objectives, scenarios: {} };
  const verified = await verify(load, spec, () => undefined);
  if (verified.kind !== "verified") throw new Error(`${world.id}: ${JSON.stringify(verified)}`);
  return verified.report.objectives;
}
