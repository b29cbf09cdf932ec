import type { Indicator, Objective } from "../../spec/spec.ts";
import { countingOf } from "./counting.ts";

/** A stretch of time, seconds since k6 began on its own clock; `to` is not in it. */
export interface Stretch {
  from: number;
  to: number;
}

/** A stretch in which a share (0–1) of requests fares badly, on one instance only where one is named. */
export interface Spell extends Stretch {
  ratio: number;
  instance?: number;
}

/** An objective of a world: of the kinds whose truth is known. */
export type WorldObjective = Objective & { indicator: Extract<Indicator, { kind: "errors" | "latency" | "ratio" | "checks" | "counter" }> };

/** One address of the service: the processes that ran there, one after the other, and what Prometheus saw of it. */
export interface Instance {
  processes: Stretch[];
  /** When Prometheus had it among its targets; undefined: never. */
  target: Stretch | undefined;
  /** Gives the status by which its counters take the nth request that it served, if they do; undefined: each as it was. */
  countsAs: ((request: { servedAt: number; status: number }, nth: number) => number | undefined) | undefined;
  /** The instance that is scraped in its place every now and then, as two processes on one address are. */
  turnsWith?: number;
}

/** How long, how fast and how often it is scraped: the length spans four orders of magnitude, the number of requests one. */
function shapeOf(random: Random) {
  if (random.chance(0.08)) {
    const seconds = Math.round(random.between(2, 24)) * 3600;
    const at = random.between(0.1, 0.9) * seconds;
    const spike = { from: at, to: at + random.between(6, 20), rate: random.between(20, 80) };
    return { seconds, rate: random.between(600, 2500) / seconds, scrapeSeconds: random.pick([30, 60]), spike };
  }
  const requests = random.pick([120, 400, 1000, 2000, 4000]);
  const seconds = Math.round(random.chance(0.6) ? random.between(4, 40) : random.between(40, 300));
  const intervals = [0.25, 0.5, 1, 2, 5, 10, 15, 30, 60].filter((every) => seconds / every < 160);
  return { seconds, rate: Math.ceil(requests / seconds), scrapeSeconds: random.pick(intervals), spike: undefined };
}

/** What objectives are about that are set apart, and what is told of it untruly. */
function partsOf(random: Random, seconds: number) {
  const fromSeconds = random.between(0, 0.6) * seconds;
  return {
    /** A named part of the load, seconds since the judged load began. */
    phase: { name: "late", fromSeconds, toSeconds: fromSeconds + random.between(0.2, 0.4) * seconds },
    /** The share of a script's checks that a module makes which is not bundled with it, so that only k6 knows of them. */
    unbundledChecks: 0,
    /** When a process says at a moment that it began, where that is not the truth. */
    startToldAt: undefined as ((from: number, at: number) => number) | undefined,
  };
}

/** Begins an instance; Prometheus knows it for all of time, or a part of it. */
export const instanceSince = (from: number, target: Stretch): Instance => ({
  processes: [{ ...ever, from }],
  target,
  countsAs: undefined,
});

function instancesOf(random: Random): Instance[] {
  const age = random.chance(0.8) ? random.between(400, 90_000) : random.between(15, 300);
  return Array.from({ length: random.pick([1, 1, 2, 3, 5]) }, () => instanceSince(-age, { ...ever }));
}

/** Makes a service, its load and its monitoring as they are where nothing goes wrong. Times are seconds since k6 began. */
export function calmWorld(id: string, random: Random) {
  const script = random.pick(["none", "none", "none", "own host", "other hosts"] as const);
  const shape = shapeOf(random);
  return {
    id,
    words: [] as string[],
    /** "none" is a scenario of ours; a user's script asks the target only, or other hosts too. */
    script,
    /** The script leaves the names of its requests to k6, which takes their URLs. */
    namesUrls: random.chance(0.8),
    openModel: random.chance(0.9),
    ...shape,
    setupRequests: random.pick(script === "none" ? [0, 20, 100] : [0, 0, 20]),
    warmupSeconds: script === "none" ? random.pick([0, 1, 3]) : 0,
    requestsPerIteration: random.chance(0.85) ? 1 : 2,
    /** The processes of k6: how far the clock of each is ahead of the first one's, and when it was killed and not heard of any more. */
    pods: [{ startsAt: 0, clockSeconds: 0, lostAt: undefined as number | undefined }],
    /** When k6 drops a share of the iterations; `ofK6`: because it was short of CPU itself. */
    drops: [] as (Spell & { ofK6: boolean })[],
    /** When k6 was short of CPU, and whether the record knows. */
    shortages: [] as Stretch[],
    healthKnown: true,
    instances: instancesOf(random),
    /** A load balancer sends nothing to an instance that is down. */
    balancerKnows: random.chance(0.5),
    /** Requests that fail, that are slow, and that get no answer (with a gateway: its 502). */
    errors: [] as Spell[],
    slow: [] as Spell[],
    refused: [] as Spell[],
    hasGateway: random.chance(0.3),
    others: [] as (Spell & { rate: number; route: string; timedOnly?: boolean })[],
    /** How many requests each instance had served before anything of this began. */
    past: random.pick([0, 100, 1000]),
    /** Label sets come with their first event. */
    lazy: random.chance(0.6),
    tellsStart: random.chance(0.7),
    scrapesFrom: -Math.min(330, Math.max(15, 12 * shape.scrapeSeconds)),
    failedScrapes: 0,
    skippedScrapes: 0,
    lateScrapes: 0,
    /** How long a scrape counts on. */
    scrapeTakes: random.chance(0.1) ? random.between(0.2, 0.9) * shape.scrapeSeconds : random.pick([0.005, 0.02, 0.09]),
    away: undefined as Stretch | undefined,
    /** Prometheus's clock minus k6's, and how far the check before the load was off. */
    offsetSeconds: 0,
    offsetError: random.between(-0.04, 0.04),
    /** The verdict is reached by a later gate. */
    judgedLater: random.chance(0.3),
    thresholdSeconds: random.pick([0.1, 0.25, 1]),
    counting: countingOf(random),
    ...partsOf(random, shape.seconds),
    objectives: [] as WorldObjective[],
    /** How bad the service is, times its budget, where nothing else disturbs it. */
    badness: random.pick([0, 0, 0.2, 0.5, 1, 1, 1, 1.3, 2, 4, 10]),
  };
}

export type World = ReturnType<typeof calmWorld>;

export const ever: Stretch = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

/** When the judged load begins and ends as planned, seconds since its own k6 began. */
export function judgedStretch(world: World): Stretch {
  const warmed = world.setupRequests > 0 ? 0.3 : 0.05;
  const from = warmed + (world.warmupSeconds > 0 ? world.warmupSeconds + gapSeconds : 0);
  return { from, to: from + world.seconds };
}

/** How long our scenarios pause between warm-up and load. */
export const gapSeconds = 2.5;

/** Tells when a pod's k6 pushes what happened at a moment: each second, and while it is short of CPU not before that is over. */
export function pushedAt({ pods, shortages }: World, pod: number, at: number): number {
  const startsAt = pods[pod]?.startsAt ?? 0;
  const due = startsAt + Math.floor(at - startsAt) + 1;
  return shortages.find((shortage) => isIn(due, shortage))?.to ?? due;
}

export const isIn = (at: number, { from, to }: Stretch): boolean => at >= from && at < to;

/** Opens a seeded source of chance (mulberry32) for one world of a seed: the same numbers on every machine. */
export function randomOf(seed: number, index: number) {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 4; i += 1) next();
  return {
    /** Gives a number from `from` up to `to`, which is never reached. */
    between: (from: number, to: number) => from + next() * (to - from),
    chance: (probability: number) => next() < probability,
    pick<T>(from: readonly T[]): T {
      const picked = from[Math.floor(next() * from.length)];
      if (picked === undefined) throw new RangeError("nothing to pick from");
      return picked;
    },
  };
}

export type Random = ReturnType<typeof randomOf>;
