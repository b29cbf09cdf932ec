import type { Host } from "../host/host.ts";
import { provesExceededAtAnyLook } from "../judge/martingale.ts";
import type { RunRecord } from "../run/record.ts";
import type { SentCounts } from "../run/relay/sent-totals.ts";
import { isJudged, k6Labels, k6Metrics } from "../spec/names.ts";
import { isRequired } from "../spec/schema.ts";
import type { Objective, Spec } from "../spec/spec.ts";

type Proof = Omit<NonNullable<RunRecord["stoppedOnProof"]>, "afterSeconds">;
type Labels = Readonly<Record<string, string>>;

/** Counts what k6 wrote so far of an objective about the client's errors; undefined for what only Prometheus can tell. */
function countedSoFar(
  { indicator, only, phase }: Objective,
  sent: SentCounts,
  ownCounts: boolean,
): { bad: number; total: number } | undefined {
  if (phase !== undefined) return undefined; // what k6 wrote so far is of the whole load
  switch (indicator.kind) {
    case "errors": {
      if (indicator.side !== "client") return undefined;
      const isAbout = (labels: Labels): boolean =>
        isJudged(labels) &&
        (only === undefined || only.includes(labels[k6Labels.scenario] ?? "")) &&
        Object.entries(indicator.where).every(([label, value]) => labels[label === "route" ? k6Labels.name : label] === value);
      const total = sent.sumOf(k6Metrics.requests, isAbout);
      const errors = sent.sumOf(k6Metrics.requests, (labels) => isAbout(labels) && labels[k6Labels.expectedResponse] === "false");
      const wrong = ownCounts
        ? sent.sumOf(k6Metrics.wrongContents, (labels) => isAbout(labels) && labels[k6Labels.method] !== undefined)
        : 0;
      return { bad: Math.min(total, errors + wrong), total };
    }
    case "latency":
    case "ratio":
    case "checks":
    case "counter":
    case "rate":
    case "trend":
    case "throughput":
    case "achieved":
    case "integrity":
      return undefined;
  }
}

/** With fewer bad events a load goes on: the first moments of one are like no others, and the proof takes requests for independent. */
const fewestBad = 10;

/** Finds a required objective of which the counts so far prove that it is exceeded, by a bound that may be looked at every second. */
export function provedSoFar(spec: Spec, sent: SentCounts, ownCounts: boolean): Proof | undefined {
  for (const objective of spec.objectives.filter(isRequired)) {
    const count = countedSoFar(objective, sent, ownCounts);
    if (count !== undefined && count.bad >= fewestBad && provesExceededAtAnyLook(count, objective.targetRatio, spec.confidence))
      return { objective: objective.name, ...count };
  }
  return undefined;
}

/** Looks once a second whether failure is proved, and then aborts its signal. */
export function watchProof(
  look: () => Proof | undefined,
  host: Pick<Host, "say">,
): { signal: AbortSignal; proof: () => Proof | undefined; end: () => void } {
  const controller = new AbortController();
  let proof: Proof | undefined;
  const timer = setInterval(() => {
    proof ??= look();
    if (proof === undefined || controller.signal.aborted) return;
    host.say(`stopping k6: ${proof.bad} bad of ${proof.total} prove that ${proof.objective} is exceeded`);
    controller.abort();
  }, 1000);
  return { signal: controller.signal, proof: () => proof, end: () => clearInterval(timer) };
}
