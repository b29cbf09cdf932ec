import { liveLine } from "../report/live-line.ts";
import { offeredRateAt, type Plan } from "../run/plan.ts";
import { warmupScenario } from "../spec/names.ts";
import type { Spec } from "../spec/spec.ts";
import type { Glance } from "./glance.ts";
import type { Host } from "./host.ts";

/** Estimates, from what k6 wrote so far, the share of budget that the client's error objective without a filter has spent. */
function budgetSpent(spec: Spec, requests: number, errors: number): number | null {
  const shares = spec.objectives.flatMap(({ indicator, targetRatio }) =>
    indicator.kind === "errors" && indicator.side === "client" && Object.keys(indicator.where).length === 0
      ? [errors / requests / (1 - targetRatio)]
      : [],
  );
  return requests === 0 || shares.length === 0 ? null : Math.max(...shares);
}

/** Redraws one line a second while the load runs: how far, how fast, how well; without a glance there is nothing to draw yet. */
export function startLiveLine(
  { plan, spec }: { plan: Plan; spec: Spec },
  host: Host,
  glance: () => Glance | undefined,
): { stop: () => void } {
  const judged = plan.scenarios.filter((scenario) => scenario.judged);
  let before = { at: host.now(), iterations: 0 };
  let rate: number | null = null;
  const timer = setInterval(() => {
    const seen = glance();
    if (seen === undefined) return;
    const now = host.now();
    const elapsedSeconds = now - seen.begunSeconds;
    if (now - before.at >= 1.8) {
      rate = (seen.iterations - before.iterations) / (now - before.at);
      before = { at: now, iterations: seen.iterations };
    }
    const { requests, errors, dropped, p99Seconds } = seen;
    const phase = plan.scenarios
      .filter((s) => elapsedSeconds >= s.startSeconds && elapsedSeconds < (s.endSeconds ?? Number.POSITIVE_INFINITY))
      .map((s) => s.name);
    host.live(
      liveLine({
        ...{ elapsedSeconds, totalSeconds: plan.loadSeconds ?? null, phase: phase.join("+") || "settling" },
        offeredRate: plan.openModel ? offeredRateAt(phase.includes(warmupScenario) ? plan.scenarios : judged, elapsedSeconds) : null,
        ...{ achievedRate: rate, p99Seconds, errors, droppedIterations: dropped },
        ...{ budgetSpent: budgetSpent(spec, requests + dropped, errors + dropped), width: host.width },
      }),
    );
  }, 1000);
  return { stop: () => clearInterval(timer) };
}
