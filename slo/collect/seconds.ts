import type { SecondsQueries } from "../compile/own-metrics.ts";
import { k6Labels } from "../spec/names.ts";
import type { Measurement, Queries } from "./measurement.ts";
import { answerOf, querySamples, type PrometheusApi, type Series } from "./prometheus.ts";
import { mayBeStarved, type CpuShortage } from "./starved.ts";

/** Says which time belongs to the judged load, Unix seconds of k6's clock. */
export interface SecondsWindow {
  /** From when to when the load was on for certain. A user script does not say when its scenarios begin: then it is not before its first request. */
  fromSeconds: number | undefined;
  toSeconds: number;
  begunSeconds: number;
  endedSeconds: number;
  shortage: CpuShortage;
}

/** What ends within this of a push's last event may be in the next push, seconds. */
const lateSeconds = 0.005;
/** Pushes come once a second; between two that are farther apart nobody knows in which second what came. */
const mostApartSeconds = 1.5;

type Push = Series<number>["points"][number];

/** Judges the time between the last events of two pushes, about a second, in which all came that the later one has more. */
function secondOf(before: Push, push: Push, perSecond: number): "good" | "bad" | "uncertain" {
  const [apart, count] = [push.atSeconds - before.atSeconds, push.value - before.value];
  const atBorder = 1 + perSecond * lateSeconds;
  if (apart > mostApartSeconds) return "uncertain";
  if (count >= perSecond * apart + atBorder) return "good";
  return count < perSecond * apart - atBorder ? "bad" : "uncertain";
}

/** Judges each second of the judged load by what k6 had counted by the last event of each push; the first and the last part of a second are left out. */
export async function measureSeconds(
  api: PrometheusApi,
  { objective, marks, perSecond, of }: SecondsQueries,
  { fromSeconds, toSeconds, begunSeconds, endedSeconds, shortage }: SecondsWindow,
): Promise<Measurement> {
  const read = marks(endedSeconds - begunSeconds + 10);
  const queries: Queries = { total: read.promql, bad: `fewer than ${perSecond} ${of} between two of its samples` };
  const absent = (reason: string): Measurement => ({ kind: "absent", objective, reason, queries });
  const got = await answerOf(() => querySamples(api, read, endedSeconds + 5));
  if (got.kind === "failed") return absent(got.reason);
  const [only, ...others] = got.value;
  if (only === undefined) return absent("nobody noted when k6 pushed, so its seconds cannot be told apart");
  if (others.length > 0)
    return absent(
      `the seconds of ${others.length + 1} load pods do not begin together, so none of them can be judged (${k6Labels.instance})`,
    );
  const { points } = only;
  const from = fromSeconds ?? points.find(({ value }) => value > 0)?.atSeconds ?? endedSeconds;
  const begun = fromSeconds ?? begunSeconds;
  // A script's load begins between k6's own beginning and its first request, and so it ends.
  const latest = toSeconds + from - begun;
  const counts = { good: 0, bad: 0, uncertain: 0 };
  for (const [i, push] of points.entries()) {
    const before = points[i - 1];
    if (before === undefined || before.atSeconds < begun || push.atSeconds > latest) continue;
    const second = secondOf(before, push, perSecond);
    const span = { fromSeconds: before.atSeconds, toSeconds: push.atSeconds };
    const excused = before.atSeconds < from || push.atSeconds > toSeconds || mayBeStarved(span, shortage, 0);
    counts[second === "bad" && excused ? "uncertain" : second] += Math.max(1, Math.round(push.atSeconds - before.atSeconds));
  }
  const { good, bad, uncertain } = counts;
  const unsure = `${uncertain} seconds may have reached ${perSecond}/s or not: too near to it, between late pushes, before the first request or after the last, or while k6 may have been short of CPU or VUs`;
  const total = good + bad + uncertain;
  return {
    kind: "counted",
    objective,
    best: { total, bad },
    worst: { total, bad: bad + uncertain },
    caveats: uncertain > 0 ? [unsure] : [],
    cumulative: [],
    timestampSkewSeconds: 1,
    queries,
  };
}
