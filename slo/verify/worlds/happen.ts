import { randomOf, type Random, gapSeconds, isIn, judgedStretch, type Instance, type Spell, type World } from "./world.ts";
import { routes } from "./counting.ts";

/** One request: what the service did, and what its sender saw. Times are seconds since the first k6 began. */
export interface Request {
  who: "setup" | "warmup" | "judged" | "others";
  /** The route as the service names it; undefined where it went to another host. */
  route: string | undefined;
  servedAt: number;
  /** When its sender had the answer. */
  at: number;
  /** 0: no answer, for which k6 has a code of its own. */
  status: number;
  errorCode?: string;
  /** What the service took, and what the sender measured. */
  seconds: number;
  measured: number;
  instance: number | undefined;
  pod: number | undefined;
  /** It has a latency, and no counter takes it. */
  timedOnly?: boolean | undefined;
  /** The script's check of it is made by a module that is not bundled. */
  isUnbundled?: boolean;
}

/** Chooses who serves a request; undefined: nobody, the connection is refused. */
function instanceFor(world: World, random: Random, at: number): number | undefined {
  const isUp = ({ processes }: Instance): boolean => processes.some((process) => isIn(at, process));
  const isAsked = (one: Instance): boolean => isUp(one) || (!world.balancerKnows && (one.target?.to ?? Number.POSITIVE_INFINITY) > at);
  const candidates = world.instances.filter(isAsked);
  if (candidates.length === 0) return undefined;
  const chosen = random.pick(candidates);
  return isUp(chosen) ? world.instances.indexOf(chosen) : undefined;
}

const hits = (spells: readonly Spell[], random: Random, at: number, instance: number | undefined): boolean =>
  spells.some((spell) => isIn(at, spell) && (spell.instance ?? instance) === instance && random.chance(spell.ratio));

function requestAt(world: World, random: Random, at: number, sent: Pick<Request, "who" | "pod" | "route" | "timedOnly">): Request {
  const { thresholdSeconds } = world;
  const refused = {
    ...sent,
    servedAt: at,
    at,
    status: world.hasGateway ? 502 : 0,
    seconds: 0,
    measured: 0,
    instance: undefined,
    errorCode: "1212",
  };
  if (sent.route === undefined) {
    const seconds = 0.01;
    return { ...refused, at: at + seconds, servedAt: at + seconds, status: random.chance(0.05) ? 500 : 200, seconds, measured: seconds };
  }
  const instance = hits(world.refused, random, at, undefined) ? undefined : instanceFor(world, random, at);
  if (instance === undefined) return refused;
  const seconds = thresholdSeconds * (hits(world.slow, random, at, instance) ? random.between(1.05, 2) : random.between(0.05, 0.6));
  const bad = hits(world.errors, random, at, instance);
  // A k6 that is short of CPU sends late, and takes an answer late: until it is so no more.
  const delayAt = (when: number): number => {
    const short = sent.pod === undefined ? undefined : world.shortages.find((shortage) => isIn(when, shortage));
    return short && random.chance(0.6) ? Math.min(random.between(0.1, 2) * thresholdSeconds, short.to - when) : 0;
  };
  const sentAt = at + delayAt(at);
  const servedAt = sentAt + seconds;
  // An answer that its instance did not live to give is one that never came, and was not counted.
  if (!world.instances[instance]?.processes.some((process) => isIn(sentAt, process) && isIn(servedAt, process)))
    return { ...refused, at: servedAt, errorCode: "1220" };
  const takenAt = servedAt + delayAt(servedAt);
  return { ...sent, servedAt, at: takenAt, status: bad ? world.counting.badStatus : 200, seconds, measured: takenAt - at, instance };
}

function* startsOf(from: number, to: number, rate: number): Generator<number> {
  for (let i = 0; from + i / rate < to; i += 1) yield from + i / rate;
}

function otherTraffic(world: World, random: Random): Request[] {
  return world.others.flatMap((other) =>
    [...startsOf(other.from, other.to, other.rate)].map((at) => {
      const request = requestAt(world, random, at, { who: "others", pod: undefined, route: other.route, timedOnly: other.timedOnly });
      return request.status === 200 && random.chance(other.ratio) ? { ...request, status: world.counting.badStatus } : request;
    }),
  );
}

/** All that happened in a world, each list in order of time. */
export type Happened = ReturnType<typeof happen>;

/** Plays a world: the same world and seed play the same. */
export function happen(world: World, seed: number) {
  const random = randomOf(seed ^ 0x5bd1e995, Number(world.id.split("-")[1]));
  const judged = judgedStretch(world);
  const requests: Request[] = otherTraffic(world, random);
  /** Iterations that k6 dropped; `route` is what they would have asked for. */
  const dropped: { at: number; pod: number; route: string; ofK6: boolean }[] = [];
  const iterations: { at: number; pod: number; who: "warmup" | "judged" }[] = [];
  /** How many iterations of the warm-up k6 cut off: the service may go on with their last request, which k6 does not count. */
  const cutOff = world.pods.map(() => 0);
  const elsewhere = (): boolean => world.script === "other hosts" && random.chance(0.3);
  const routeOf = (): string => (random.chance(0.7) ? routes[0] : routes[1]);
  const iterate = (who: "warmup" | "judged", at: number, pod: number, stopsAt = Number.POSITIVE_INFINITY): void => {
    const route = routeOf();
    const drop = who === "judged" ? world.drops.find((one) => isIn(at, one) && random.chance(one.ratio)) : undefined;
    if (drop) return void dropped.push({ at, pod, route, ofK6: drop.ofK6 });
    let moment = at;
    for (let i = 0; i < world.requestsPerIteration; i += 1) {
      const request = requestAt(world, random, moment, { who, pod, route: elsewhere() ? undefined : i === 0 ? route : routeOf() });
      const cut = request.at > stopsAt;
      const isUnbundled = world.unbundledChecks > 0 && random.chance(world.unbundledChecks);
      requests.push(cut ? { ...request, pod: undefined } : { ...request, isUnbundled });
      if (cut) return void (cutOff[pod] = (cutOff[pod] ?? 0) + 1);
      moment = request.at;
    }
    iterations.push({ at: moment, pod, who });
  };
  for (const [pod, { startsAt, lostAt = Number.POSITIVE_INFINITY }] of world.pods.entries()) {
    const begin = startsAt + judged.from;
    const load = (who: "warmup" | "judged", from: number, to: number, rate: number, stopsAt?: number): void => {
      for (const at of startsOf(from, Math.min(to, lostAt), rate / world.pods.length)) iterate(who, at, pod, stopsAt);
    };
    for (let i = 0; i < world.setupRequests; i += 1) {
      const teardown = world.script !== "none" && i % 2 === 1 ? judged.to + 3 : 0;
      const at = startsAt + 0.05 + (0.2 * i) / world.setupRequests + teardown;
      if (at < lostAt) requests.push(requestAt(world, random, at, { who: "setup", pod, route: routes[1] }));
    }
    const { spike, warmupSeconds } = world;
    if (warmupSeconds > 0)
      load("warmup", begin - warmupSeconds - gapSeconds, begin - gapSeconds, Math.max(world.rate / 5, world.pods.length), begin - 1.5);
    load("judged", begin, startsAt + judged.to, world.rate);
    if (spike) load("judged", begin + spike.from, begin + spike.to, spike.rate);
  }
  const inTime = (a: { at: number }, b: { at: number }): number => a.at - b.at;
  const last = Math.max(...requests.flatMap(({ pod, at }) => (pod === undefined ? [] : [at])), ...dropped.map(({ at }) => at), judged.to);
  return {
    requests: requests.toSorted(inTime),
    dropped: dropped.toSorted(inTime),
    iterations: iterations.toSorted(inTime),
    cutOff,
    endedAt: last + 0.15,
  };
}
