import { z } from "zod";
import { errorMessage } from "../host/error-message.ts";
import { warmupScenario } from "../spec/names.ts";
import { scriptFacts, scriptMetric, type ScriptFacts, type ScriptMetric } from "../spec/script-facts.ts";
import { metricPrefix } from "./bundle/plugins.ts";

const stage = z.object({ duration: z.string(), target: z.number() });
const executor = z.object({
  executor: z.string(),
  startTime: z.string().nullish(),
  rate: z.number().nullish(),
  startRate: z.number().nullish(),
  timeUnit: z.string().nullish(),
  duration: z.string().nullish(),
  stages: z.array(stage).nullish(),
  iterations: z.number().nullish(),
  vus: z.number().nullish(),
  preAllocatedVUs: z.number().nullish(),
  maxVUs: z.number().nullish(),
});
type Executor = z.infer<typeof executor>;
/** A named part of the load, seconds since the judged scenario began. */
const phase = z.object({ name: z.string(), fromSeconds: z.number(), toSeconds: z.number() });
const mixEntry = z.object({ method: z.string(), route: z.string(), perIteration: z.number() });
const inspected = z.object({
  scenarios: z.record(z.string(), executor).nullish(),
  ext: z.object({ plimsoll: z.object({ mix: z.array(mixEntry), phases: z.array(phase).optional() }).nullish() }).nullish(),
  totalDuration: z.string().nullish(),
  maxVUs: z.number().nullish(),
  script: scriptFacts.nullish(),
  atOnce: z.boolean().nullish(),
  thresholds: z
    .record(z.string(), z.unknown())
    .nullish()
    .transform((all) => Object.fromEntries(Object.keys(all ?? {}).map((name) => [name, true]))),
});

export type PlannedScenario = ReturnType<typeof plannedScenario>;

export type Plan = ReturnType<typeof readPlan>;

const unitSeconds: Record<string, number> = { d: 86_400, h: 3600, m: 60, s: 1, ms: 0.001, us: 1e-6, µs: 1e-6, ns: 1e-9 };

/** Reads a Go duration such as 1m30s or 500ms (a bare number is milliseconds, as in k6) into seconds. */
export function goDurationSeconds(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) / 1000;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|us|µs|ns|d|h|m|s)/g)];
  if (parts.length === 0 || parts.map((p) => p[0]).join("") !== text) throw new Error(`not a duration: ${text}`);
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitSeconds[unit ?? ""] ?? Number.NaN), 0);
}

/** Lays the offered rate out in pieces; none in a closed model. */
function offeredPieces({ executor: kind, ...raw }: Executor, startSeconds: number) {
  const perSecond = 1 / goDurationSeconds(raw.timeUnit ?? "1s");
  const isConstant = kind === "constant-arrival-rate" && raw.rate && raw.duration;
  const stages = isConstant ? [{ duration: raw.duration ?? "", target: raw.rate ?? 0 }] : kind === "ramping-arrival-rate" ? raw.stages : [];
  let [at, rate] = [startSeconds, ((isConstant ? raw.rate : raw.startRate) ?? 0) * perSecond];
  return (stages ?? []).map(({ duration, target }) => {
    const piece = { fromSeconds: at, toSeconds: at + goDurationSeconds(duration), fromRate: rate, toRate: target * perSecond };
    [at, rate] = [piece.toSeconds, piece.toRate];
    return piece;
  });
}

/** A straight piece of the offered rate; seconds since k6 began, iterations a second. */
type RatePiece = ReturnType<typeof offeredPieces>[number];

/** Leaves out stages at the end that only stay at no VUs: k6 does not wait for them. */
function withoutIdleEnd(stages: readonly z.infer<typeof stage>[]): readonly z.infer<typeof stage>[] {
  const last = stages.findLastIndex(({ target }, i) => target > 0 || (stages[i - 1]?.target ?? 1) > 0);
  return stages.slice(0, last + 1);
}

function plannedScenario(name: string, raw: Executor) {
  const startSeconds = raw.startTime ? goDurationSeconds(raw.startTime) : 0;
  const offered = offeredPieces(raw, startSeconds);
  const stages = raw.executor === "ramping-vus" ? withoutIdleEnd(raw.stages ?? []) : raw.stages;
  const stagesSeconds = stages?.reduce((sum, { duration }) => sum + goDurationSeconds(duration), 0);
  const length = raw.duration ? goDurationSeconds(raw.duration) : stagesSeconds;
  return {
    name,
    judged: name !== warmupScenario,
    openModel: raw.executor.endsWith("-arrival-rate"),
    startSeconds,
    /** Undefined where the executor has no planned length (iterations without a duration). */
    endSeconds: length === undefined ? undefined : startSeconds + length,
    /** Empty in a closed model. */
    offered,
    /** Where the executor states how many; undefined where that depends on how fast the service answers. */
    iterations: iterationsOf(raw, offered),
    /** The most VUs that it may have in an open model, and those that are made before it begins. */
    vus: raw.maxVUs ?? raw.preAllocatedVUs ?? undefined,
    readyVus: raw.preAllocatedVUs ?? undefined,
  };
}

function iterationsOf({ executor: kind, iterations, vus }: Executor, offered: readonly RatePiece[]): number | undefined {
  if (kind === "shared-iterations") return iterations ?? 1;
  if (kind === "per-vu-iterations") return (iterations ?? 1) * (vus ?? 1);
  return offered.length > 0 ? offered.reduce((sum, piece) => sum + iterationsIn(piece), 0) : undefined;
}

/** Integrates the offered rate: iterations in a piece. */
export const iterationsIn = (piece: RatePiece): number => ((piece.fromRate + piece.toRate) / 2) * (piece.toSeconds - piece.fromSeconds);

/** Says the offered rate of the given scenarios at a moment, iterations a second. */
export function offeredRateAt(scenarios: readonly PlannedScenario[], seconds: number): number {
  return scenarios
    .flatMap((scenario) => scenario.offered)
    .filter(({ fromSeconds, toSeconds }) => seconds >= fromSeconds && seconds < toSeconds)
    .reduce((sum, p) => sum + p.fromRate + ((p.toRate - p.fromRate) * (seconds - p.fromSeconds)) / (p.toSeconds - p.fromSeconds), 0);
}

/** Keeps of what `k6 inspect` prints only what a plan needs: the rest may hold a script's keys and passwords. */
export function keepPlan(inspectOutput: string, script?: ScriptFacts, atOnce?: boolean) {
  try {
    return { kind: "kept" as const, text: JSON.stringify({ ...inspected.parse(JSON.parse(inspectOutput)), script, atOnce }) };
  } catch (error) {
    return { kind: "problem" as const, message: `k6 describes the script in a way that is not understood: ${errorMessage(error)}` };
  }
}

function lengthOf(scenarios: readonly PlannedScenario[]): number | undefined {
  const ends = scenarios.map(({ endSeconds = Number.POSITIVE_INFINITY }) => endSeconds);
  const length = Math.max(...ends) - Math.min(...scenarios.map(({ startSeconds }) => startSeconds));
  return Number.isFinite(length) ? length : undefined;
}

/** Reads the metrics that a script made while k6 looked at it, each once. */
export function metricsIn(logged: readonly string[]): ScriptMetric[] {
  const told = logged.flatMap((line) => (line.startsWith(metricPrefix) ? [line.slice(metricPrefix.length)] : []));
  return [...new Set(told)].map((text) => scriptMetric.parse(JSON.parse(text)));
}

/** Tells whether the load is laid out by `plimsoll/k6`, which reads rate and duration from the command line. */
export const isScalable = (inspectOutput: string): boolean => inspected.parse(JSON.parse(inspectOutput)).ext?.plimsoll?.mix !== undefined;

/** Reads what `k6 inspect --execution-requirements` prints into a plan. */
export function readPlan(inspectOutput: string) {
  const raw = inspected.parse(JSON.parse(inspectOutput));
  const scenarios = Object.entries(raw.scenarios ?? {}).map(([name, value]) => plannedScenario(name, value));
  const judged = scenarios.filter((scenario) => scenario.judged);
  const openModel = judged.length > 0 && judged.every((scenario) => scenario.openModel);
  const offered = judged.flatMap((scenario) => scenario.offered).reduce((sum, piece) => sum + iterationsIn(piece), 0);
  const ends = scenarios.map((scenario) => scenario.endSeconds);
  return {
    scenarios,
    /** Expected requests by route for one iteration; empty for user scripts. */
    mix: raw.ext?.plimsoll?.mix ?? [],
    /** The parts of the load that an objective may be about, by our shapes' names. */
    phases: raw.ext?.plimsoll?.phases ?? [],
    /** Iterations offered by the judged scenarios; undefined in a closed model. */
    offeredIterations: openModel ? Math.round(offered) : undefined,
    openModel,
    script: raw.script ?? undefined,
    /** Whether its requests may overlap, so that their durations add up to more than passed. */
    atOnce: raw.atOnce === true,
    maxVUs: raw.maxVUs ?? 1,
    hasThresholds: Object.keys(raw.thresholds ?? {}).length > 0,
    /** How long the judged scenarios last together, without their graceful stop; undefined where one has no end. */
    judgedSeconds: lengthOf(judged),
    /** Planned length with the graceful stop, seconds. */
    totalSeconds: raw.totalDuration ? goDurationSeconds(raw.totalDuration) : 0,
    /** Planned end of the last scenario without the graceful stop, seconds since k6 began; undefined where one has none. */
    loadSeconds: ends.length === 0 || ends.includes(undefined) ? undefined : Math.max(...ends.map((end) => end ?? 0)),
  };
}

export const phasesOf = ({ phases, scenarios }: Plan) => ({
  ofLoad: phases,
  scenarios: scenarios.flatMap(({ name, judged }) => (judged ? [name] : [])),
});

/** How many requests k6 may be asked to keep a summary of, 200 bytes each; above that its memory would grow with the run. */
const summaryLimit = 100_000;
/** A guess at what nobody plans: the requests of an iteration of a user script, and of a VU of a closed model in a second. */
const guessed = { perIteration: 5, perVuSecond: 100 };

/** Says whether k6 is asked for its summary, for which it keeps every request in memory. */
export function keepsSummary({ scenarios, mix, maxVUs, totalSeconds }: Plan): boolean {
  const perIteration = mix.length > 0 ? mix.reduce((sum, entry) => sum + entry.perIteration, 0) : guessed.perIteration;
  const requests = scenarios.map(({ iterations, startSeconds, endSeconds }) =>
    iterations === undefined ? maxVUs * ((endSeconds ?? totalSeconds) - startSeconds) * guessed.perVuSecond : iterations * perIteration,
  );
  return requests.reduce((sum, each) => sum + each, 0) <= summaryLimit;
}
