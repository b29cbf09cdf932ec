import type { SentValue } from "../../run/relay/sent-totals.ts";
import { k6Labels, k6Metrics, ownMetric, warmupScenario } from "../../spec/names.ts";
import { checkName } from "./generate.ts";
import type { Happened, Request } from "./happen.ts";
import { judgedStretch, pushedAt, type World } from "./world.ts";
import type { HeldHistogram, HeldSeries, Labels } from "./write.ts";

/** The name of the k6 scenario that is judged. */
export const scenarioName = "main";

/** The target's URL, and the one of another host that a user's script asks too. */
export const targetUrl = "http://127.0.0.1:8080";
const otherUrl = "http://127.0.0.2:9000/x";

/** A native histogram without an observation. */
export const noneObserved: HeldHistogram = { schema: 3, zeroCount: 0, sum: 0, buckets: new Map() };

/** Adds an observation of seconds to a native histogram; bucket i covers (2^((i−1)/8), 2^(i/8)] seconds. */
export function observed(before: HeldHistogram | undefined, seconds: number): HeldHistogram {
  const { schema, zeroCount, sum, buckets } = before ?? noneObserved;
  if (seconds === 0) return { schema, zeroCount: zeroCount + 1, sum, buckets };
  const index = Math.ceil(Math.log2(seconds) * 2 ** schema);
  return { schema, zeroCount, sum: sum + seconds, buckets: new Map(buckets).set(index, (buckets.get(index) ?? 0) + 1) };
}

/** Writes what k6 writes: in each push the series that changed, with its value and time of its last event before it. */
function openPod(world: World, pod: number, origin: number) {
  const { clockSeconds, lostAt = Number.POSITIVE_INFINITY } = world.pods[pod] ?? { clockSeconds: 0 };
  const series = new Map<string, HeldSeries & { push: number }>();
  const shares = new Map<string, { good: number; all: number }>();
  const openPush = (
    at: number,
    own: Labels,
  ): (HeldSeries & { push: number; before: HeldHistogram | number | null | undefined }) | undefined => {
    const push = pushedAt(world, pod, at);
    if (push > lostAt) return undefined;
    const labels = { ...own, [k6Labels.testid]: world.id, [k6Labels.instance]: `pod-${pod}` };
    const key = JSON.stringify(own);
    const it: HeldSeries & { push: number } = series.get(key) ?? { labels, samples: [], push };
    series.set(key, it);
    const before = it.samples.at(-1)?.value ?? undefined;
    if (it.push === push) it.samples.pop();
    it.push = push;
    return Object.assign(it, { before });
  };
  const atMillis = (at: number): number => Math.round((origin + clockSeconds + at) * 1000);
  return {
    series,
    /** Adds a value to a rate, of which k6 writes the share alone. */
    rate(at: number, own: Labels, good: boolean): void {
      const it = openPush(at, own);
      if (it === undefined) return;
      const share = shares.get(JSON.stringify(own)) ?? { good: 0, all: 0 };
      shares.set(JSON.stringify(own), { good: share.good + Number(good), all: share.all + 1 });
      it.samples.push({ atMillis: atMillis(at), value: (share.good + Number(good)) / (share.all + 1) });
    },
    /** Raises a counter, or observes seconds. */
    change(at: number, own: Labels, by = 1, seconds?: number): void {
      const it = openPush(at, own);
      if (it === undefined) return;
      const observes = typeof it.before === "object" && it.before !== null ? it.before : undefined;
      const value = seconds === undefined ? Number(it.before ?? 0) + by : observed(observes, seconds);
      it.samples.push({ atMillis: atMillis(at), value });
    },
  };
}

/** What a script counts of an answer: a check, whose counter beside it lacks what a module makes that is not bundled, and its own counters. */
function scriptCounts(
  { who, at, status, isUnbundled }: Request,
  change: (at: number, own: Labels) => void,
  rate: (at: number, own: Labels, good: boolean) => void,
): void {
  const scenario: Labels = who === "judged" ? { [k6Labels.scenario]: scenarioName } : { [k6Labels.group]: "::setup" };
  const good = status !== 0 && status < 400;
  const check = { ...scenario, [k6Labels.check]: checkName };
  rate(at, { __name__: k6Metrics.checksShare, ...check }, good);
  if (!isUnbundled) change(at, { __name__: k6Metrics.countedChecks, ...check, [k6Labels.countedGood]: String(good) });
  change(at, { __name__: ownMetric.counter("orders"), ...scenario });
  change(at, { __name__: ownMetric.counter(good ? "orders_good" : "orders_failed"), ...scenario });
}

/** Lists the series that a request changes, and what it is observed with. */
function changesOf(world: World, { who, route, status, measured }: Request): [Labels, seconds?: number][] {
  const ours = world.script === "none";
  const url = route === undefined ? otherUrl : `${targetUrl}${route}`;
  const tags: Labels = {
    [k6Labels.scenario]: who === "judged" ? scenarioName : ours ? warmupScenario : "",
    [k6Labels.name]: ours ? (route ?? url) : world.namesUrls ? url : "a step",
    [k6Labels.method]: "GET",
  };
  const answer: Labels = { [k6Labels.status]: String(status), [k6Labels.expectedResponse]: String(status !== 0 && status < 400) };
  const changes: [Labels, number?][] = [[{ __name__: k6Metrics.requests, ...tags, ...answer }]];
  if (!ours && world.objectives.some(({ name }) => name === "client latency"))
    changes.push([{ __name__: k6Metrics.requestDuration, ...tags, ...answer }, measured]);
  if (ours && who !== "setup" && (status === 0 || measured > world.thresholdSeconds))
    changes.push([{ __name__: k6Metrics.slowRequests, ...tags, [k6Labels.threshold]: String(world.thresholdSeconds) }]);
  return changes;
}

/** Derives what the k6 of one pod wrote, and the last values of each metric; `origin` is when the first k6 began, Unix seconds of its clock. */
export function podSeries(world: World, happened: Happened, pod: number, origin: number) {
  const { series, change, rate } = openPod(world, pod, origin);
  const own = <T extends { pod: number | undefined }>(list: readonly T[]): T[] => list.filter((it) => it.pod === pod);
  const { startsAt, clockSeconds } = world.pods[pod] ?? { startsAt: 0, clockSeconds: 0 };
  const began = startsAt + judgedStretch(world).from;
  const judged = { [k6Labels.scenario]: scenarioName };
  if (world.script === "none") {
    change(startsAt + 0.04, { __name__: k6Metrics.wrongContents }, 0);
    change(startsAt + 0.04, { __name__: k6Metrics.slowRequests, [k6Labels.threshold]: String(world.thresholdSeconds) }, 0);
    change(began + 0.01, { __name__: k6Metrics.scenarioStart, ...judged }, origin + clockSeconds + began);
  }
  for (const request of own(happened.requests))
    for (const [labels, seconds] of changesOf(world, request)) change(request.at, labels, 1, seconds);
  if (world.script !== "none") for (const request of own(happened.requests)) scriptCounts(request, change, rate);
  for (const { at, who } of own(happened.iterations))
    change(at, { __name__: k6Metrics.iterations, [k6Labels.scenario]: who === "judged" ? scenarioName : warmupScenario });
  for (const { at } of own(happened.dropped)) change(at, { __name__: k6Metrics.droppedIterations, ...judged });
  const held = [...series.values()];
  const last = held.flatMap(({ labels, samples }) =>
    samples.slice(-1).flatMap(({ value, atMillis }) => (typeof value === "number" ? { labels, value, atSeconds: atMillis / 1000 } : [])),
  );
  return { held, sent: Object.groupBy(last, ({ labels }) => labels["__name__"] ?? "") as Record<string, SentValue[]> };
}
