import type { DropCount } from "../collect/client.ts";
import type { Span } from "../collect/points.ts";
import { queryRange, queryVector, type PrometheusApi } from "../collect/prometheus.ts";
import { pushSeconds } from "../collect/starved.ts";
import { over } from "../compile/counters.ts";
import { callTime } from "../compile/own-metrics.ts";
import { promql } from "../compile/promql.ts";
import { judged, ofRun } from "../compile/scope.ts";
import type { LoadRun } from "../load/load-run.ts";
import type { Plan } from "../run/plan.ts";
import { k6Metrics, ownMetric } from "../spec/names.ts";

type Sums = ReadonlyMap<string, number>;

/**
 * Counts dropped iterations that say nothing of the service, for one that answers at once might have had them as well: k6 was still making VUs,
 * which takes a moment each, or the script itself waits for so long that it needs more of them than there are.
 */
export async function ownDrops(
  api: PrometheusApi,
  { record: { testid }, plan, sent }: Pick<LoadRun, "record" | "plan" | "sent">,
  { fromSeconds, toSeconds, stepSeconds }: Span,
  drops: readonly DropCount[],
): Promise<number> {
  const all = drops.at(-1)?.value ?? 0;
  if (all === 0) return 0;
  const range = toSeconds - fromSeconds + 60;
  const answering = [k6Metrics.requestDuration, k6Metrics.requestBlocked, ownMetric.trend(callTime, true)];
  /** Reads of each scenario how many iterations had ended until then, their own time, and the requests answered. */
  const until = async (atSeconds: number) => {
    const by = async (what: "sum" | "count", metric: string): Promise<Sums> => {
      const last = over("last_over_time", judged(metric, testid))(range);
      const read = await queryVector(api, { promql: `sum by (scenario) (histogram_${what}(${last.promql}))` }, atSeconds);
      return new Map(read.map(({ labels, points }) => [labels["scenario"] ?? "", points[0]?.value ?? 0]));
    };
    const [ended, answered, took, ...waits] = await Promise.all([
      by("count", k6Metrics.iterationDuration),
      by("count", k6Metrics.requestDuration),
      by("sum", k6Metrics.iterationDuration),
      ...answering.map((metric) => by("sum", metric)),
    ]);
    return (name: string) => {
      const of = (sums: Sums): number => sums.get(name) ?? 0;
      const share = plan.atOnce ? of(ended) / Math.max(1, of(ended), of(answered)) : 1; // at the least: all of an iteration at once
      return { ended: of(ended), answered: of(answered), own: of(took) - share * waits.reduce((sum, each) => sum + of(each), 0) };
    };
  };
  const firstDrop = drops.find(({ value }) => value > 0)?.atSeconds ?? toSeconds;
  const [made, whole, before] = await Promise.all([
    queryRange(api, promql`sum(${ofRun(k6Metrics.vusMax, testid)})`, fromSeconds, toSeconds, stepSeconds),
    until(toSeconds),
    until(firstDrop),
  ]);
  const areReady = plan.scenarios.every(({ vus, readyVus }) => vus === readyVus);
  const madeAt = made[0]?.points.find(({ value }) => value >= plan.maxVUs)?.atSeconds ?? Number.POSITIVE_INFINITY;
  const early = areReady ? 0 : (drops.findLast(({ atSeconds }) => atSeconds <= madeAt + pushSeconds)?.value ?? 0);
  const waiting = plan.scenarios.filter((scenario) => {
    const [all, old] = [whole(scenario.name), before(scenario.name)];
    if (!scenario.openModel) return true; // it drops what it has no time for, however long a script waits
    if (all.ended === 0) return all.answered > 0; // the service answered, and the script waits for something else
    const late = (all.own - old.own) / Math.max(1, all.ended - old.ended); // it may wait for longer then
    return lacksVus(scenario, Math.max(0, all.own / all.ended, late));
  });
  const names = new Set<string | undefined>(waiting.map(({ name }) => name));
  return Math.min(all, early + sent.sumOf(k6Metrics.droppedIterations, ({ scenario }) => names.has(scenario)));
}

/** Tells whether a script whose iterations take so long without any answer may need more VUs than it has, by as much as chance adds. */
export function lacksVus({ offered, vus }: Pick<Plan["scenarios"][number], "offered" | "vus">, ownSeconds: number): boolean {
  const needed = ownSeconds * Math.max(0, ...offered.flatMap(({ fromRate, toRate }) => [fromRate, toRate]));
  return vus !== undefined && needed + 3 * Math.sqrt(needed) > vus;
}
