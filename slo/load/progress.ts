import { answerOf, type PrometheusApi, queryNumber } from "../collect/prometheus.ts";
import { latestQuantile } from "../compile/run.ts";
import type { Host } from "../host/host.ts";
import { liveLine } from "../report/live-line.ts";
import { offeredRateAt, type Plan } from "../run/plan.ts";
import type { SentCounts } from "../run/relay/sent-totals.ts";
import { isJudged, k6Labels, k6Metrics, warmupScenario } from "../spec/names.ts";
import type { Indicator, Spec } from "../spec/spec.ts";

/** Longer than k6 needs between two writes, so that what was not written yet is not taken for silence. */
const patienceSeconds = 5;

/** The rate of a count that stood so at a moment (Unix seconds), events a second over the last few; `null` until two moments are known. */
type RateMeter = (count: number, atSeconds: number, nowSeconds: number) => number | null;

/** Opens a count over a window's last seconds. A moment counts once, however often it is looked at: what was not written in between is not a rate of 0. */
export function openRate(windowSeconds: number): RateMeter {
  let points: { count: number; at: number }[] = [];
  return (count, atSeconds, nowSeconds) => {
    const last = points.at(-1);
    if (last === undefined || (atSeconds > last.at && count !== last.count)) {
      const from = points.findLastIndex(({ at }) => at <= atSeconds - windowSeconds);
      points = [...points.slice(Math.max(0, Math.min(from, points.length - 1))), { count, at: atSeconds }];
    }
    const [first, end] = [points[0], points.at(-1)];
    if (first === undefined || end === undefined || points.length < 2) return null;
    const silent = nowSeconds - end.at > Math.max(patienceSeconds, 2 * (end.at - (points.at(-2)?.at ?? end.at)));
    return silent ? 0 : Math.max(0, (end.count - first.count) / (end.at - first.at));
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

/** Tells when k6 last wrote a count of iterations, Unix seconds on its clock; undefined before that. */
export function writtenAt(sent: SentCounts): number | undefined {
  const times = sent.valuesOf(k6Metrics.iterations).map(({ atSeconds }) => atSeconds);
  return times.length > 0 ? Math.max(...times) : undefined;
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

/** What the line is drawn from; when the counts were written is not known of pods, whose counts are taken as of now. */
export type LiveProgress = ReturnType<typeof progressAt> & { writtenAtSeconds?: number | undefined };

/** Makes the function that words the line of a moment, Unix seconds. */
export function openLiveLine({ plan, spec }: { plan: Plan; spec: Spec }, width: number) {
  const judged = plan.scenarios.filter((scenario) => scenario.judged);
  // A count whose moment is known gives its rate at once; one that was on its way for an unknown while is evened out.
  const [written, looked] = [openRate(2), openRate(5)];
  return (seen: LiveProgress, p99Seconds: number | null, now: number): string => {
    const { requests, errors, dropped, iterations, begunSeconds, writtenAtSeconds: at } = seen;
    const elapsedSeconds = now - begunSeconds;
    const achievedRate = at === undefined ? looked(iterations, now, now) : written(iterations, at, now);
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
      achievedRate,
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
