import type { ReportObjective } from "./headline.ts";
import type { ReportSample } from "./causes.ts";
import type { Report } from "./schema.ts";

/** Unix seconds at which every made-up run begins: 2026-11-21 05:00:00 UTC. */
export const madeUpStart = 1795237200;

const loadSeconds = 120;
const warmupSeconds = 10;
const perSecond = 200;
/** Events of the judged load. */
export const total = (loadSeconds - warmupSeconds) * perSecond;

type ObjectiveParts = Pick<ReportObjective, "name" | "description" | "side" | "targetRatio"> & Partial<ReportObjective>;

/** Makes an objective's row; nothing was bad unless the parts say so. */
export function madeUpObjective(parts: ObjectiveParts): ReportObjective {
  return {
    place: { file: "slo/objectives/storage-api.yaml", line: 5, column: 5 },
    verdict: "met",
    caveats: [],
    queries: {
      total: 'sum(last_over_time(k6_http_reqs_total{testid="spike-7f3a",scenario!="warmup"}[130s] @ 1795237320))',
      bad: 'sum(last_over_time(k6_http_reqs_total{testid="spike-7f3a",scenario!="warmup",expected_response="false"}[130s] @ 1795237320))',
    },
    evidence: evidence(0, total, parts.targetRatio, { provedAtLeast: 0, provedAtMost: 0.000136 }),
    cumulative: cumulative(() => 0),
    ...parts,
  };
}

/** Makes a met run without objectives. */
export function frame(): Report {
  return {
    version: 1,
    testid: "spike-20261121-050000-7f3a",
    service: "storage-api",
    scenario: "spike",
    startedAt: madeUpStart - 1,
    target: "http://127.0.0.1:5000",
    prometheus: "http://127.0.0.1:9090",
    embedded: true,
    origin: {
      command: "npm run load -- --scenario spike --set token=***",
      commit: "512e8308c1d2f1f0a4f6a9a1ce3bcd0a14a8a0f1-dirty",
      machine: "2 × Example CPU, 8.2 GB, Linux 6.1 x64, Node v24.21.0",
      versions: { plimsoll: "0.1.0", k6: "2.2.0", prometheus: "3.14.0" },
    },
    verdict: "met",
    exitCode: 0,
    reasons: [],
    notes: [],
    confidence: 0.95,
    periodSeconds: 30 * 86_400,
    timings: { toFirstRequestSeconds: 1.18, loadSeconds, toVerdictSeconds: 0.84 },
    load: {
      offeredIterations: 24_000,
      startedIterations: 24_000,
      droppedIterations: 0,
      interruptedIterations: 0,
      requests: 24_000,
      errors: 5,
      peakOfferedRate: 300,
      peakAchievedRate: 299.6,
      openModel: true,
    },
    reconciliation: {
      k6Requests: 24_000,
      k6Iterations: 24_000,
      relayRequests: 24_000,
      prometheusRequests: 24_000,
      serverRequests: 24_000,
      lostBetween: 0,
      k6Errors: 5,
      serverErrors: 5,
      clientMinusServerSeconds: 0.00031,
      agrees: true,
      explanation: "",
    },
    objectives: [],
    routes: [
      {
        method: "GET",
        route: "/api/buckets/:id",
        requests: 16_000,
        errors: 4,
        statuses: { "200": 15_996, "500": 4 },
        p50Seconds: 0.0021,
        p99Seconds: 0.048,
      },
      {
        method: "PUT",
        route: "/api/buckets/:id",
        requests: 7_588,
        errors: 1,
        statuses: { "200": 7_587, "500": 1 },
        p50Seconds: 0.0034,
        p99Seconds: 0.072,
      },
      {
        method: "DELETE",
        route: "/api/buckets/:id",
        requests: 412,
        errors: 0,
        statuses: { "200": 412 },
        p50Seconds: 0.0019,
        p99Seconds: 0.0094,
      },
    ],
    phases: [
      { name: "warmup", fromSeconds: madeUpStart, toSeconds: madeUpStart + warmupSeconds, judged: false },
      { name: "base", fromSeconds: madeUpStart + warmupSeconds, toSeconds: madeUpStart + 60, judged: true },
      { name: "spike", fromSeconds: madeUpStart + 60, toSeconds: madeUpStart + 90, judged: true },
      { name: "base again", fromSeconds: madeUpStart + 90, toSeconds: madeUpStart + loadSeconds, judged: true },
    ],
    generator: { cpuShareMax: 0.34, starvedSeconds: 0, memoryPeakBytes: 91_000_000 },
    latencies: { client: spread(1.07, 100), server: spread(2.2, 6) },
    series: series({}),
  };
}

/** Makes a histogram of the judged requests whose bounds grow by a factor; the server's begins at 5 ms, and its last bucket has no bound. */
function spread(factor: number, bounds: number): Report["latencies"]["client"] {
  const share = (seconds: number): number => 1 - Math.exp(-((seconds / 0.0035) ** 0.62));
  const coarse = factor > 2;
  return Array.from({ length: bounds + 1 }, (_, i) => {
    const atMostSeconds = coarse ? (i === bounds ? null : 0.005 * factor ** i) : 0.0004 * factor ** i;
    return { atMostSeconds, requests: Math.round(total * (i === bounds ? 1 : share(atMostSeconds ?? Infinity))) };
  });
}

/** Makes a series of one sample a second; the burst lasts 30 s. */
export function series({ fastBurnAt }: { fastBurnAt?: number }): Report["series"] {
  const seconds = Array.from({ length: loadSeconds }, (_, second) => second);
  const offered = (second: number): number => (second < warmupSeconds ? 50 : second >= 60 && second < 90 ? 300 : 150);
  const ripple = (second: number): number => 1 + 0.12 * Math.sin(second * 1.7) + 0.05 * Math.sin(second * 5.3);
  const burst = (second: number): boolean => fastBurnAt !== undefined && second >= fastBurnAt && second < fastBurnAt + 30;
  const busy = (second: number): number => (burst(second) ? 9 : second >= 60 && second < 90 ? 1.8 : 1);
  const latency = (base: number) => seconds.map((second) => base * ripple(second) * busy(second));
  return {
    atSeconds: seconds.map((second) => madeUpStart + second),
    offeredRate: seconds.map((second) => (second < warmupSeconds ? null : offered(second))),
    achievedRate: seconds.map((second) => offered(second) * (burst(second) ? 0.96 : 1) - 0.4),
    serverRate: seconds.map((second) => (second % 40 === 39 ? null : offered(second) * (burst(second) ? 0.95 : 1) + 0.3)),
    errorRatio: seconds.map((second) => (burst(second) ? 0.06 * ripple(second) : second % 20 === 0 ? 0.005 : 0)),
    clientP50: latency(0.0024),
    clientP95: latency(0.019),
    clientP99: latency(0.052),
    serverP50: seconds.map(() => 0.005),
    serverP95: seconds.map((second) => (busy(second) > 2 ? 0.25 : 0.025)),
    serverP99: seconds.map((second) => (busy(second) > 2 ? 0.5 : busy(second) > 1 ? 0.1 : 0.05)),
    clientWidthSeconds: 6,
    serverWidthSeconds: 6,
    routes: [
      { method: "GET", route: "/api/buckets/:id", rate: seconds.map((second) => 0.67 * offered(second)) },
      { method: "PUT", route: "/api/buckets/:id", rate: seconds.map((second) => 0.31 * offered(second)) },
      { method: "DELETE", route: "/api/buckets/:id", rate: seconds.map((second) => 0.02 * offered(second)) },
    ],
    unread: {},
  };
}

/** Makes the evidence of a count; its proof is given, not computed. */
export function evidence(
  bad: number,
  of: number,
  targetRatio: number,
  proof: { provedAtLeast: number; provedAtMost: number },
): NonNullable<ReportObjective["evidence"]> {
  const counts = { bad, total: of };
  return {
    best: counts,
    worst: counts,
    errorRatio: bad / of,
    ...proof,
    budgetSpent: bad / of / (1 - targetRatio),
    requestsNeeded: Math.min(of, 2995),
    windows: [],
  };
}

/** Makes one point a second of the judged load. */
export function cumulative(bad: (second: number) => number, rate = perSecond): ReportObjective["cumulative"] {
  return Array.from({ length: loadSeconds - warmupSeconds + 1 }, (_, second) => ({
    atSeconds: madeUpStart + warmupSeconds + second,
    total: second * rate,
    bad: Math.max(0, bad(second)),
  }));
}

/** Makes a sample of a failed request, so many seconds into the run. */
export function madeUpSample(second: number, parts: Partial<ReportSample>): ReportSample {
  return {
    atSeconds: madeUpStart + second,
    scenario: "spike",
    method: "DELETE",
    route: "/api/buckets/:id",
    path: `/api/buckets/plimsoll-own-${second}`,
    kind: "answer",
    status: 500,
    error: "",
    errorCode: 1500,
    durationSeconds: 0.0031,
    phasesSeconds: { blocked: 0, connecting: 0, tls: 0, sending: 0.0001, waiting: 0.0029, receiving: 0.0001 },
    requestId: `req-a-${second}`,
    traceId: "",
    answer: '{"error":"internal server error"}',
    log: [`{"level":50,"reqId":"req-a-${second}","msg":"request failed"}`],
    ...parts,
  };
}

/** Takes the evidence away, as where nothing was counted. */
export function withoutEvidence({ evidence: _, ...rest }: ReportObjective): ReportObjective {
  return rest;
}
