import type { SentValue } from "../../run/relay/sent-totals.ts";
import { k6Labels, k6Metrics, ownMetric, warmupScenario } from "../../spec/names.ts";
import { checkName } from "./objectives.ts";
import type { Happened, Request } from "./happen.ts";
import { judgedStretch, pushedAt, type World } from "./world.ts";
import type { HeldHistogram, HeldSeries, Labels } from "./write.ts";

export const scenarioName = "main";

/** The target's URL, and the one of another host that a user's script asks too. */
export const targetUrl = "http://127.0.0.1:8080";
const otherUrl = "http://127.0.0.2:9000/x";

export const noneObserved: HeldHistogram = { schema: 3, zeroCount: 0, sum: 0, buckets: new Map() };

/** Adds an observation of seconds to a native histogram; bucket i covers (2^((i−1)/8), 2^(i/8)] seconds. */
export function observed(before: HeldHistogram | undefined, seconds: number): HeldHistogram {
  const { schema, zeroCount, sum, buckets } = before ?? noneObserved;
  if (seconds === 0) return { schema, zeroCount: zeroCount + 1, sum, buckets };
  const index = Math.ceil(Math.log2(seconds) * 2 ** schema);
  return { schema, zeroCount, sum: sum + seconds, buckets: new Map(buckets).set(index, (buckets.get(index) ?? 0) + 1) };
}

type Next = (before: HeldSeries["samples"][number]["value"] | undefined) => number | HeldHistogram;
type Write = (at: number, own: Labels, next: Next) => void;

const raised =
  (by = 1): Next =>
  (before) =>
    Number(before ?? 0) + by;

/** Writes what k6 writes: in each push the series that changed, with its value and time of its last event before it. */
function openPod(world: World, pod: number, origin: number) {
  const { clockSeconds, lostAt = Number.POSITIVE_INFINITY } = world.pods[pod] ?? { clockSeconds: 0 };
  const series = new Map<string, HeldSeries & { push: number }>();
  const write: Write = (at, own, next) => {
    const push = pushedAt(world, pod, at);
    if (push > lostAt) return;
    const key = JSON.stringify(own);
    const labels = { ...own, [k6Labels.testid]: world.id, [k6Labels.instance]: `pod-${pod}` };
    const it: HeldSeries & { push: number } = series.get(key) ?? { labels, samples: [], push };
    series.set(key, it);
    const value = next(it.samples.at(-1)?.value);
    if (it.push === push) it.samples.pop();
    it.push = push;
    it.samples.push({ atMillis: Math.round((origin + clockSeconds + at) * 1000), value });
  };
  return { series, write };
}

/** Says which scenario a script's sample is of; setup() and teardown() are of none, and k6 names them as a group. */
const scenarioOf = (who: Request["who"]): Labels =>
  who === "judged" ? { [k6Labels.scenario]: scenarioName } : { [k6Labels.group]: "::setup" };

/** What a script counts of its answers: a check, whose counter beside it lacks what a module makes that is not bundled, and its own counters. */
function scriptCounts(requests: readonly Request[], write: Write): void {
  const shares = new Map<string, { good: number; all: number }>();
  for (const { who, at, status, isUnbundled } of requests) {
    const scenario = scenarioOf(who);
    const isGood = status !== 0 && status < 400;
    const check = { ...scenario, [k6Labels.check]: checkName };
    // Of a rate k6 writes the share alone.
    write(at, { __name__: k6Metrics.checksShare, ...check }, () => {
      const { good, all } = shares.get(who) ?? { good: 0, all: 0 };
      shares.set(who, { good: good + Number(isGood), all: all + 1 });
      return (good + Number(isGood)) / (all + 1);
    });
    if (!isUnbundled) write(at, { __name__: k6Metrics.countedChecks, ...check, [k6Labels.countedGood]: String(isGood) }, raised());
    write(at, { __name__: ownMetric.counter("orders"), ...scenario }, raised());
    write(at, { __name__: ownMetric.counter(isGood ? "orders_good" : "orders_failed"), ...scenario }, raised());
  }
}

function changesOf(world: World, { who, route, status, measured, errorCode }: Request): [Labels, Next][] {
  const ours = world.script === "none";
  const url = route === undefined ? otherUrl : `${targetUrl}${route}`;
  const tags: Labels = {
    ...(ours && who !== "judged" ? { [k6Labels.scenario]: warmupScenario } : scenarioOf(who)),
    [k6Labels.name]: ours ? (route ?? url) : world.namesUrls ? url : "a step",
    [k6Labels.method]: "GET",
  };
  const isGood = status !== 0 && status < 400;
  const answer: Labels = {
    [k6Labels.status]: String(status),
    [k6Labels.expectedResponse]: String(isGood),
    ...(status === 0 && errorCode !== undefined ? { [k6Labels.errorCode]: errorCode } : {}),
  };
  const changes: [Labels, Next][] = [[{ __name__: k6Metrics.requests, ...tags, ...answer }, raised()]];
  const seen: Next = (before) => observed(typeof before === "object" && before !== null ? before : undefined, measured);
  if (!ours && world.objectives.some(({ name }) => name === "client latency"))
    changes.push([{ __name__: k6Metrics.requestDuration, ...tags, ...answer }, seen]);
  if (ours && who !== "setup" && (status === 0 || measured > world.thresholdSeconds))
    changes.push([{ __name__: k6Metrics.slowRequests, ...tags, [k6Labels.threshold]: String(world.thresholdSeconds) }, raised()]);
  return changes;
}

/** Derives what the k6 of one pod wrote, and the last values of each metric; `origin` is when the first k6 began, Unix seconds of its clock. */
export function podSeries(world: World, happened: Happened, pod: number, origin: number) {
  const { series, write } = openPod(world, pod, origin);
  const own = <T extends { pod: number | undefined }>(list: readonly T[]): T[] => list.filter((it) => it.pod === pod);
  const { startsAt, clockSeconds } = world.pods[pod] ?? { startsAt: 0, clockSeconds: 0 };
  const began = startsAt + judgedStretch(world).from;
  const judged = { [k6Labels.scenario]: scenarioName };
  if (world.script === "none") {
    write(startsAt + 0.04, { __name__: k6Metrics.wrongContents }, raised(0));
    write(startsAt + 0.04, { __name__: k6Metrics.slowRequests, [k6Labels.threshold]: String(world.thresholdSeconds) }, raised(0));
    write(began + 0.01, { __name__: k6Metrics.scenarioStart, ...judged }, raised(origin + clockSeconds + began));
  }
  const requests = own(happened.requests);
  for (const request of requests) for (const [labels, next] of changesOf(world, request)) write(request.at, labels, next);
  if (world.script !== "none") scriptCounts(requests, write);
  for (const { at, who } of own(happened.iterations))
    write(at, { __name__: k6Metrics.iterations, [k6Labels.scenario]: who === "judged" ? scenarioName : warmupScenario }, raised());
  for (const { at } of own(happened.dropped)) write(at, { __name__: k6Metrics.droppedIterations, ...judged }, raised());
  const held = [...series.values()];
  const last = held.flatMap(({ labels, samples }) =>
    samples.slice(-1).flatMap(({ value, atMillis }) => (typeof value === "number" ? { labels, value, atSeconds: atMillis / 1000 } : [])),
  );
  return { held, sent: Object.groupBy(last, ({ labels }) => labels["__name__"] ?? "") as Record<string, SentValue[]> };
}
