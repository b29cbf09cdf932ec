import type { ReportObjective } from "./headline.ts";
import type { Report } from "./schema.ts";
import {
  cumulative,
  evidence,
  frame,
  madeUpObjective,
  madeUpSample,
  madeUpStart,
  series,
  total,
  withoutEvidence,
} from "./parts.fixture.ts";

const readLatency = {
  name: "read latency",
  description: "slower than 250 ms, server side, method=GET",
  side: "server",
  targetRatio: 0.99,
  atMostSeconds: 0.25,
} as const;

/** Makes the report of a run that met its three objectives. */
export function metReport(): Report {
  const objectives = [
    madeUpObjective({
      name: "availability",
      description: "errors, client side",
      side: "client",
      targetRatio: 0.999,
      evidence: evidence(5, total, 0.999, { provedAtLeast: 0.0000896, provedAtMost: 0.000478 }),
      cumulative: cumulative((second) => Math.floor(second / 20)),
    }),
    madeUpObjective({
      ...readLatency,
      evidence: evidence(61, total, 0.99, { provedAtLeast: 0.00222, provedAtMost: 0.00342 }),
      cumulative: cumulative((second) => Math.round((second * 61) / 110)),
    }),
    madeUpObjective({ name: "contents", description: "wrong contents of all reads", side: "other", targetRatio: 0.9995 }),
  ];
  return { ...frame(), objectives };
}

/** Makes the report of a run that broke two objectives, one of them by a fast burn. */
export function exceededReport(): Report {
  const base = metReport();
  const [availability, latency, contents] = base.objectives as [ReportObjective, ReportObjective, ReportObjective];
  const burst = (second: number): number => Math.min(412, Math.max(0, Math.round((second - 60) * 13.7)));
  const windows = [
    {
      kind: "fastBurn" as const,
      longSeconds: 30,
      shortSeconds: 5,
      burnRateThreshold: 6,
      worstBurnRate: 68.7,
      provedBurnRate: 62.4,
      fromSeconds: madeUpStart + 70,
      toSeconds: madeUpStart + 100,
      count: { bad: 412, total: 6000 },
    },
    { kind: "slowBurn" as const, longSeconds: 60, shortSeconds: 10, burnRateThreshold: 40, worstBurnRate: 34.3 },
    {
      kind: "skipped" as const,
      longSeconds: 10,
      shortSeconds: 1,
      burnRateThreshold: 14.4,
      reason: "200 requests in the window, 2,995 would be needed",
    },
  ];
  const broken: ReportObjective = {
    ...availability,
    verdict: "exceeded",
    reason: "412 of 22,000 requests were bad; 22 is the most that the target allows",
    evidence: { ...evidence(412, total, 0.999, { provedAtLeast: 0.0172, provedAtMost: 0.0203 }), windows },
    cumulative: cumulative(burst),
    targetRatio: 0.999,
    statedTargetRatio: 0.9999,
  };
  const slow: ReportObjective = {
    ...latency,
    verdict: "exceeded",
    reason: "301 of 22,000 requests were slower than 250 ms; 220 is the most that the target allows",
    evidence: { ...evidence(301, total, 0.99, { provedAtLeast: 0.0124, provedAtMost: 0.0151 }), worst: { bad: 309, total } },
    caveats: ["8 requests have a latency between the histogram's bounds 0.246 s and 0.268 s"],
    cumulative: cumulative((second) => Math.max(0, Math.min(301, Math.round((second - 60) * 10)))),
  };
  return {
    ...base,
    verdict: "exceeded",
    exitCode: 1,
    reasons: [`availability: ${broken.reason}`, `read latency: ${slow.reason}`],
    notes: ["The target answered DELETE with 500 in 412 of 412 cases."],
    load: { ...base.load, startedIterations: 23_964, droppedIterations: 36, errors: 412 },
    reconciliation: {
      ...base.reconciliation,
      k6Errors: 412,
      serverErrors: 409,
      serverRequests: 23_997,
      lostBetween: 3,
      explanation: "3 requests were sent and never reached the server: their connections were refused.",
    },
    objectives: [broken, slow, contents],
    causes: [
      {
        objective: broken.name,
        side: "client",
        subject: { method: "DELETE", route: "/api/buckets/:id" },
        count: { total: 412, bad: 412 },
        elsewhere: { total: 21_588, bad: 0 },
        p: 0,
        outcomes: [
          { outcome: { kind: "answer", status: "500", errorCode: "1500" }, count: 409 },
          { outcome: { kind: "answer", status: "0", errorCode: "1212" }, count: 3 },
        ],
        instances: 1,
        instance: [],
        moments: {
          firstSeconds: madeUpStart + 70,
          lastSeconds: madeUpStart + 100,
          fromStart: false,
          before: { count: { total: 120, bad: 0 }, p: 0.00002 },
          after: { count: { total: 80, bad: 0 }, p: 0.0001 },
        },
      },
      {
        objective: slow.name,
        side: "server",
        atMostSeconds: 0.25,
        count: { total, bad: 301 },
        elsewhere: { total: 0, bad: 0 },
        outcomes: [{ outcome: { kind: "slow", status: "200", errorCode: "" }, count: 301 }],
        instances: 2,
        instance: [{ name: "10.0.0.7:5000", count: { total: 9000, bad: 299 }, p: 1e-9 }],
        moments: {
          firstSeconds: madeUpStart + 70,
          lastSeconds: madeUpStart + 100,
          fromStart: false,
          worst: { fromSeconds: madeUpStart + 81, toSeconds: madeUpStart + 82, count: { total: 190, bad: 60 }, p: 0.0003 },
        },
      },
    ],
    samples: [
      madeUpSample(70, {}),
      madeUpSample(71, {
        status: 0,
        error: "dial tcp 127.0.0.1:5000: connect: connection refused",
        errorCode: 1212,
        answer: "",
        requestId: "",
        log: [],
      }),
    ],
    routes: [
      {
        method: "DELETE",
        route: "/api/buckets/:id",
        requests: 412,
        errors: 412,
        statuses: { "0": 3, "500": 409 },
        p50Seconds: 0.0021,
        p99Seconds: 0.0094,
      },
      ...base.routes.map((route) => (route.method === "DELETE" ? { ...route, route: "/api/buckets" } : route)),
    ],
    generator: { cpuShareMax: 0.71, starvedSeconds: 0, memoryPeakBytes: 118_000_000 },
    series: series({ fastBurnAt: 60 }),
  };
}

/** Makes the report of a run too small to prove anything, whose server could not be read. */
export function inconclusiveReport(): Report {
  const base = metReport();
  const reason = "240 requests with 0 bad cannot prove 99.9%: 2,995 are needed, 13 times as many";
  const few: ReportObjective = {
    ...madeUpObjective({ name: "availability", description: "errors, client side", side: "client", targetRatio: 0.999 }),
    verdict: "inconclusive",
    reason,
    evidence: { ...evidence(0, 240, 0.999, { provedAtLeast: 0, provedAtMost: 0.0124 }), requestsNeeded: 2995 },
    cumulative: cumulative(() => 0, 2),
  };
  const absent: ReportObjective = {
    ...withoutEvidence(madeUpObjective(readLatency)),
    verdict: "inconclusive",
    reason: "the server has no series http_request_duration_seconds_bucket for this route",
    cumulative: [],
  };
  const nothing = base.series.atSeconds.map(() => null);
  const hundredth = (values: Report["series"]["offeredRate"]): Report["series"]["offeredRate"] =>
    values.map((value) => (value === null ? null : value / 100));
  return {
    ...base,
    verdict: "inconclusive",
    exitCode: 3,
    reasons: [
      `availability: ${reason}`,
      `read latency: ${absent.reason}`,
      "k6 was short of CPU for 4 s: dropped iterations cannot be laid to the service",
    ],
    load: {
      ...base.load,
      offeredIterations: 300,
      startedIterations: 262,
      droppedIterations: 38,
      requests: 262,
      errors: 0,
      peakOfferedRate: 3,
      peakAchievedRate: 3,
    },
    reconciliation: {
      ...base.reconciliation,
      k6Requests: 262,
      k6Iterations: 262,
      relayRequests: 262,
      prometheusRequests: 262,
      serverRequests: null,
      lostBetween: null,
      serverErrors: null,
      clientMinusServerSeconds: null,
      agrees: true,
      explanation: "The server's metrics could not be read.",
    },
    objectives: [few, absent],
    generator: { cpuShareMax: 0.99, starvedSeconds: 4, memoryPeakBytes: 96_000_000 },
    series: {
      ...base.series,
      offeredRate: hundredth(base.series.offeredRate),
      achievedRate: hundredth(base.series.achievedRate),
      serverRate: nothing,
      serverP50: nothing,
      serverP95: nothing,
      serverP99: nothing,
    },
    latencies: { ...base.latencies, server: [] },
  };
}

/** Makes the report of a run that was stopped before it sent anything. */
export function emptyReport(): Report {
  const base = metReport();
  return {
    ...base,
    verdict: "interrupted",
    exitCode: 130,
    reasons: ["interrupted before the first request"],
    timings: { toFirstRequestSeconds: null, loadSeconds: 0, toVerdictSeconds: null },
    load: {
      offeredIterations: null,
      startedIterations: 0,
      droppedIterations: 0,
      interruptedIterations: 0,
      requests: 0,
      errors: 0,
      peakOfferedRate: null,
      peakAchievedRate: null,
      openModel: false,
    },
    reconciliation: {
      k6Requests: null,
      k6Iterations: null,
      relayRequests: 0,
      prometheusRequests: null,
      serverRequests: null,
      lostBetween: null,
      k6Errors: 0,
      serverErrors: null,
      clientMinusServerSeconds: null,
      agrees: null,
      explanation: "",
    },
    objectives: [
      {
        ...withoutEvidence(
          madeUpObjective({ name: "availability", description: "errors, client side", side: "client", targetRatio: 0.999 }),
        ),
        verdict: "inconclusive",
        reason: "no samples",
        cumulative: [],
      },
    ],
    routes: [],
    phases: [],
    generator: { cpuShareMax: null, starvedSeconds: null, memoryPeakBytes: null },
    series: {
      atSeconds: [],
      offeredRate: [],
      achievedRate: [],
      serverRate: [],
      errorRatio: [],
      clientP50: [],
      clientP95: [],
      clientP99: [],
      serverP50: [],
      serverP95: [],
      serverP99: [],
      clientWidthSeconds: 6,
      serverWidthSeconds: 6,
      routes: [],
      unread: {},
    },
    latencies: { client: [], server: [] },
  };
}
