import type { Objective } from "../../spec/spec.ts";

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

/** How an instance's counters differ from what it served. */
export type Lie = { kind: "none" } | { kind: "frozen"; from: number } | { kind: "half" } | { kind: "no errors" };

/** One address of the service: the processes that ran there, one after the other, and what Prometheus saw of it. */
export interface Instance {
  processes: Stretch[];
  /** When Prometheus had it among its targets; undefined: never. */
  target: Stretch | undefined;
  lie: Lie;
}

/** Traffic that is not the load's. */
export interface OtherTraffic extends Spell {
  rate: number;
  route: string;
}

/** One process of k6, and how far its clock is ahead of the first one's; `lostAt`: it was killed then, and nothing was heard of it any more. */
export interface Pod {
  startsAt: number;
  clockSeconds: number;
  lostAt: number | undefined;
}

/** A stretch in which k6 drops a share of the iterations; `ofK6`: because it was short of CPU itself. */
export interface Drops extends Spell {
  ofK6: boolean;
}

/** A service, its load and its monitoring, before anything happened. Times are seconds since k6 began. */
export interface World {
  id: string;
  /** What is special about it, in short words. */
  words: string[];
  /** "none" is a scenario of ours; a user's script asks the target only, or other hosts too. */
  script: "none" | "own host" | "other hosts";
  /** The script leaves the names of its requests to k6, which takes their URLs. */
  namesUrls: boolean;
  openModel: boolean;
  rate: number;
  seconds: number;
  spike: (Stretch & { rate: number }) | undefined;
  setupRequests: number;
  warmupSeconds: number;
  requestsPerIteration: number;
  pods: Pod[];
  drops: Drops[];
  /** When k6 was short of CPU, and whether the record knows. */
  shortages: Stretch[];
  healthKnown: boolean;
  instances: Instance[];
  /** True where a load balancer sends nothing to an instance that is down. */
  balancerKnows: boolean;
  errors: Spell[];
  slow: Spell[];
  /** Requests that get no answer, or that of a gateway (502). */
  refused: Spell[];
  hasGateway: boolean;
  others: OtherTraffic[];
  /** How many requests each instance had served before anything of this began. */
  past: number;
  /** Label sets come with their first event. */
  lazy: boolean;
  tellsStart: boolean;
  scrapeSeconds: number;
  scrapesFrom: number;
  failedScrapes: number;
  skippedScrapes: number;
  lateScrapes: number;
  /** How long a scrape counts on, seconds. */
  scrapeTakes: number;
  /** When Prometheus itself was down. */
  away: Stretch | undefined;
  /** Prometheus's clock minus k6's. */
  offsetSeconds: number;
  /** How far the check before the load was off. */
  offsetError: number;
  /** True where the verdict is reached by a later gate. */
  judgedLater: boolean;
  thresholdSeconds: number;
  objectives: Objective[];
  /** How bad the service is, times its budget: the ratio that errors and slow answers are drawn with, where nothing else disturbs it. */
  badness: number;
}

/** All of time. */
export const ever: Stretch = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

/** The routes of every service. */
export const routes = ["/a", "/b"] as const;

/** When the judged load begins and ends as planned, seconds since its own k6 began. */
export function judgedStretch(world: World): Stretch {
  const warmed = world.setupRequests > 0 ? 0.3 : 0.05;
  const from = warmed + (world.warmupSeconds > 0 ? world.warmupSeconds + gapSeconds : 0);
  return { from, to: from + world.seconds };
}

/** How long our scenarios pause between warm-up and load. */
export const gapSeconds = 2.5;

/** Tells whether a moment lies in a stretch. */
export const isIn = (at: number, { from, to }: Stretch): boolean => at >= from && at < to;
