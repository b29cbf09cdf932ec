import type { ReportObjective } from "./headline.ts";
import type { Report } from "./schema.ts";

/** Unix seconds at which every made-up run begins: 2026-11-21 05:00:00 UTC. */
export const madeUpStart = 1795237200;

const loadSeconds = 120;
const warmupSeconds = 10;
const perSecond = 200;
const total = (loadSeconds - warmupSeconds) * perSecond;

/** Is data that tries to leave its place in HTML, XML, Markdown and a terminal. */
export const hostileTexts = [
  "</script><img src=x onerror=\"document.title='broken out'\">",
  "\"><svg/onload=\"document.title='broken out'\">",
  "]]><!-- --!> <![CDATA[",
  "| a | b |\n|---|---|\n# heading `code` **bold** <b>tag</b> [link](javascript:alert(1)) www.example.com https://example.com @user",
  "\u001B[31mred\u001B[0m \u001B]0;title\u0007 \u009B2J \u001B[2K\r\u0008overwritten",
  "safe\u202Egnp.exe\u2066 hidden\u2069 zero\u200Bwidth \uFEFF",
  "nul\u0000byte \uFFFE \uFFFF \uD800 lone",
  "${alert(1)} {{7*7}} $HOME `id` %s %n \\u003c/script\\u003e",
  "long ".repeat(2000),
  `word${"x".repeat(20_000)}`,
  `Z${"\u0301".repeat(500)}algo 漢字かな交じり文 👩‍👩‍👧‍👦 עברית`,
] as const;

type ObjectiveParts = Pick<ReportObjective, "name" | "description" | "side" | "targetRatio"> & Partial<ReportObjective>;

/** Makes an objective's row; nothing was bad unless the parts say so. */
export function madeUpObjective(parts: ObjectiveParts): ReportObjective {
  return {
    place: { file: "slo/objectives/storage-api.yaml", line: 5, column: 5 },
    verdict: "met",
    doubts: [],
    queries: {
      total: 'sum(last_over_time(k6_http_reqs_total{testid="spike-7f3a",scenario!="warmup"}[130s] @ 1795237320))',
      bad: 'sum(last_over_time(k6_http_reqs_total{testid="spike-7f3a",scenario!="warmup",expected_response="false"}[130s] @ 1795237320))',
    },
    evidence: evidence(0, total, parts.targetRatio, { provedAtLeast: 0, provedAtMost: 0.000136 }),
    cumulative: cumulative(() => 0),
    ...parts,
  };
}

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
      name: "read latency",
      description: "slower than 250 ms, server side, method=GET",
      side: "server",
      targetRatio: 0.99,
      atMostSeconds: 0.25,
      evidence: evidence(61, total, 0.99, { provedAtLeast: 0.00222, provedAtMost: 0.00342 }),
      cumulative: cumulative((second) => Math.round((second * 61) / 110)),
    }),
    madeUpObjective({ name: "contents", description: "wrong contents of all reads", side: "other", targetRatio: 0.9995 }),
  ];
  return { ...frame(), objectives };
}

/** Makes the report of a run that broke two objectives, one of them by a burst. */
export function exceededReport(): Report {
  const base = metReport();
  const [availability, latency, contents] = base.objectives as [ReportObjective, ReportObjective, ReportObjective];
  const burst = (second: number): number => Math.min(412, Math.max(0, Math.round((second - 60) * 13.7)));
  const windows = [
    { kind: "burst" as const, longSeconds: 30, shortSeconds: 5, burnLimit: 6, worstBurn: 68.7, provedBurn: 62.4, fromSeconds: madeUpStart + 70, toSeconds: madeUpStart + 100, count: { bad: 412, total: 6000 } },
    { kind: "calm" as const, longSeconds: 60, shortSeconds: 10, burnLimit: 40, worstBurn: 34.3 },
    { kind: "skipped" as const, longSeconds: 10, shortSeconds: 1, burnLimit: 14.4, reason: "200 requests in the window, 2,995 would be needed" },
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
    doubts: ["8 requests have a latency between the histogram's bounds 0.246 s and 0.268 s"],
    cumulative: cumulative((second) => Math.max(0, Math.min(301, Math.round((second - 60) * 10)))),
  };
  return {
    ...base,
    verdict: "exceeded",
    exitCode: 1,
    reasons: [`availability: ${broken.reason}`, `read latency: ${slow.reason}`],
    notes: ["The target answered DELETE with 500 in 412 of 412 cases."],
    load: { ...base.load, startedIterations: 23_964, droppedIterations: 36 },
    reconciliation: { ...base.reconciliation, k6Errors: 412, serverErrors: 409, serverRequests: 23_997, lostBetween: 3, explanation: "3 requests were sent and never reached the server: their connections were refused." },
    objectives: [broken, slow, contents],
    routes: [
      { method: "DELETE", route: "/api/buckets/:id", requests: 412, errors: 412, statuses: { "0": 3, "500": 409 }, p50Seconds: 0.0021, p99Seconds: 0.0094 },
      ...base.routes.map((route) => (route.method === "DELETE" ? { ...route, route: "/api/buckets" } : route)),
    ],
    generator: { cpuShareMax: 0.71, starvedSeconds: 0, memoryPeakBytes: 118_000_000 },
    series: series({ burstAt: 60 }),
  };
}

/** Makes the report of a run too small to prove anything, whose server could not be read. */
export function inconclusiveReport(): Report {
  const base = metReport();
  const reason = "0 of 240 requests were bad, which does not prove 99.9% at 95% confidence";
  const few: ReportObjective = {
    ...madeUpObjective({ name: "availability", description: "errors, client side", side: "client", targetRatio: 0.999 }),
    verdict: "inconclusive",
    reason,
    evidence: { ...evidence(0, 240, 0.999, { provedAtLeast: 0, provedAtMost: 0.0124 }), requestsNeeded: 2995 },
    cumulative: cumulative(() => 0, 2),
  };
  const absent: ReportObjective = {
    ...withoutEvidence(madeUpObjective({ name: "read latency", description: "slower than 250 ms, server side, method=GET", side: "server", targetRatio: 0.99, atMostSeconds: 0.25 })),
    verdict: "inconclusive",
    reason: "the server has no series http_request_duration_seconds_bucket for this route",
    cumulative: [],
  };
  const nothing = base.series.atSeconds.map(() => null);
  const hundredth = (values: Report["series"]["offeredRate"]): Report["series"]["offeredRate"] => values.map((value) => (value === null ? null : value / 100));
  return {
    ...base,
    verdict: "inconclusive",
    exitCode: 3,
    reasons: [`availability: ${reason}`, `read latency: ${absent.reason}`, "k6 was short of CPU for 4 s: dropped iterations cannot be laid to the service"],
    load: { ...base.load, offeredIterations: 300, startedIterations: 262, droppedIterations: 38, requests: 262, peakOfferedRate: 3, peakAchievedRate: 3 },
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
    series: { ...base.series, offeredRate: hundredth(base.series.offeredRate), achievedRate: hundredth(base.series.achievedRate), serverRate: nothing, serverP50: nothing, serverP95: nothing, serverP99: nothing },
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
    load: { offeredIterations: null, startedIterations: 0, droppedIterations: 0, interruptedIterations: 0, requests: 0, peakOfferedRate: null, peakAchievedRate: null, openModel: false },
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
      agrees: false,
      explanation: "",
    },
    objectives: [
      { ...withoutEvidence(madeUpObjective({ name: "availability", description: "errors, client side", side: "client", targetRatio: 0.999 })), verdict: "inconclusive", reason: "no samples", cumulative: [] },
    ],
    routes: [],
    phases: [],
    generator: { cpuShareMax: null, starvedSeconds: null, memoryPeakBytes: null },
    series: { atSeconds: [], offeredRate: [], achievedRate: [], serverRate: [], errorRatio: [], clientP50: [], clientP95: [], clientP99: [], serverP50: [], serverP95: [], serverP99: [] },
  };
}

/** Makes a broken run in which every text is hostile. */
export function hostileReport(): Report {
  const base = exceededReport();
  const text = (at: number): string => hostileTexts[at % hostileTexts.length] as string;
  const all = [...hostileTexts];
  const template = base.objectives[0] as ReportObjective;
  const objectives = all.map((name, at): ReportObjective => ({
    ...template,
    name,
    description: text(at + 1),
    reason: text(at + 2),
    doubts: [text(at + 3)],
    atMostSeconds: 0.25,
    place: { file: text(at + 4), line: 1, column: 1 },
    queries: { total: text(at + 5), bad: text(at + 6) },
    evidence: { ...(template.evidence as NonNullable<ReportObjective["evidence"]>), windows: [{ kind: "skipped", longSeconds: 10, shortSeconds: 1, burnLimit: 6, reason: text(at + 7) }] },
  }));
  return {
    ...base,
    testid: text(0),
    service: text(1),
    scenario: text(0),
    target: text(3),
    prometheus: text(4),
    reasons: all,
    notes: all,
    objectives,
    reconciliation: { ...base.reconciliation, explanation: text(1) },
    routes: all.map((route, at) => ({ method: text(at + 1), route, requests: 10, errors: 1, statuses: { [text(at)]: 1, "200": 9 }, p50Seconds: 0.01, p99Seconds: null })),
    phases: all.map((name, at) => ({ name, fromSeconds: madeUpStart + at * 10, toSeconds: madeUpStart + at * 10 + 10, judged: at % 2 === 0 })),
  };
}

function frame(): Report {
  return {
    version: 1,
    testid: "spike-20261121-050000-7f3a",
    service: "storage-api",
    scenario: "spike",
    startedAt: madeUpStart - 1,
    target: "http://127.0.0.1:5000",
    prometheus: "http://127.0.0.1:9090",
    embedded: true,
    verdict: "met",
    exitCode: 0,
    reasons: [],
    notes: [],
    confidence: 0.95,
    periodSeconds: 30 * 86_400,
    timings: { toFirstRequestSeconds: 1.18, loadSeconds, toVerdictSeconds: 0.84 },
    load: { offeredIterations: 24_000, startedIterations: 24_000, droppedIterations: 0, interruptedIterations: 0, requests: 24_000, peakOfferedRate: 300, peakAchievedRate: 299.6, openModel: true },
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
      { method: "GET", route: "/api/buckets/:id", requests: 16_000, errors: 4, statuses: { "200": 15_996, "500": 4 }, p50Seconds: 0.0021, p99Seconds: 0.048 },
      { method: "PUT", route: "/api/buckets/:id", requests: 7_588, errors: 1, statuses: { "200": 7_587, "500": 1 }, p50Seconds: 0.0034, p99Seconds: 0.072 },
      { method: "DELETE", route: "/api/buckets/:id", requests: 412, errors: 0, statuses: { "200": 412 }, p50Seconds: 0.0019, p99Seconds: 0.0094 },
    ],
    phases: [
      { name: "warmup", fromSeconds: madeUpStart, toSeconds: madeUpStart + warmupSeconds, judged: false },
      { name: "base", fromSeconds: madeUpStart + warmupSeconds, toSeconds: madeUpStart + 60, judged: true },
      { name: "spike", fromSeconds: madeUpStart + 60, toSeconds: madeUpStart + 90, judged: true },
      { name: "base again", fromSeconds: madeUpStart + 90, toSeconds: madeUpStart + loadSeconds, judged: true },
    ],
    generator: { cpuShareMax: 0.34, starvedSeconds: 0, memoryPeakBytes: 91_000_000 },
    series: series({}),
  };
}

function series({ burstAt }: { burstAt?: number }): Report["series"] {
  const seconds = Array.from({ length: loadSeconds }, (_, second) => second);
  const offered = (second: number): number => (second < warmupSeconds ? 50 : second >= 60 && second < 90 ? 300 : 150);
  const ripple = (second: number): number => 1 + 0.12 * Math.sin(second * 1.7) + 0.05 * Math.sin(second * 5.3);
  const burst = (second: number): boolean => burstAt !== undefined && second >= burstAt && second < burstAt + 30;
  const busy = (second: number): number => (burst(second) ? 9 : second >= 60 && second < 90 ? 1.8 : 1);
  const latency = (base: number) => seconds.map((second) => base * ripple(second) * busy(second));
  return {
    atSeconds: seconds.map((second) => madeUpStart + second),
    offeredRate: seconds.map(offered),
    achievedRate: seconds.map((second) => offered(second) * (burst(second) ? 0.96 : 1) - 0.4),
    serverRate: seconds.map((second) => (second % 40 === 39 ? null : offered(second) * (burst(second) ? 0.95 : 1) + 0.3)),
    errorRatio: seconds.map((second) => (burst(second) ? 0.06 * ripple(second) : second % 20 === 0 ? 0.005 : 0)),
    clientP50: latency(0.0024),
    clientP95: latency(0.019),
    clientP99: latency(0.052),
    serverP50: latency(0.0021),
    serverP95: latency(0.0171),
    serverP99: latency(0.0478),
  };
}

function evidence(bad: number, of: number, targetRatio: number, proof: { provedAtLeast: number; provedAtMost: number }): NonNullable<ReportObjective["evidence"]> {
  const counts = { bad, total: of };
  return { best: counts, worst: counts, errorRatio: bad / of, ...proof, budgetSpent: bad / of / (1 - targetRatio), requestsNeeded: Math.min(of, 2995), windows: [] };
}

function cumulative(bad: (second: number) => number, rate = perSecond): ReportObjective["cumulative"] {
  return Array.from({ length: loadSeconds - warmupSeconds + 1 }, (_, second) => ({
    atSeconds: madeUpStart + warmupSeconds + second,
    total: second * rate,
    bad: Math.max(0, bad(second)),
  }));
}

function withoutEvidence({ evidence: _, ...rest }: ReportObjective): ReportObjective {
  return rest;
}
