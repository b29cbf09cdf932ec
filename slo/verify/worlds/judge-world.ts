import type { PrometheusApi } from "../../collect/prometheus.ts";
import { mergePods } from "../../load/merge-pods.ts";
import type { LoadRun } from "../../load/load-run.ts";
import type { Report } from "../../report/schema.ts";
import type { PodReport } from "../../run/kubernetes/message.ts";
import { readPlan } from "../../run/plan.ts";
import type { RunRecord } from "../../run/record.ts";
import type { Spec } from "../../spec/spec.ts";
import type { SentValue } from "../../run/relay/sent-totals.ts";
import type { Happened } from "./happen.ts";
import { confidence } from "./lies.ts";
import { scenarioName, targetUrl } from "./k6-series.ts";
import { verify } from "../verify.ts";
import { gapSeconds, type Stretch, type World } from "./world.ts";

/** What the road of a real run says of an objective. */
export type JudgedObjective = Report["objectives"][number];

function planOf(world: World): string {
  const { seconds, rate, spike } = world;
  const base = { duration: `${seconds}s`, vus: 10, executor: world.openModel ? "constant-arrival-rate" : "constant-vus" };
  const startTime = world.warmupSeconds > 0 ? `${world.warmupSeconds + gapSeconds}s` : "0s";
  const main = { ...base, startTime, rate: Math.round(rate * 1000), timeUnit: "1000s" };
  const more = spike && {
    spike: { ...main, startTime: `${spike.from}s`, duration: `${spike.to - spike.from}s`, rate: Math.round(spike.rate * 1000) },
  };
  const warmup = { executor: "constant-arrival-rate", rate: 5, duration: `${world.warmupSeconds}s`, vus: 5 };
  const scenarios = { ...(world.warmupSeconds > 0 ? { warmup } : {}), [scenarioName]: main, ...more };
  const mix = [
    { method: "GET", route: "/a", perIteration: 0.7 * world.requestsPerIteration },
    { method: "GET", route: "/b", perIteration: 0.3 * world.requestsPerIteration },
  ];
  return JSON.stringify({ scenarios, ...(world.script === "none" ? { ext: { plimsoll: { mix } } } : {}) });
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
  const common = { index, name: null, refused: null, begunSeconds: zero + startsAt, sent };
  if (lostAt !== undefined) return { ...common, end: null, ending: null };
  const iterations = happened.iterations.filter(({ pod }) => pod === index).length;
  const health = { cpuShareMax: 0.5, memoryPeakBytes: 1e8, starvedAtSeconds: starvedSeconds(world.shortages, zero), known: true };
  return {
    ...common,
    ending: null,
    end: {
      kind: "ended",
      clockOffsetSeconds: measuredOffset(world) - clockSeconds,
      interrupted: false,
      k6: {
        startedAtSeconds: zero + startsAt,
        endedAtSeconds: zero + happened.endedAt,
        exitCode: 0,
        signal: null,
        iterations,
        interrupted: happened.cutOff[index] ?? 0,
        summaryRequests: null,
        summaryBad: null,
        checks: null,
        errors: [],
      },
      health: world.healthKnown ? health : { ...health, starvedAtSeconds: [], known: false },
      caveats: [],
      sent,
      unflushed: null,
    },
  };
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
  const pods = mergePods(
    sent.map((own, index) => podReport(world, happened, index, own, origin)),
    false,
  );
  const offset = pods.clockOffsetSeconds ?? measuredOffset(world);
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
    clockOffsetSeconds: offset,
    commandAtSeconds: origin - 1.5,
    inspected: planOf(world),
    phase: "loaded",
    interrupted: false,
    k6: pods.k6,
    health: pods.health,
    caveats: pods.caveats,
    notes: [],
  };
  const load: LoadRun = {
    kind: "run",
    record,
    plan: readPlan(record.inspected),
    sent: pods.sent,
    sentIsWhole: pods.sentIsWhole,
    caveats: [],
    prometheus: { api, destination: { url: api.url } },
    now: () => Date.now() / 1000,
    folder: "",
    settleLimitSeconds: 0,
    finished: true,
    judged: () => Promise.resolve(),
  };
  const { objectives } = world;
  const spec: Spec = { version: 1, service: world.id, confidence, periodSeconds: 2_592_000, objectives, scenarios: {} };
  const verified = await verify(load, spec, () => undefined);
  if (verified.kind !== "verified") throw new Error(`${world.id}: ${JSON.stringify(verified)}`);
  return verified.report.objectives;
}
