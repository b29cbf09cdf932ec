import type { Count } from "../../collect/measurement.ts";
import { sideOf } from "../../spec/side.ts";
import type { Where } from "../../spec/spec.ts";
import type { Happened, Request } from "./happen.ts";
import { isCountedRoute, routes } from "./counting.ts";
import { gapSeconds, isIn, judgedStretch, pushedAt, type Stretch, type World, type WorldObjective } from "./world.ts";
import { complement, provesExceeded, provesMet } from "../../judge/clopper-pearson.ts";
import type { WindowFinding } from "../../judge/verdict.ts";
import type { JudgedObjective } from "./judge-world.ts";

const asks = (where: Where, route: string | undefined): boolean => (where["route"] ?? route) === route;

const isBad = ({ indicator }: WorldObjective, { status, seconds }: Request): boolean =>
  status === 0 || (indicator.kind === "latency" ? seconds > indicator.atMostSeconds : status >= 400);

/** Gives which requests an indicator is about; the worlds' ratio counts the orders of one route. */
const whereOf = ({ indicator }: WorldObjective): Where => (indicator.kind === "ratio" ? { route: routes[0] } : indicator.where);

function isAbout(world: World, objective: WorldObjective, { status, route, timedOnly }: Request): boolean {
  if (!asks(whereOf(objective), route)) return false;
  const { requests, duration } = world.counting.metrics;
  if (timedOnly && objective.indicator.kind === "errors" && requests !== `${duration?.metric}_count`) return false;
  switch (sideOf(objective.indicator)) {
    case "client":
      return true;
    case "server":
      return status !== 0 && route !== undefined && isCountedRoute(world.counting, world.script, route);
    case "other":
      return status !== 0;
  }
}

/** Finds the moments between which other traffic is within the service's counts, as scrapes can tell them. */
function countedStretch(world: World, endedAt: number): Stretch {
  const blind = world.away !== undefined || world.failedScrapes > 0 || world.skippedScrapes > 0 || world.lateScrapes > 0;
  const { flushSeconds, flushEvery } = world.counting;
  const from = blind || flushEvery > 0 ? Number.NEGATIVE_INFINITY : -2 * world.scrapeSeconds - flushSeconds - 1;
  return { from, to: endedAt + 4 * world.scrapeSeconds + 10 };
}

/** Tells whether others who use the service can be seen: between the last two scrapes before the load, or the first two after it, of one process, while no one else sends. */
function othersShow(world: World, { endedAt, requests, cutOff }: Happened, others: readonly Request[], answered: Answered): boolean {
  const late = requests.filter(({ who, status }) => who !== "others" && status === 0).length + cutOff.reduce((sum, some) => sum + some, 0);
  return world.instances.some(({ processes, countsAs, turnsWith }, i) => {
    const process = processes.find(({ from, to }) => from < 0 && to > endedAt);
    if (process === undefined || countsAs !== undefined || turnsWith !== undefined) return false;
    const within = (from = Infinity, to = -Infinity): number =>
      others.filter(({ instance, servedAt }) => instance === i && servedAt > from + 0.1 && servedAt < to).length;
    const scrapes = answered[i]?.filter((at) => at > Math.max(process.from, -Math.max(30, 2.5 * world.scrapeSeconds))) ?? [];
    const over = (at: number): number => at + world.scrapeTakes;
    const [first, last] = scrapes
      .map(over)
      .filter((at) => at < 0)
      .slice(-2);
    const [ended, next] = scrapes.filter((at) => at > endedAt + 0.4).map(over);
    const isClear = scrapes.every((at) => Math.abs(over(at)) > 0.1);
    return (isClear && within(first, last) > 0) || within(ended, next) > late;
  });
}
/** When each instance was scraped and answered. */
type Answered = readonly (readonly number[])[];

/**
 * Tells whether anybody could know of a ratio's event, for k6 does not count it: not where Prometheus never had the process as a target,
 * nor where the counter lies, nor where a restart may hide between two scrapes because the process does not tell when it began.
 */
function hasCounter(
  { instances, scrapeSeconds, tellsStart, startToldAt }: World,
  { endedAt }: Happened,
  { instance, servedAt }: Request,
): boolean {
  const { target, countsAs, turnsWith, processes } = instances[instance ?? -1] ?? { processes: [] };
  const process = processes.find((one) => isIn(servedAt, one));
  if (target === undefined || countsAs !== undefined || turnsWith !== undefined || process === undefined) return false;
  const isScraped =
    target.from < Math.min(endedAt + scrapeSeconds, process.to - 2 * scrapeSeconds) && target.to > Math.max(0, process.from);
  return isScraped && ((tellsStart && startToldAt === undefined) || processes.length === 1);
}

const countOf = (events: readonly { bad: boolean }[]): Count => ({ total: events.length, bad: events.filter(({ bad }) => bad).length });

/** Counts the requests of setup and warm-up that the scrapes around the load cannot leave out; those that were cut off nobody can. */
function keptIn({ script, warmupSeconds, scrapeSeconds }: World, { requests, cutOff }: Happened): number {
  const isScrapedBetween = script === "none" && warmupSeconds > 0 && scrapeSeconds < gapSeconds - 1.2;
  if (isScrapedBetween) return cutOff.reduce((sum, some) => sum + some, 0);
  return requests.filter(({ who }) => who === "setup" || who === "warmup").length;
}

/** Tells whether a moment is in the part of the load that an objective is about; within two milliseconds of its borders it may be either. */
function phaseOf(world: World, { phase }: WorldObjective): (at: number) => "in" | "out" | "border" {
  if (phase === undefined) return () => "in";
  const [from, to] = [world.phase.fromSeconds, world.phase.toSeconds].map((seconds) => judgedStretch(world).from + seconds);
  return (at) => {
    const near = Math.min(Math.abs(at - (from ?? 0)), Math.abs(at - (to ?? 0)));
    return near < 0.002 ? "border" : at > (from ?? 0) && at < (to ?? 0) ? "in" : "out";
  };
}

/** What became of an objective's judged requests; where the definition leaves room, the truth lies between `kindest` (fewest bad, most good) and `harshest`. */
export type Truth = ReturnType<typeof truthOf>;
type TrueEvent = Truth["events"][number];

export function truthOf(world: World, happened: Happened, objective: WorldObjective, answered: Answered) {
  const { indicator } = objective;
  const side = sideOf(indicator);
  const client = side === "client";
  const about = happened.requests.filter((request) => isAbout(world, objective, request));
  const timed = (request: Request) => ({ at: client ? request.at : request.servedAt, bad: isBad(objective, request) });
  const unheard = ({ pod = 0, at }: { pod?: number | undefined; at: number }): boolean =>
    pushedAt(world, pod, at) > (world.pods[pod]?.lostAt ?? Number.POSITIVE_INFINITY);
  // A gateway's answer is not the service's.
  const lost = (request: Request): boolean =>
    (side === "other" && !hasCounter(world, happened, request)) || unheard(request) || (!client && request.instance === undefined);
  const inPhase = phaseOf(world, objective);
  const judged = about.filter((request) => request.who === "judged" && inPhase(request.at) !== "out");
  const atBorder = (request: Request): boolean => inPhase(request.at) === "border";
  const certain = countOf(judged.filter((request) => !lost(request) && !atBorder(request)).map(timed));
  const counted = countedStretch(world, happened.endedAt);
  const others = client ? [] : about.filter(({ who, servedAt }) => who === "others" && servedAt >= counted.from && servedAt < counted.to);
  // What shows of others is left out route by route.
  const alike = side === "other" ? [] : [...Map.groupBy(others, ({ route }) => route).values()];
  const hidden = alike.filter((some) => !othersShow(world, happened, some, answered)).flat().length;
  const open = countOf([...others, ...judged.filter((request) => lost(request) || atBorder(request))].map(timed));
  const dropped = happened.dropped.filter(({ ofK6, at }) => !ofK6 && at >= judgedStretch(world).from && inPhase(at) !== "out");
  const isOfRequests = indicator.kind === "errors" || indicator.kind === "latency"; // a check of an iteration that was dropped is made by nobody
  const unmet =
    client && isOfRequests
      ? dropped.filter(({ route }) => asks(whereOf(objective), route)).filter((drop) => !unheard(drop) && inPhase(drop.at) === "in")
      : [];
  const unserved = dropped.length * world.requestsPerIteration;
  const good = certain.total - certain.bad;
  // What nobody counted beside the share of each k6 is told by that share alone: not where it is the same with it and without.
  const unseen = countOf(indicator.kind === "checks" ? judged.filter(({ isUnbundled }) => isUnbundled).map(timed) : []);
  const shareOf = (some: readonly Request[]): number => some.filter((one) => isBad(objective, one)).length / some.length;
  const isTold = world.pods.some((_, i) => {
    const all = judged.filter((one) => one.pod === i && !lost(one));
    return !Object.is(shareOf(all), shareOf(all.filter(({ isUnbundled }) => !isUnbundled)));
  });
  // Of what a service counts twice, k6's count of all bounds the sum: each bad one that is there again stands for a good one; and where it leaves others out as well, nobody knows which.
  const times = side === "server" && world.counting.isTwice ? 2 : 1;
  const leavesOut = times === 2 && world.instances.some(({ countsAs, target }) => countsAs !== undefined || target === undefined);
  // What only a counter that lies has, others' requests too, it may take for good.
  const isUntold = side === "other" || (!client && world.instances.some(({ countsAs }) => countsAs !== undefined));
  const again = (times - 1) * keptIn(world, happened);
  const leastBad = leavesOut ? 0 : Math.max(0, certain.bad - hidden - (isTold ? 0 : unseen.bad));
  const leastGood = leavesOut ? 0 : Math.max(0, good - hidden - (unseen.total - unseen.bad) - (times - 1) * (certain.bad + open.bad));
  const counts = (bad: number, good: number): Count => ({ total: bad + good, bad });
  return {
    kindest: counts(leastBad + unmet.length, times * (good + open.total - (isUntold ? 0 : open.bad)) + again),
    harshest: counts(times * (certain.bad + open.bad) + again + unserved, leastGood),
    /** How many requests of setup and warm-up a service has counted beside the judged ones, as far as scrapes can tell the two apart. */
    apart: client ? 0 : keptIn(world, happened),
    /** All events in order of time, those included that the definition may leave out. */
    events: [...[...judged, ...others].map(timed), ...unmet.map(({ at }) => ({ at, bad: true }))].toSorted((a, b) => a.at - b.at),
  };
}

type Found = { objective: WorldObjective; judged: JudgedObjective; truth: Truth };
type Burst = Extract<WindowFinding, { kind: "fastBurn" }>;

/** Tells whether the truth has a window of that length about there in which the budget burned too fast. */
function burned(events: readonly TrueEvent[], { longSeconds, burnRateThreshold }: Burst, about: Stretch, budget: number): boolean {
  const near = events.filter(({ at }) => isIn(at, about));
  let [end, bad] = [0, 0];
  return near.some((first, i) => {
    for (let one = near[end]; one !== undefined && one.at < first.at + longSeconds; end += 1, one = near[end]) if (one.bad) bad += 1;
    const ratio = bad / (end - i);
    if (first.bad) bad -= 1;
    return ratio > burnRateThreshold * budget;
  });
}

function burstLies(world: World, { objective, judged, truth }: Found, origin: number): string[] {
  const burst = judged.evidence?.windows.find((window) => window.kind === "fastBurn");
  if (burst === undefined) return ["exceeded, and the truth does not prove it"];
  const client = sideOf(objective.indicator) === "client";
  const zero = origin + (client ? 0 : world.offsetSeconds);
  const apart = Math.max(...world.pods.map(({ clockSeconds }) => clockSeconds));
  const slack = client ? 1.5 + apart + (world.shortages[0] ? 6 : 0) : (1 + world.lateScrapes) * world.scrapeSeconds + 1;
  const [from, to] = [burst.fromSeconds - zero, burst.toSeconds - zero];
  if (burned(truth.events, burst, { from: from - slack, to: to + slack }, complement(objective.targetRatio))) return [];
  return [`exceeded by a fast burn from ${from.toFixed(1)} s to ${to.toFixed(1)} s, and there was none`];
}

function countLies({ judged, truth }: Found): string[] {
  if (judged.evidence === undefined) return [];
  const { best, worst } = judged.evidence;
  const { kindest, harshest } = truth;
  const good = ({ total, bad }: { total: number; bad: number }): number => total - bad;
  return [
    ...(best.bad > harshest.bad ? [`at least ${best.bad} bad, and there were ${harshest.bad}`] : []),
    ...(worst.bad < kindest.bad ? [`at most ${worst.bad} bad, and there were ${kindest.bad}`] : []),
    ...(good(best) < good(harshest) ? [`at most ${good(best)} good, and there were ${good(harshest)}`] : []),
    ...(good(worst) > good(kindest) ? [`at least ${good(worst)} good, and there were ${good(kindest)}`] : []),
  ];
}

/** What a verdict said of an objective, beside the truth, and what is untrue in it, one sentence each; none of an honest verdict. */
export type Finding = ReturnType<typeof findingOf>;

export function findingOf(
  world: World,
  happened: Happened,
  objective: WorldObjective,
  judged: JudgedObjective,
  { origin, answered }: { origin: number; answered: Answered },
) {
  const found: Found = { objective, judged, truth: truthOf(world, happened, objective, answered) };
  const { kindest, harshest } = found.truth;
  const lies = countLies(found);
  if (judged.verdict === "met" && !provesMet(kindest, objective.targetRatio, confidence))
    lies.unshift("met, and the truth does not prove it");
  if (judged.verdict === "exceeded" && !provesExceeded(harshest, objective.targetRatio, confidence))
    lies.unshift(...burstLies(world, found, origin));
  return { ...found, lies };
}

export const confidence = 0.95;

export function findingText({ objective, judged, truth, lies }: Finding): string {
  const count = ({ bad, total }: { bad: number; total: number }): string => `${bad} of ${total}`;
  const said = judged.evidence ? ` by ${count(judged.evidence.best)} to ${count(judged.evidence.worst)}` : "";
  const range =
    count(truth.kindest) === count(truth.harshest) ? count(truth.kindest) : `${count(truth.kindest)} to ${count(truth.harshest)}`;
  return `${objective.name} ${objective.targetRatio * 100} %: ${judged.verdict}${said}; truth ${range} bad: ${lies.join("; ") || "honest"} (${judged.reason ?? "no reason"})`;
}
