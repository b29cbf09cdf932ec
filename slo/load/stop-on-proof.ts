import type { Host } from "../host/host.ts";
import { provesExceededAtAnyLook, provesExceededOverPlan } from "../judge/martingale.ts";
import type { Plan } from "../run/plan.ts";
import type { RunRecord } from "../run/record.ts";
import type { SentCounts } from "../run/relay/sent-totals.ts";
import { isJudged, k6Labels, k6Metrics } from "../spec/names.ts";
import { isRequired } from "../spec/schema.ts";
import type { Objective, Spec } from "../spec/spec.ts";

type Proof = Omit<NonNullable<RunRecord["stoppedOnProof"]>, "afterSeconds">;
type Labels = Readonly<Record<string, string>>;

/** Counts what k6 wrote so far of an objective about the client's errors; undefined for what only Prometheus can tell. */
function countedSoFar({ indicator, phase }: Objective, sent: SentCounts, ownCounts: boolean): { bad: number; total: number } | undefined {
  if (indicator.kind !== "errors" || indicator.side !== "client") return undefined;
  if (phase !== undefined) return undefined; // what k6 wrote so far is of the whole load
  const asked = Object.entries(indicator.where).map(([label, value]) => [label === "route" ? k6Labels.name : label, value] as const);
  const isAbout = (labels: Labels): boolean => isJudged(labels) && asked.every(([label, value]) => labels[label] === value);
  const total = sent.sumOf(k6Metrics.requests, isAbout);
  const errors = sent.sumOf(k6Metrics.requests, (labels) => isAbout(labels) && labels[k6Labels.expectedResponse] === "false");
  const isWrong = (labels: Labels): boolean => isAbout(labels) && labels[k6Labels.method] !== undefined;
  const wrong = ownCounts ? sent.sumOf(k6Metrics.wrongContents, isWrong) : 0;
  return { bad: Math.min(total, errors + wrong), total };
}

/** With fewer bad events a load without a known plan goes on: its first moments are like no others, and the proof takes requests for independent. */
const fewestBad = 10;

/** The requests that an iteration of a script may have where not one has gone well: each may have left off at its first error. */
const guessedPerIteration = 10;

/** Says how many requests an iteration has at most that goes well: one that fails may leave off early, and holds one of the errors at least. */
function requestsPerIteration(mix: Plan["mix"], iterations: number, requests: number, errors: number): number {
  const usual = mix.reduce((sum, { perIteration }) => sum + perIteration, 0);
  const wentWell = errors < iterations ? (requests - errors) / (iterations - errors) : guessedPerIteration;
  return Math.max(requests / iterations, mix.length > 0 ? usual : wentWell);
}

/**
 * Estimates all judged requests of an open-model plan, rounded up, by those of an iteration of each scenario so far; undefined before each has ended its first
 * one, null where nothing is offered at a given rate. k6 may start one iteration more at the edge of a stage.
 */
function plannedRequests({ scenarios, offeredIterations, mix }: Plan, sent: SentCounts): number | null | undefined {
  if (offeredIterations === undefined) return null;
  let planned = 0;
  for (const { name, offered, iterations: planIterations = 0 } of scenarios.filter(({ judged }) => judged)) {
    const isOf = (labels: Labels): boolean => labels[k6Labels.scenario] === name;
    const [iterations, requests] = [sent.sumOf(k6Metrics.iterations, isOf), sent.sumOf(k6Metrics.requests, isOf)];
    const errors = sent.sumOf(k6Metrics.requests, (labels) => isOf(labels) && labels[k6Labels.expectedResponse] === "false");
    if (iterations === 0) return undefined;
    planned += (planIterations + offered.length) * requestsPerIteration(mix, iterations, requests, errors);
  }
  return Math.ceil(planned);
}

/**
 * Finds a required objective of which the counts so far prove that it is exceeded: over the whole plan, were all that is left of it good, which is no second
 * look; or without a known plan by a bound that may be looked at every second.
 */
export function provedSoFar(spec: Spec, sent: SentCounts, ownCounts: boolean, plan: Plan): Proof | undefined {
  const planned = plannedRequests(plan, sent);
  if (planned === undefined) return undefined;
  for (const objective of spec.objectives.filter(isRequired)) {
    const count = countedSoFar(objective, sent, ownCounts);
    if (count === undefined) continue;
    const isProved =
      planned === null
        ? count.bad >= fewestBad && provesExceededAtAnyLook(count, objective.targetRatio, spec.confidence)
        : provesExceededOverPlan(count, planned, objective.targetRatio, spec.confidence);
    if (isProved) return { objective: objective.name, planned, ...count };
  }
  return undefined;
}

/** Looks once a second whether failure is proved, and then aborts its signal. */
export function watchProof(look: () => Proof | undefined, host: Pick<Host, "say">) {
  const controller = new AbortController();
  let proof: Proof | undefined;
  const timer = setInterval(() => {
    proof ??= look();
    if (proof === undefined || controller.signal.aborted) return;
    const over = proof.planned === null ? "" : `, were all others of ${proof.planned} planned requests good`;
    host.say(`stopping k6: ${proof.bad} bad of ${proof.total} prove that ${proof.objective} is exceeded${over}`);
    controller.abort();
  }, 1000);
  return { signal: controller.signal, proof: () => proof, end: (): void => clearInterval(timer) };
}
