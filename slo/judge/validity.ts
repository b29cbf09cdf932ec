import type { Totals } from "../collect/stored-counts.ts";
import type { DropCause } from "../collect/starved.ts";
import { amount } from "../spec/words.ts";

/** What has to agree for a run to prove success; null where it could not be known. */
export interface RunFacts {
  interrupted: boolean;
  /** Why the load was stopped early, in a sentence; null where it was not stopped on proof. */
  stoppedOnProof: string | null;
  k6: {
    exitCode: number | null;
    signal: string | null;
    meaning: string;
    iterations: number | null;
    summaryRequests: number | null;
    summaryBad: number | null;
  };
  /** What k6 wrote to the relay: whole run. */
  sent: Totals;
  /** What went over the network, by whatever protocol. */
  bytesSent: number;
  /** False when a load pod was lost before it could say all that it had sent. */
  sentIsWhole: boolean;
  /** What Prometheus holds of it. */
  stored: Totals;
  /** Judged iterations: planned (null in a closed model), then what became of them. */
  offeredIterations: number | null;
  started: number;
  dropped: number;
  cutOff: number;
  dropCause: DropCause;
  /** From the start of k6 to the planned end of its last scenario, and to its own end; null where there is no planned length, or no known end. */
  plannedSeconds: number | null;
  ranSeconds: number | null;
  /** What the relay and the rest of the run have to say. */
  more: readonly string[];
}

/** k6 may round each stage of a ramp down, so up to this share of the plan may be missing without a caveat. */
const offeredTolerance = 0.01;

/** Lists why a run cannot prove success, in plain sentences; an empty list is a valid run. Evidence of failure stands whatever is in the list. */
export function runCaveats(facts: RunFacts): string[] {
  const { k6, sent, stored } = facts;
  const caveats: string[] = [];
  if (facts.interrupted) caveats.push("the run was interrupted");
  if (facts.stoppedOnProof !== null) caveats.push(facts.stoppedOnProof);
  if (k6.signal !== null) caveats.push(`k6 was ended by ${k6.signal}${k6.signal === "SIGKILL" ? outOfMemory : ""}`);
  else if (k6.exitCode !== 0 && !facts.interrupted && facts.stoppedOnProof === null)
    caveats.push(k6.exitCode === null ? "nobody knows how k6 ended" : `k6 ended with exit code ${k6.exitCode}: ${k6.meaning}`);
  if (sent.requests === 0 && facts.bytesSent === 0) caveats.push("k6 sent no request");
  if (!facts.sentIsWhole) caveats.push("nobody knows all that was sent, because a load pod was lost");
  else if (k6.iterations === null)
    caveats.push("k6 did not say how many iterations it ran, so nothing proves that all its samples arrived");
  else if (!iterationsAgree(k6, facts.cutOff, sent.iterations))
    caveats.push(lostBefore(`ran ${amount(k6.iterations, "iteration", "iterations")}`, sent.iterations));
  if (k6.summaryRequests !== null && k6.summaryRequests !== sent.requests)
    caveats.push(lostBefore(`counted ${amount(k6.summaryRequests, "request", "requests")}`, sent.requests));
  const bad = sent.slow + sent.wrongContents;
  if (k6.summaryBad !== null && k6.summaryBad !== bad)
    caveats.push(lostBefore(`counted ${k6.summaryBad} slow requests and wrong contents`, bad));
  if (facts.sentIsWhole) caveats.push(...storedCountCaveats(sent, stored));
  caveats.push(...offeredCaveats(facts), ...lengthCaveats(facts));
  return [...caveats, ...dropCaveats[facts.dropCause], ...facts.more];
}

const outOfMemory = "; where nobody stopped it, memory ran out: give it more (in pods by --pod-template, resources.limits.memory)";

const lostBefore = (was: string, written: number): string => `k6 ${was} and wrote ${written}: samples were lost between k6 and the relay`;

/** k6 writes the iteration that aborted the test, and counts it among those that it cut off; what k6 did not count agrees with nothing and contradicts nothing. */
export function iterationsAgree(
  { exitCode, iterations }: Pick<RunFacts["k6"], "exitCode" | "iterations">,
  cutOff: number,
  written: number,
): boolean {
  const more = written - (iterations ?? written);
  return more === 0 || (exitCode === 108 && more > 0 && more <= cutOff);
}

const dropCaveats = {
  service: [],
  starved: ["k6 dropped iterations while it was short of CPU: give it more, or lower the rate (README, When k6 is short of CPU)"],
  unknown: ["k6 dropped iterations, and nobody knows whether it had the CPU that it needed"],
} as const satisfies Record<DropCause, readonly string[]>;

const totalNames = {
  requests: "requests",
  errors: "failed requests",
  iterations: "iterations",
  dropped: "dropped iterations",
  slow: "slow requests",
  wrongContents: "wrong contents",
} as const satisfies Record<keyof Totals, string>;

function storedCountCaveats(sent: Totals, stored: Totals): string[] {
  return (Object.keys(totalNames) as (keyof Totals)[]).flatMap((one) =>
    sent[one] === stored[one] ? [] : [`Prometheus holds ${stored[one]} of the ${sent[one]} ${totalNames[one]} that were sent`],
  );
}

/** k6 2.2.0 can end a scenario of ramping VUs early, with exit code 0 (mended in 2.3.0). */
function lengthCaveats({ plannedSeconds, ranSeconds, interrupted, k6 }: RunFacts): string[] {
  if (plannedSeconds === null || ranSeconds === null || interrupted || k6.exitCode !== 0 || ranSeconds >= plannedSeconds - 1) return [];
  return [`k6 ended after ${ranSeconds.toFixed(1)} s of ${plannedSeconds.toFixed(1)} s in the plan: the rest of the load was never sent`];
}

function offeredCaveats({ offeredIterations, started, dropped, cutOff, stoppedOnProof }: RunFacts): string[] {
  if (offeredIterations === null || stoppedOnProof !== null) return [];
  const sent = started + dropped + cutOff;
  if (sent >= Math.floor(offeredIterations * (1 - offeredTolerance)) - 1) return [];
  const share = ((100 * sent) / offeredIterations).toFixed(1);
  return [`only ${sent} of ${offeredIterations} planned iterations (${share} %) were offered: the load in the plan was never sent`];
}
