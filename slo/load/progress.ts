import { answerOf, type PrometheusApi, queryNumber } from "../collect/prometheus.ts";
import { latestQuantile } from "../compile/run.ts";
import type { Host } from "../host/host.ts";
import { liveLine } from "../report/live-line.ts";
import { offeredRateAt, type Plan } from "../run/plan.ts";
import type { SentCounts } from "../run/relay/sent-totals.ts";
import { isJudged, k6Labels, k6Metrics, warmupScenario } from "../spec/names.ts";
import type { Indicator, Spec } from "../spec/spec.ts";

/** Opens the mean rate of a count over the looks of the last seconds, events a second; `null` until there are two. */
export function openRate(windowSeconds: number): (count: number, nowSeconds: number) => number | null {
  let looks: { count: number; at: number }[] = [];
  return (count, at) => {
    const from = looks.findLastIndex((look) => look.at <= at - windowSeconds);
    looks = [...looks.slice(Math.max(0, from)), { count, at }];
    const [first] = looks;
    return first === undefined || first.at >= at ? null : Math.max(0, (count - first.count) / (at - first.at));
  };
}

/** Reads how far a load is from what k6 wrote so far; counts since its start, judged traffic only but for the iterations. */
export function progressAt(sent: SentCounts, startedAtSeconds: number) {
  const begun = sent.valuesOf(k6Metrics.scenarioStart).map(({ value }) => value);
  return {
    begunSeconds: begun.length > 0 ? Math.min(...begun) : startedAtSeconds,
    iterations: sent.sumOf(k6Metrics.iterations),
    requests: sent.sumOf(k6Metrics.requests, isJudged),
    errors: sent.sumOf(k6Metrics.requests, (labels) => isJudged(labels) && labels[k6Labels.expectedResponse] === "false"),
    dropped: sent.sumOf(k6Metrics.droppedIterations, isJudged),
  };
}

/** Tells whether an indicator is about the errors of all requests, which is what the line knows of a load that goes on. */
const isOfAllErrors = (indicator: Indicator): boolean =>
  indicator.kind === "errors" && indicator.side === "client" && Object.keys(indicator.where).length === 0;

/** Estimates, from what k6 wrote so far, the share of budget that the client's error objective without a filter has spent. */
function budgetSpent(spec: Spec, requests: number, errors: number): number | null {
  const shares = spec.objectives.flatMap(({ indicator, targetRatio, phase }) =>
    isOfAllErrors(indicator) && phase === undefined ? [errors / requests / (1 - targetRatio)] : [],
  );
  return requests === 0 || shares.length === 0 ? null : Math.max(...shares);
}

export type LiveProgress = ReturnType<typeof progressAt>;

/** Makes the function that words the line of a moment, Unix seconds. */
export function openLiveLine({ plan, spec }: { plan: Plan; spec: Spec }, width: number) {
  const judged = plan.scenarios.filter((scenario) => scenario.judged);
  const rateOf = openRate(5); // k6 writes once a second, and looks are as often
  return (seen: LiveProgress, p99Seconds: number | null, now: number): string => {
    const { requests, errors, dropped, iterations, begunSeconds } = seen;
    const elapsedSeconds = now - begunSeconds;
    const phase = plan.scenarios
      .filter((s) => elapsedSeconds >= s.startSeconds && elapsedSeconds < (s.endSeconds ?? Number.POSITIVE_INFINITY))
      .map((s) => s.name);
    // Past its plan k6 only waits for what is under way, or runs teardown().
    const finishing = plan.loadSeconds !== undefined && elapsedSeconds >= plan.loadSeconds;
    return liveLine({
      elapsedSeconds,
      totalSeconds: plan.loadSeconds ?? null,
      finishing,
      phase: finishing ? "finishing" : phase.join("+") || "waiting",
      offeredRate: plan.openModel ? offeredRateAt(phase.includes(warmupScenario) ? plan.scenarios : judged, elapsedSeconds) : null,
      achievedRate: rateOf(iterations, now),
      p99Seconds,
      errors,
      droppedIterations: dropped,
      budgetSpent: budgetSpent(spec, requests + dropped, errors + dropped),
      width,
    });
  };
}

/** Redraws one line a second while the load runs: how far, how fast, how well; without any progress there is nothing to draw yet. */
export function startLiveLine(
  prepared: { testid: string; plan: Plan; spec: Spec },
  host: Pick<Host, "live" | "now" | "width">,
  api: PrometheusApi,
  progress: () => LiveProgress | undefined,
): { stop: () => void } {
  const lineOf = openLiveLine(prepared, host.width);
  let [p99Seconds, asking]: [number | null, boolean] = [null, false];
  /** Asks Prometheus; what it does not know, or does not say now, stays as it was. */
  const askLatency = async (): Promise<void> => {
    asking = true;
    const got = await answerOf(() => queryNumber(api, latestQuantile(prepared.testid, 0.99), undefined));
    asking = false;
    // Requests that were never answered stand in the zero bucket, which is no wider than 1e-128.
    if (got.kind === "answer" && Number.isFinite(got.value)) p99Seconds = Math.max(0, (got.value ?? 0) - 1e-9);
  };
  const timer = setInterval(() => {
    if (!asking) void askLatency();
    const seen = progress();
    if (seen !== undefined) host.live(lineOf(seen, p99Seconds, host.now()));
  }, 1000);
  return { stop: () => clearInterval(timer) };
}
