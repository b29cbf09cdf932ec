import type { SentValue } from "../../run/relay/sent-totals.ts";
import { k6Labels, k6Metrics, warmupScenario } from "../../spec/names.ts";
import type { Happened, Request } from "./happen.ts";
import { judgedStretch, pushedAt, type World } from "./world.ts";
import type { HeldHistogram, HeldSeries, Labels } from "./write.ts";

/** The name of the k6 scenario that is judged. */
export const scenarioName = "main";

/** The target's URL, and the one of another host that a user's script asks too. */
export const targetUrl = "http://127.0.0.1:8080";
const otherUrl = "http://127.0.0.2:9000/x";

/** What the k6 of one pod wrote. */
export interface PodSeries {
  held: HeldSeries[];
  /** Metric → last values. */
  sent: Record<string, SentValue[]>;
}

type Change = { kind: "add"; by: number } | { kind: "set"; to: number } | { kind: "observe"; seconds: number };

const one: Change = { kind: "add", by: 1 };

/** Adds an observation to a native histogram; bucket i covers (2^((i−1)/8), 2^(i/8)] seconds. */
function observed(before: HeldHistogram | undefined, seconds: number, atMillis: number): HeldHistogram {
  const { schema, zeros, sum, buckets } = before ?? { schema: 3, zeros: 0, sum: 0, buckets: new Map<number, number>() };
  if (seconds === 0) return { schema, zeros: zeros + 1, sum, buckets, atMillis };
  const index = Math.ceil(Math.log2(seconds) * 2 ** schema);
  return { schema, zeros, sum: sum + seconds, buckets: new Map(buckets).set(index, (buckets.get(index) ?? 0) + 1), atMillis };
}

/** Writes what k6 writes: in each push the series that changed, with its value and time of its last event before it. */
function openPod(world: World, pod: number, origin: number) {
  const { clockSeconds, lostAt = Number.POSITIVE_INFINITY } = world.pods[pod] ?? { clockSeconds: 0 };
  const series = new Map<string, HeldSeries & { push: number; value: number }>();
  return {
    series,
    change(at: number, own: Labels, change: Change): void {
      const push = pushedAt(world, pod, at);
      if (push > lostAt) return;
      const labels = { ...own, [k6Labels.testid]: world.id, [k6Labels.instance]: `pod-${pod}` };
      const key = JSON.stringify(own);
      const it = series.get(key) ?? { labels, atMillis: [], values: [], histograms: [], push: Number.NaN, value: 0 };
      series.set(key, it);
      const held = change.kind === "observe" ? it.histograms : it.values;
      const i = it.push === push ? held.length - 1 : held.length;
      it.push = push;
      const atMillis = Math.round((origin + clockSeconds + at) * 1000);
      if (change.kind === "observe") return void (it.histograms[i] = observed(it.histograms.at(-1), change.seconds, atMillis));
      it.value = change.kind === "set" ? change.to : it.value + change.by;
      [it.values[i], it.atMillis[i]] = [it.value, atMillis];
    },
  };
}

/** Lists what a request changes in k6's series. */
function changesOf(world: World, { who, route, status, measured }: Request): [Labels, Change][] {
  const ours = world.script === "none";
  const url = route === undefined ? otherUrl : `${targetUrl}${route}`;
  const tags: Labels = {
    [k6Labels.scenario]: who === "judged" ? scenarioName : ours ? warmupScenario : "",
    [k6Labels.name]: ours ? (route ?? url) : world.namesUrls ? url : "a step",
    [k6Labels.method]: "GET",
  };
  const answer: Labels = { [k6Labels.status]: String(status), [k6Labels.expectedResponse]: String(status !== 0 && status < 500) };
  const changes: [Labels, Change][] = [[{ __name__: k6Metrics.requests, ...tags, ...answer }, one]];
  if (!ours && world.objectives.some(({ name }) => name === "client latency"))
    changes.push([
      { __name__: k6Metrics.requestDuration, ...tags, ...answer },
      { kind: "observe", seconds: measured },
    ]);
  if (ours && who !== "setup" && (status === 0 || measured > world.thresholdSeconds))
    changes.push([{ __name__: k6Metrics.slowRequests, ...tags, [k6Labels.threshold]: String(world.thresholdSeconds) }, one]);
  return changes;
}

/** Derives what the k6 of one pod wrote; `origin` is when the first k6 began, Unix seconds of its clock. */
export function podSeries(world: World, happened: Happened, pod: number, origin: number): PodSeries {
  const { series, change } = openPod(world, pod, origin);
  const own = <T extends { pod: number | undefined }>(list: readonly T[]): T[] => list.filter((it) => it.pod === pod);
  const { startsAt, clockSeconds } = world.pods[pod] ?? { startsAt: 0, clockSeconds: 0 };
  const began = startsAt + judgedStretch(world).from;
  if (world.script === "none") {
    const zero: Change = { kind: "add", by: 0 };
    change(startsAt + 0.04, { __name__: k6Metrics.wrongContents }, zero);
    const threshold = { [k6Labels.threshold]: String(world.thresholdSeconds) };
    change(startsAt + 0.04, { __name__: k6Metrics.slowRequests, ...threshold }, zero);
    change(
      began + 0.01,
      { __name__: k6Metrics.scenarioStart, [k6Labels.scenario]: scenarioName },
      { kind: "set", to: origin + clockSeconds + began },
    );
  }
  for (const request of own(happened.requests)) for (const [labels, by] of changesOf(world, request)) change(request.at, labels, by);
  for (const { at, who } of own(happened.iterations))
    change(at, { __name__: k6Metrics.iterations, [k6Labels.scenario]: who === "judged" ? scenarioName : warmupScenario }, one);
  for (const { at } of own(happened.dropped)) change(at, { __name__: k6Metrics.droppedIterations, [k6Labels.scenario]: scenarioName }, one);
  const held = [...series.values()];
  const last = held.flatMap(({ labels, value, atMillis }) => {
    const at = atMillis.at(-1);
    return at === undefined ? [] : [{ labels, value, atSeconds: at / 1000 }];
  });
  return { held, sent: Object.groupBy(last, ({ labels }) => labels["__name__"] ?? "") as Record<string, SentValue[]> };
}
