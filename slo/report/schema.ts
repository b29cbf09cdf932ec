import { z } from "zod";
import { attribute } from "../judge/attributes.ts";
import { cause, moments } from "../judge/causes.ts";
import { evidence } from "../judge/verdict.ts";

const number = z.number();
const unread = number.nullable();

const phases = { blocked: number, connecting: number, tls: number, sending: number, waiting: number, receiving: number };
const span = z.strictObject({
  service: z.string(),
  name: z.string(),
  startSeconds: number,
  durationSeconds: number,
  isError: z.boolean(),
  /** Secrets in them are masked. */
  attributes: z.record(z.string(), z.string()),
});
const sample = z.strictObject({
  atSeconds: number,
  scenario: z.string(),
  method: z.string(),
  route: z.string(),
  /** Secrets in it are masked, as in the error and the answer. */
  path: z.string(),
  kind: z.enum(["answer", "wrongContents", "slow"]),
  /** 0 where no answer came; then k6 says why. */
  status: number,
  error: z.string(),
  errorCode: number,
  durationSeconds: number,
  phasesSeconds: z.strictObject(phases),
  requestId: z.string(),
  traceId: z.string(),
  /** The beginning of what was answered, where it was text. */
  answer: z.string(),
  /** What the service logged of the request: a target that was started here, or what the logs that could be asked hold. */
  log: z.array(z.string()),
  /** Its first spans, earliest first, and where trace and log lines are shown; absent where nobody could be asked. */
  spans: z.array(span).optional(),
  traceUrl: z.string().optional(),
  logUrl: z.string().optional(),
});

const objective = z.strictObject({
  name: z.string(),
  /** e.g. "errors, client side, method=GET" */
  description: z.string(),
  side: z.enum(["client", "server", "other"]),
  targetRatio: number,
  /** What is counted, where it is not requests: "checks"; and the part of the load that it is about, where that is not all of it. */
  noun: z.string().optional(),
  phase: z.string().optional(),
  /** Set where the objective is only shown, and decides nothing. */
  advisory: z.literal(true).optional(),
  /** The spec's own target, when the scenario is allowed a lower one. */
  statedTargetRatio: number.optional(),
  /** Set for latency objectives. */
  atMostSeconds: number.optional(),
  /** Of an objective about the recovery: from the phase's beginning to the end of its last second that missed the target; null where that is not known, or the phase ended so. */
  recoverySeconds: unread.optional(),
  place: z.strictObject({ file: z.string(), line: number, column: number }),
  verdict: z.enum(["met", "exceeded", "inconclusive"]),
  reason: z.string().optional(),
  evidence: evidence.optional(),
  caveats: z.array(z.string()),
  queries: z.strictObject({ total: z.string(), bad: z.string() }),
  /** Since the start of the measured load; budget spent so far = bad ÷ ((1 − target) × total at the end). */
  cumulative: z.array(z.strictObject({ atSeconds: number, total: number, bad: number })),
});

const foundCause = z.strictObject({
  /** The objective that is not met; its bad events have this in common. */
  objective: z.string(),
  side: z.enum(["client", "server"]),
  /** Above how many seconds an answer was bad; absent where it is about errors. */
  atMostSeconds: number.optional(),
  ...cause.shape,
  /** When they came; absent where it could not be read. */
  moments: moments.optional(),
});

/** Of which requests, and whether of its slow ones; compared with good ones of any operation where its own are all bad. */
const sampledAttribute = z.strictObject({ operation: z.string(), slow: z.literal(true).optional(), ...attribute.shape });

const line = z.array(unread);
const rates = { offeredRate: line, achievedRate: line, serverRate: line, errorRatio: line };
/** Of the server the upper bound of the bucket that the percentile lies in. */
const percentiles = { clientP50: line, clientP95: line, clientP99: line, serverP50: line, serverP95: line, serverP99: line };

const buckets = z.array(z.strictObject({ atMostSeconds: unread, requests: number }));

/** Describes `report.json`, version 1. Times are Unix seconds, durations seconds, ratios 0–1. `null` in a series means: no sample. */
export const reportSchema = z.strictObject({
  version: z.literal(1),
  testid: z.string(),
  service: z.string(),
  scenario: z.string(),
  startedAt: number,
  target: z.string(),
  prometheus: z.string(),
  embedded: z.boolean(),
  /** Who loaded, with what, from where; null is not told. */
  origin: z
    .strictObject({
      command: z.string(),
      commit: z.string().nullable(),
      machine: z.string(),
      versions: z.strictObject({ plimsoll: z.string(), k6: z.string(), prometheus: z.string().nullable() }),
    })
    .nullable(),
  verdict: z.enum(["met", "exceeded", "inconclusive", "interrupted"]),
  exitCode: number,
  /** Why the run is not met, worst first; empty when it is. */
  reasons: z.array(z.string()),
  /** What a reader should know although it did not decide the verdict. */
  notes: z.array(z.string()),
  confidence: number,
  periodSeconds: number,
  timings: z.strictObject({
    /** From the command's start to the first request. */
    toFirstRequestSeconds: unread,
    /** From the first request to the last. */
    loadSeconds: number,
    /** From the last request to the verdict. */
    toVerdictSeconds: unread,
  }),
  load: z.strictObject({
    offeredIterations: unread,
    startedIterations: number,
    droppedIterations: number,
    /** Null where k6 did not live to say so. */
    interruptedIterations: unread,
    /** Judged, as k6 counted them. */
    requests: number,
    errors: number,
    /** Highest offered and achieved rate, iterations a second. */
    peakOfferedRate: unread,
    peakAchievedRate: unread,
    openModel: z.boolean(),
  }),
  /** One row each for what was sent, held and served; `null` where a side could not be read. */
  reconciliation: z.strictObject({
    k6Requests: unread,
    k6Iterations: unread,
    relayRequests: number,
    prometheusRequests: unread,
    serverRequests: unread,
    lostBetween: unread,
    k6Errors: number,
    /** Answers that our scenarios expected and whose contents were wrong: bad events, no errors; absent in reports from before they were counted here. */
    wrongContents: number.optional(),
    serverErrors: unread,
    /** Mean client latency minus mean server latency, over the judged requests. */
    clientMinusServerSeconds: unread,
    /** Whether k6 and Prometheus count the same; null where one of them is not known. */
    agrees: z.boolean().nullable(),
    explanation: z.string(),
  }),
  objectives: z.array(objective),
  /** What the bad events of objectives that are not met have in common; absent in reports from before it was looked for. */
  causes: z.array(foundCause).optional(),
  /** Requests that failed or were slow, at most 20 of each route and outcome, a fair choice; absent where nobody collected them. */
  samples: z.array(sample).optional(),
  /** What spans of sampled requests say more often than those of good ones of their route; absent where no traces could be asked. */
  attributes: z.array(sampledAttribute).optional(),
  /** By route, worst first. */
  routes: z.array(
    z.strictObject({
      method: z.string(),
      route: z.string(),
      requests: number,
      errors: number,
      /** e.g. { "200": 120, "500": 3, "0": 1 } */
      statuses: z.record(z.string(), number),
      p50Seconds: unread,
      p99Seconds: unread,
    }),
  ),
  phases: z.array(z.strictObject({ name: z.string(), fromSeconds: number, toSeconds: number, judged: z.boolean() })),
  generator: z.strictObject({ cpuShareMax: unread, starvedSeconds: unread, memoryPeakBytes: unread }),
  /** How many judged requests took at most so long, cumulative, by side; null is the bucket without a bound. Empty where a side was not read. */
  latencies: z.strictObject({ client: buckets, server: buckets }),
  series: z.strictObject({
    atSeconds: z.array(number),
    ...rates,
    ...percentiles,
    /** Over how many seconds the rates and shares of each moment are taken. */
    clientWidthSeconds: number,
    serverWidthSeconds: number,
    /** The busiest routes. */
    routes: z.array(z.strictObject({ method: z.string(), route: z.string(), rate: line })),
    /** Why a chart's lines could not be read, by chart. */
    unread: z.record(z.string(), z.string()),
  }),
});

/** What every reporter renders; validated before it is written. */
export type Report = z.infer<typeof reportSchema>;
