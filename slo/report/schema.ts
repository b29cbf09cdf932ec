import { z } from "zod";

const count = z.strictObject({ total: z.number(), bad: z.number() });

const windowFinding = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("slowBurn"),
    longSeconds: z.number(),
    shortSeconds: z.number(),
    burnRateThreshold: z.number(),
    worstBurnRate: z.number(),
  }),
  z.strictObject({
    kind: z.literal("fastBurn"),
    longSeconds: z.number(),
    shortSeconds: z.number(),
    burnRateThreshold: z.number(),
    worstBurnRate: z.number(),
    provedBurnRate: z.number(),
    fromSeconds: z.number(),
    toSeconds: z.number(),
    count,
  }),
  z.strictObject({
    kind: z.literal("skipped"),
    longSeconds: z.number(),
    shortSeconds: z.number(),
    burnRateThreshold: z.number(),
    reason: z.string(),
  }),
]);

const evidence = z.strictObject({
  best: count,
  worst: count,
  errorRatio: z.number(),
  provedAtLeast: z.number(),
  provedAtMost: z.number(),
  budgetSpent: z.number(),
  requestsNeeded: z.number(),
  windows: z.array(windowFinding),
});

const objective = z.strictObject({
  name: z.string(),
  /** e.g. "errors, client side, method=GET" */
  description: z.string(),
  side: z.enum(["client", "server", "other"]),
  targetRatio: z.number(),
  /** The spec's own target, when the scenario is allowed a lower one. */
  statedTargetRatio: z.number().optional(),
  /** Set for latency objectives. */
  atMostSeconds: z.number().optional(),
  place: z.strictObject({ file: z.string(), line: z.number(), column: z.number() }),
  verdict: z.enum(["met", "exceeded", "inconclusive"]),
  reason: z.string().optional(),
  evidence: evidence.optional(),
  caveats: z.array(z.string()),
  queries: z.strictObject({ total: z.string(), bad: z.string() }),
  /** Since the start of the measured load; budget spent so far = bad ÷ ((1 − target) × total at the end). */
  cumulative: z.array(z.strictObject({ atSeconds: z.number(), total: z.number(), bad: z.number() })),
});

const line = z.array(z.number().nullable());

/** Describes `report.json`, version 1. Times are Unix seconds, durations seconds, ratios 0–1. `null` in a series means: no sample. */
export const reportSchema = z.strictObject({
  version: z.literal(1),
  testid: z.string(),
  service: z.string(),
  scenario: z.string(),
  startedAt: z.number(),
  target: z.string(),
  prometheus: z.string(),
  embedded: z.boolean(),
  verdict: z.enum(["met", "exceeded", "inconclusive", "interrupted"]),
  exitCode: z.number(),
  /** Why the run is not met, worst first; empty when it is. */
  reasons: z.array(z.string()),
  /** What a reader should know although it did not decide the verdict. */
  notes: z.array(z.string()),
  confidence: z.number(),
  periodSeconds: z.number(),
  timings: z.strictObject({
    /** From the command's start to the first request. */
    toFirstRequestSeconds: z.number().nullable(),
    /** From the first request to the last. */
    loadSeconds: z.number(),
    /** From the last request to the verdict. */
    toVerdictSeconds: z.number().nullable(),
  }),
  load: z.strictObject({
    offeredIterations: z.number().nullable(),
    startedIterations: z.number(),
    droppedIterations: z.number(),
    /** Null where k6 did not live to say so. */
    interruptedIterations: z.number().nullable(),
    requests: z.number(),
    /** Highest offered and achieved rate, iterations a second. */
    peakOfferedRate: z.number().nullable(),
    peakAchievedRate: z.number().nullable(),
    openModel: z.boolean(),
  }),
  /** One row each for what was sent, held and served; `null` where a side could not be read. */
  reconciliation: z.strictObject({
    k6Requests: z.number().nullable(),
    k6Iterations: z.number().nullable(),
    relayRequests: z.number(),
    prometheusRequests: z.number().nullable(),
    serverRequests: z.number().nullable(),
    lostBetween: z.number().nullable(),
    k6Errors: z.number(),
    /** Answers that our scenarios expected and whose contents were wrong: bad events, no errors; absent in reports from before they were counted here. */
    wrongContents: z.number().optional(),
    serverErrors: z.number().nullable(),
    /** Mean client latency minus mean server latency, over the judged requests. */
    clientMinusServerSeconds: z.number().nullable(),
    /** Whether k6 and Prometheus count the same; null where one of them is not known. */
    agrees: z.boolean().nullable(),
    explanation: z.string(),
  }),
  objectives: z.array(objective),
  /** By route, worst first. */
  routes: z.array(
    z.strictObject({
      method: z.string(),
      route: z.string(),
      requests: z.number(),
      errors: z.number(),
      /** e.g. { "200": 120, "500": 3, "0": 1 } */
      statuses: z.record(z.string(), z.number()),
      p50Seconds: z.number().nullable(),
      p99Seconds: z.number().nullable(),
    }),
  ),
  phases: z.array(z.strictObject({ name: z.string(), fromSeconds: z.number(), toSeconds: z.number(), judged: z.boolean() })),
  generator: z.strictObject({
    cpuShareMax: z.number().nullable(),
    starvedSeconds: z.number().nullable(),
    memoryPeakBytes: z.number().nullable(),
  }),
  series: z.strictObject({
    atSeconds: z.array(z.number()),
    offeredRate: line,
    achievedRate: line,
    serverRate: line,
    errorRatio: line,
    clientP50: line,
    clientP95: line,
    clientP99: line,
    serverP50: line,
    serverP95: line,
    serverP99: line,
  }),
});

/** What every reporter renders; validated before it is written. */
export type Report = z.infer<typeof reportSchema>;
