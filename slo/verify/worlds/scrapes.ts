import { processMetrics, scrapeMetrics } from "../../spec/names.ts";
import { seriesLabels, routes } from "./counting.ts";
import type { Happened, Request } from "./happen.ts";
import { randomOf, isIn, type Instance, type Stretch, type World } from "./world.ts";
import { noneObserved, observed } from "./k6-series.ts";
import type { HeldHistogram, HeldSeries, Labels } from "./write.ts";

type Counters = Map<string, { labels: Labels; value: number | HeldHistogram }>;

type Counted = Pick<Request, "route" | "status" | "timedOnly"> & { seconds?: number };

/** Raises the counters of a process by one request, as far as an objective asks for them; `by` 0 only makes the series. */
function raise(counters: Counters, world: World, by: number, { route, status, seconds = 0, timedOnly = false }: Counted, nth = 0): void {
  const { metrics, badStatus, buckets, elsewhere, oddEvery, timesErrors, isNative } = world.counting;
  const add = (labels: Labels, more: number): void => {
    const key = JSON.stringify(labels);
    counters.set(key, { labels, value: Number(counters.get(key)?.value ?? 0) + more });
  };
  const observe = (labels: Labels, times: number): void => {
    const key = JSON.stringify(labels);
    const before = counters.get(key)?.value;
    let value = typeof before === "object" ? before : undefined;
    for (let i = 0; i < times; i += 1) value = observed(value, seconds);
    counters.set(key, { labels, value: value ?? noneObserved });
  };
  const asks = (objective: string): boolean => world.objectives.some(({ name }) => name === objective);
  const own = seriesLabels(world.counting, { route, status }, oddEvery > 0 && nth % oddEvery === oddEvery - 1);
  const { duration, requests } = metrics;
  const isTimed = duration !== undefined && asks("server latency") && (timesErrors || status !== badStatus);
  for (const labels of elsewhere ? [own, { ...own, ...elsewhere }] : [own]) {
    if (isNative && duration) observe({ __name__: duration.metric, ...labels }, by);
    else if (!timedOnly || requests === `${duration?.metric}_count`) add({ __name__: requests, ...labels }, by);
    if (!isTimed || isNative) continue;
    if (requests !== `${duration.metric}_count`) add({ __name__: `${duration.metric}_count`, ...labels }, by);
    for (const bound of buckets.map((times) => times * world.thresholdSeconds)) {
      const le = String(Number((bound * duration.unitsPerSecond).toPrecision(12)));
      add({ __name__: `${duration.metric}_bucket`, ...labels, le }, seconds <= bound ? by : 0);
    }
    add({ __name__: `${duration.metric}_bucket`, ...labels, le: "+Inf" }, by);
  }
  if (!asks("ratio") || route !== routes[0]) return;
  add({ __name__: "orders_total", result: status === badStatus ? "failed" : "ok" }, by);
  if (status === badStatus) add({ __name__: "orders_failed_total" }, by);
}

/** Begins the counters of a process: at zero, or with what a load before this one left in them. */
function freshCounters(world: World, process: Stretch): Counters {
  const counters: Counters = new Map();
  if (!world.lazy)
    for (const route of routes) for (const status of [200, world.counting.badStatus]) raise(counters, world, 0, { route, status });
  if (world.past === 0 || process.from >= world.scrapesFrom) return counters;
  raise(counters, world, world.past, { route: routes[0], status: 200 });
  raise(counters, world, Math.ceil(0.03 * world.past), { route: routes[0], status: world.counting.badStatus });
  return counters;
}

/** Gives the counters of an instance at one moment after the other; undefined while no process is up. */
function countersOf(world: World, instance: Instance, served: readonly Request[]): (at: number) => Counters | undefined {
  let process: Stretch | undefined;
  let counters: Counters = new Map();
  let next = 0;
  let flushed: Counters = new Map();
  let flushedUntil = Number.NEGATIVE_INFINITY;
  const { flushSeconds, flushEvery, metrics } = world.counting;
  const { duration, requests } = metrics;
  const isLate = (labels: Labels): boolean =>
    duration !== undefined && requests !== `${duration.metric}_count` && (labels["__name__"]?.startsWith(`${duration.metric}_`) ?? false);
  const serveUntil = (until: number, alive: Stretch): void => {
    for (let one = served[next]; one !== undefined && one.servedAt <= until; next += 1, one = served[next]) {
      const status = instance.countsAs ? instance.countsAs(one, next) : one.status;
      if (one.servedAt >= alive.from && status !== undefined) raise(counters, world, 1, { ...one, status }, next);
      if (flushEvery > 0 && next % flushEvery === 0) flushed = structuredClone(counters);
    }
  };
  return (at) => {
    const alive = instance.processes.find((one) => isIn(at, one));
    if (alive === undefined) return undefined;
    if (alive !== process) {
      [process, counters] = [alive, freshCounters(world, alive)];
      flushed = structuredClone(counters);
    }
    if (flushSeconds > 0) {
      const due = Math.floor(at / flushSeconds) * flushSeconds;
      if (due > flushedUntil && due >= alive.from) {
        serveUntil(due, alive);
        [flushed, flushedUntil] = [structuredClone(counters), due];
      }
    }
    // A scrape bears the time at which it began, and counts what comes in until it is answered.
    serveUntil(at + world.scrapeTakes, alive);
    if (world.tellsStart)
      counters.set("start", { labels: { __name__: processMetrics.startTime }, value: (world.startToldAt ?? Number)(alive.from, at) });
    if (flushSeconds === 0 && flushEvery === 0) return counters;
    const late = [...flushed].filter(([, { labels }]) => isLate(labels));
    return new Map([...[...counters].filter(([, { labels }]) => !isLate(labels)), ...late]);
  };
}

/** Scrapes one instance until a moment: what fails or is gone leaves the mark of its end on each series that was there before. Gives the times too. */
function scrape(world: World, i: number, servedBy: (i: number) => Request[], until: number, origin: number) {
  const random = randomOf(i, Number(world.id.split("-")[1]));
  const zero = origin + world.offsetSeconds;
  const held = new Map<string, HeldSeries>();
  const scrapes: number[] = [];
  const answered: number[] = [];
  const write = (labels: Labels, at: number, value: number | null | HeldHistogram): void => {
    const key = JSON.stringify(labels);
    const series = held.get(key) ?? { labels: { ...labels, job: world.id, instance: `i${i}:80` }, samples: [] };
    held.set(key, series);
    series.samples.push({ atMillis: Math.round((zero + at) * 1000), value });
  };
  const instance = world.instances[i];
  if (instance?.target === undefined) return { held, scrapes, answered };
  const { target, turnsWith = i } = instance;
  const each = [...new Set([i, turnsWith])].map((one) => countersOf(world, world.instances[one] ?? instance, servedBy(one)));
  let shown: Counters = new Map();
  for (let due = world.scrapesFrom + random.between(0, world.scrapeSeconds); due < until; due += world.scrapeSeconds) {
    const at = due + random.between(0, world.lateScrapes) * world.scrapeSeconds;
    const [skipped, failed] = [random.chance(world.skippedScrapes), random.chance(world.failedScrapes)];
    if (skipped || at < target.from || (world.away && isIn(at, world.away))) continue;
    const gone = at >= target.to;
    const counters = gone || failed ? undefined : each[scrapes.length % each.length]?.(at);
    for (const [key, { labels }] of shown) if (!counters?.has(key)) write(labels, at, null);
    for (const { labels, value } of counters?.values() ?? [])
      write(labels, at, labels["__name__"] === processMetrics.startTime ? zero + Number(value) : value);
    write({ __name__: scrapeMetrics.up }, at, gone ? null : counters ? 1 : 0);
    write({ __name__: scrapeMetrics.duration }, at, gone ? null : world.scrapeTakes);
    if (gone) break;
    shown = new Map(counters);
    scrapes.push(at);
    if (counters) answered.push(at);
  }
  return { held, scrapes, answered };
}

/** Derives what Prometheus scraped of the service, and when each target that is still asked had been asked twice since k6 ended, if ever. */
export function scraped(world: World, { requests, endedAt }: Happened, origin: number) {
  const servedBy = (i: number): Request[] => requests.filter(({ instance }) => instance === i).toSorted((a, b) => a.servedAt - b.servedAt);
  const byInstance = world.instances.map((_, i) => scrape(world, i, servedBy, endedAt + 4 * world.scrapeSeconds + 5, origin));
  const since = byInstance.map(({ scrapes }) => scrapes.filter((at) => at > endedAt)).filter(({ length }) => length > 0);
  const times = since.flat().toSorted((a, b) => a - b);
  return {
    held: byInstance.flatMap(({ held }) => [...held.values()]),
    /** When each instance was scraped and answered. */
    answered: byInstance.map(({ answered }) => answered),
    twiceAt: times.find((now) => since.every(([first = now, second = Infinity]) => second <= now || first > now)),
  };
}
