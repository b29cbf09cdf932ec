import { liveLine } from "../report/live-line.ts";
import { offeredRateAt, type Plan } from "../run/plan.ts";
import type { Relay } from "../run/relay/relay.ts";
import { k6Labels, k6Metrics, warmupScenario } from "../spec/names.ts";
import type { Spec } from "../spec/spec.ts";
import type { Host } from "./host.ts";

const isJudged = (labels: Readonly<Record<string, string>>): boolean =>
  ![undefined, "", warmupScenario].includes(labels[k6Labels.scenario]);

/** Estimates, from what k6 wrote so far, the share of budget that the client's error objective without a filter has spent. */
function budgetSpent(spec: Spec, requests: number, errors: number): number | null {
  const shares = spec.objectives.flatMap(({ indicator, targetRatio }) =>
    indicator.kind === "errors" && indicator.side === "client" && Object.keys(indicator.where).length === 0
      ? [errors / requests / (1 - targetRatio)]
      : [],
  );
  return requests === 0 || shares.length === 0 ? null : Math.max(...shares);
}

/** Redraws one line a second while the load runs: how far, how fast, how well. */
export function startLiveLine(run: { plan: Plan; spec: Spec; relay: Relay }, host: Host, startedAtSeconds: number): { stop: () => void } {
  const { plan, spec, relay } = run;
  const judged = plan.scenarios.filter((scenario) => scenario.judged);
  let before = { at: host.now(), iterations: 0 };
  let rate: number | null = null;
  const timer = setInterval(() => {
    const sent = relay.sent();
    const now = host.now();
    const begun = sent.valuesOf(k6Metrics.scenarioStart).map(({ value }) => value);
    const elapsedSeconds = now - (begun.length > 0 ? Math.min(...begun) : startedAtSeconds);
    const iterations = sent.sumOf(k6Metrics.iterations);
    if (now - before.at >= 1.8) {
      rate = (iterations - before.iterations) / (now - before.at);
      before = { at: now, iterations };
    }
    const requests = sent.sumOf(k6Metrics.requests, isJudged);
    const errors = sent.sumOf(k6Metrics.requests, (labels) => isJudged(labels) && labels[k6Labels.expectedResponse] === "false");
    const dropped = sent.sumOf(k6Metrics.droppedIterations, isJudged);
    const phase = plan.scenarios
      .filter((s) => elapsedSeconds >= s.startSeconds && elapsedSeconds < (s.endSeconds ?? Number.POSITIVE_INFINITY))
      .map((s) => s.name);
    host.live(
      liveLine({
        ...{ elapsedSeconds, totalSeconds: plan.loadSeconds ?? null, phase: phase.join("+") || "settling" },
        offeredRate: plan.openModel ? offeredRateAt(phase.includes(warmupScenario) ? plan.scenarios : judged, elapsedSeconds) : null,
        ...{ achievedRate: rate, p99Seconds: relay.lastLatency()?.p99Seconds ?? null, errors, droppedIterations: dropped },
        ...{ budgetSpent: budgetSpent(spec, requests + dropped, errors + dropped), width: host.width },
      }),
    );
  }, 1000);
  return { stop: () => clearInterval(timer) };
}
