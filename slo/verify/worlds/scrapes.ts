import { processMetrics, scrapeMetrics, targetLabels, targetMetrics } from "../../spec/names.ts";
import type { Happened, Request } from "./happen.ts";
import { randomOf } from "./random.ts";
import { isIn, routes, type Instance, type Stretch, type World } from "./world.ts";
import type { HeldSeries, Labels } from "./write.ts";

type Counters = Map<string, { labels: Labels; value: number }>;

/** Raises the counters of a process by one request, as far as an objective asks for them; `by` 0 only makes the series. */
function raise(
  counters: Counters,
  world: World,
  { route, status, seconds }: Pick<Request, "route" | "status" | "seconds">,
  by: number,
): void {
  const own: Labels = { [targetLabels.method]: "GET", [targetLabels.route]: route ?? "", [targetLabels.status]: String(status) };
  const add = (labels: Labels, more: number): void => {
    const key = JSON.stringify(labels);
    counters.set(key, { labels, value: (counters.get(key)?.value ?? 0) + more });
  };
  const asked = new Set(world.objectives.map(({ name }) => name));
  add({ __name__: `${targetMetrics.requestDuration}_count`, ...own }, by);
  if (asked.has("server latency")) {
    const bucket = { __name__: `${targetMetrics.requestDuration}_bucket`, ...own };
    add({ ...bucket, le: String(world.thresholdSeconds) }, seconds <= world.thresholdSeconds ? by : 0);
    add({ ...bucket, le: "+Inf" }, by);
  }
  if (asked.has("ratio") && route === routes[0]) add({ __name__: "orders_total", result: status < 500 ? "ok" : "failed" }, by);
}

/** Begins the counters of a process: at zero, or with what a load before this one left in them. */
function freshCounters(world: World, process: Stretch): Counters {
  const counters: Counters = new Map();
  if (!world.lazy) for (const route of routes) for (const status of [200, 500]) raise(counters, world, { route, status, seconds: 0 }, 0);
  if (world.past === 0 || process.from >= world.scrapesFrom) return counters;
  raise(counters, world, { route: routes[0], status: 200, seconds: 0 }, world.past);
  raise(counters, world, { route: routes[0], status: 500, seconds: 0 }, Math.ceil(0.03 * world.past));
  return counters;
}

/** Tells whether an instance's counters take a request that it served, the nth one. */
function isCounted({ lie }: Instance, { servedAt, status }: Request, nth: number): boolean {
  switch (lie.kind) {
    case "none":
      return true;
    case "frozen":
      return servedAt < lie.from;
    case "half":
      return nth % 2 === 0;
    case "no errors":
      return status < 500;
  }
}

/** Gives the counters of an instance at one moment after the other; undefined while no process is up. */
function countersOf(world: World, instance: Instance, served: readonly Request[]): (at: number) => Counters | undefined {
  let process: Stretch | undefined;
  let counters: Counters = new Map();
  let next = 0;
  return (at) => {
    const alive = instance.processes.find((one) => isIn(at, one));
    if (alive === undefined) return undefined;
    if (alive !== process) [process, counters] = [alive, freshCounters(world, alive)];
    // A scrape bears the time at which it began, and counts what comes in until it is answered.
    for (let one = served[next]; one !== undefined && one.servedAt <= at + world.scrapeTakes; next += 1, one = served[next])
      if (one.servedAt >= alive.from && isCounted(instance, one, next)) raise(counters, world, one, 1);
    if (world.tellsStart) counters.set("start", { labels: { __name__: processMetrics.startTime }, value: alive.from });
    return counters;
  };
}

/** Scrapes one instance: what fails or is gone leaves the mark of its end on each series that was there before. Returns the times. */
function scrape(
  world: World,
  instance: Instance,
  i: number,
  served: readonly Request[],
  until: number,
  origin: number,
  held: HeldSeries[],
): number[] {
  const random = randomOf(i, Number(world.id.split("-")[1]));
  const { target } = instance;
  const zero = origin + world.offsetSeconds;
  const series = new Map<string, HeldSeries>();
  const countersAt = countersOf(world, instance, served);
  let shown: Counters = new Map();
  const scrapes: number[] = [];
  const write = (labels: Labels, at: number, value: number | null): void => {
    const key = JSON.stringify(labels);
    const one = series.get(key) ?? { labels: { ...labels, job: world.id, instance: `i${i}:80` }, atMillis: [], values: [], histograms: [] };
    series.set(key, one);
    one.atMillis.push(Math.round((zero + at) * 1000));
    one.values.push(value);
  };
  for (let due = world.scrapesFrom + random.between(0, world.scrapeSeconds); target && due < until; due += world.scrapeSeconds) {
    const at = due + random.between(0, world.lateScrapes) * world.scrapeSeconds;
    const [skipped, failed] = [random.chance(world.skippedScrapes), random.chance(world.failedScrapes)];
    if (skipped || at < target.from || (world.away && isIn(at, world.away))) continue;
    const gone = at >= target.to;
    const counters = gone || failed ? undefined : countersAt(at);
    for (const [key, { labels }] of shown) if (!counters?.has(key)) write(labels, at, null);
    for (const { labels, value } of counters?.values() ?? [])
      write(labels, at, labels["__name__"] === processMetrics.startTime ? zero + value : value);
    write({ __name__: scrapeMetrics.up }, at, gone ? null : counters ? 1 : 0);
    if (gone) break;
    shown = new Map(counters);
    scrapes.push(at);
  }
  held.push(...series.values());
  return scrapes;
}

/** Derives what Prometheus scraped of the service, and when each target that is still asked had been asked twice since k6 ended, if ever. */
export function scraped(
  world: World,
  { requests, endedAt }: Happened,
  origin: number,
): { held: HeldSeries[]; twiceAt: number | undefined } {
  const held: HeldSeries[] = [];
  const since = world.instances.map((instance, i) => {
    const served = requests.filter((request) => request.instance === i).toSorted((a, b) => a.servedAt - b.servedAt);
    return scrape(world, instance, i, served, endedAt + 4 * world.scrapeSeconds + 5, origin, held).filter((at) => at > endedAt);
  });
  const twiceAt = since
    .flat()
    .toSorted((a, b) => a - b)
    .find((now) => Math.min(...since.map((times) => times.filter((at) => at <= now).length).filter((count) => count > 0)) >= 2);
  return { held, twiceAt };
}
