import { complement } from "../../judge/clopper-pearson.ts";
import type { Indicator, Objective } from "../../spec/spec.ts";
import { randomOf, type Random } from "./random.ts";
import { troubles } from "./troubles.ts";
import { ever, gapSeconds, judgedStretch, routes, type Instance, type World } from "./world.ts";

/** How long, how fast and how often it is scraped: the length spans four orders of magnitude, the number of requests one. */
function shapeOf(random: Random): Pick<World, "seconds" | "rate" | "scrapeSeconds" | "spike"> {
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

function instancesOf(random: Random): Instance[] {
  const age = random.chance(0.8) ? random.between(400, 90_000) : random.between(15, 300);
  const one = (): Instance => ({ processes: [{ from: -age, to: Number.POSITIVE_INFINITY }], target: { ...ever }, lie: { kind: "none" } });
  return Array.from({ length: random.pick([1, 1, 2, 3, 5]) }, one);
}

function indicatorsOf(world: World, random: Random): Indicator[] {
  const where = world.script === "none" && random.chance(0.25) ? { route: routes[0] } : {};
  const all: Indicator[] = [
    { kind: "errors", side: "client", where },
    { kind: "errors", side: "server", where },
    { kind: "latency", side: "client", atMostSeconds: world.thresholdSeconds, where },
    { kind: "latency", side: "server", atMostSeconds: world.thresholdSeconds, where },
    { kind: "ratio", bad: `orders_total{job="${world.id}",result="failed"}`, total: `orders_total{job="${world.id}"}` },
  ];
  const first = Math.floor(random.between(0, all.length));
  return all.filter((_, i) => i === first || random.chance(0.3));
}

const nameOf = (indicator: Indicator): string => (indicator.kind === "ratio" ? "ratio" : `${indicator.side} ${indicator.kind}`);

/** Chooses a target that so many requests can prove or break, most of the time. */
function objectivesOf(world: World, random: Random): Objective[] {
  const expected = world.rate * world.seconds * world.requestsPerIteration;
  const provable = [0.9, 0.95, 0.99, 0.995, 0.999].filter((target) => expected * complement(target) >= 4);
  const targetRatio = random.chance(0.92) && provable.length > 0 ? random.pick(provable) : random.pick([0.9, 0.99, 0.999]);
  return indicatorsOf(world, random).map((indicator) => ({
    name: nameOf(indicator),
    targetRatio,
    indicator,
    place: { file: "world", line: 1, column: 1 },
  }));
}

/** What goes wrong in most places some day, and tells on the judge at once. */
const likely = ["restart just before", "restart before", "not scraped"];

/** Makes a world: what it is about, and none to three things that go wrong in it. */
export function worldOf(seed: number, index: number): World {
  const random = randomOf(seed, index);
  const world: World = {
    id: `w${seed}-${index}`,
    words: [],
    script: random.pick(["none", "none", "none", "own host", "other hosts"]),
    namesUrls: random.chance(0.8),
    openModel: random.chance(0.9),
    ...shapeOf(random),
    setupRequests: random.pick([0, 20, 100]),
    warmupSeconds: random.pick([0, 1, 3]),
    requestsPerIteration: random.chance(0.85) ? 1 : 2,
    pods: [{ startsAt: 0, clockSeconds: 0, lostAt: undefined }],
    drops: [],
    shortages: [],
    healthKnown: true,
    instances: instancesOf(random),
    balancerKnows: random.chance(0.5),
    errors: [],
    slow: [],
    refused: [],
    hasGateway: random.chance(0.3),
    others: [],
    past: random.pick([0, 100, 1000]),
    lazy: random.chance(0.6),
    tellsStart: random.chance(0.7),
    scrapesFrom: 0,
    failedScrapes: 0,
    skippedScrapes: 0,
    lateScrapes: 0,
    scrapeTakes: random.pick([0.005, 0.02, 0.09]),
    away: undefined,
    offsetSeconds: 0,
    offsetError: random.between(-0.04, 0.04),
    judgedLater: random.chance(0.3),
    thresholdSeconds: random.pick([0.1, 0.25, 1]),
    objectives: [],
    badness: random.pick([0, 0, 0.2, 0.5, 1, 1, 1, 1.3, 2, 4, 10]),
  };
  if (world.script !== "none") Object.assign(world, { warmupSeconds: 0, setupRequests: random.pick([0, 0, 20]) });
  world.scrapesFrom = -Math.min(330, Math.max(15, 12 * world.scrapeSeconds));
  world.objectives = objectivesOf(world, random);
  const ratio = Math.min(1, world.badness * complement(world.objectives[0]?.targetRatio ?? 0.99));
  world.errors.push({ ...ever, ratio });
  world.slow.push({ ...ever, ratio });
  const names = Array.from({ length: random.pick([0, 0, 1, 1, 2, 3]) }, () => random.pick(Object.keys(troubles)));
  if (world.spike && random.chance(0.6)) names.push("short of CPU");
  if (names.length === 1 && random.chance(0.3)) names.push(random.pick(likely));
  for (const name of new Set(names)) world.words.push(`${name}: ${troubles[name]?.(world, random)}`);
  return world;
}

/** Describes a world in one line. */
export function described(world: World): string {
  const { from } = judgedStretch(world);
  const targets = world.objectives.map(({ name, targetRatio }) => `${name} ${targetRatio * 100} %`).join(", ");
  const warm = world.warmupSeconds > 0 ? `, warm-up ${world.warmupSeconds} + ${gapSeconds} s` : "";
  return [
    `${world.instances.length} instances at ${world.scrapeSeconds} s${world.lazy ? ", lazy label sets" : ""}${world.tellsStart ? "" : ", no start time"}${world.past > 0 ? `, ${world.past} requests before` : ""}`,
    `${world.script === "none" ? "our scenario" : `user script (${world.script}${world.namesUrls ? "" : ", names of its own"})`} ${world.rate.toPrecision(3)}/s × ${world.requestsPerIteration} for ${world.seconds} s from ${from.toFixed(2)} s${warm}, ${world.setupRequests} in setup`,
    `bad ${world.badness} × budget`,
    ...(world.openModel ? [] : ["closed model"]),
    ...world.words,
    targets,
  ].join("; ");
}
