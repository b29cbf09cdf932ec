import { complement } from "../../judge/clopper-pearson.ts";
import { calmWorld, ever, instanceSince, judgedStretch, randomOf } from "./world.ts";
import type { Instance, Random, Stretch, World } from "./world.ts";
import { routes } from "./counting.ts";
import { objectivesOf } from "./objectives.ts";

type Trouble = (world: World, random: Random) => void;

/** Draws a moment of the judged load: 0 is its beginning, 1 its end. */
const moment = (world: World, random: Random, earliest = 0, latest = 1): number =>
  judgedStretch(world).from + random.between(earliest, latest) * world.seconds;

/** Draws a stretch of the judged load, at its beginning or end as often as within; `most` bounds its length, seconds. */
function stretch(world: World, random: Random, most = Number.POSITIVE_INFINITY): Stretch {
  const length = Math.min(most, world.seconds * random.between(0.02, 0.3));
  const judged = judgedStretch(world);
  const from = random.pick([judged.from, random.between(judged.from, judged.to - length), judged.to - length]);
  return { from, to: from + length };
}

const toOne =
  (happen: (instance: Instance, world: World, random: Random) => void): Trouble =>
  (world, random) =>
    happen(random.pick(world.instances), world, random);

/** Ends the process of an instance, and begins another one after a pause, if any. */
function end({ processes }: Instance, when: number, pause?: number): void {
  const last = processes.at(-1);
  if (last === undefined || when <= last.from) return;
  last.to = when;
  if (pause !== undefined) processes.push({ ...ever, from: when + pause });
}

const restart = (draw: (world: World, random: Random) => number): Trouble =>
  toOne((instance, world, random) => {
    const [when, pause, all] = [draw(world, random), random.pick([0.2, 1, 5]), random.chance(0.4)];
    for (const one of all ? world.instances : [instance]) end(one, when, pause);
  });

const spell = (draw: (world: World, random: Random) => Stretch): Trouble =>
  toOne((instance, world, random) => {
    const bad = { ...draw(world, random), ratio: random.pick([0.05, 0.3, 1]) };
    const where = random.chance(0.3) ? { instance: world.instances.indexOf(instance) } : {};
    for (const spells of [world.errors, world.slow]) spells.push({ ...bad, ...where });
  });

const others =
  (route: string, draw: (world: World, random: Random) => Stretch & { timedOnly?: boolean }): Trouble =>
  (world, random) => {
    const rate = Math.min(60, world.rate) * random.pick([0.2, 1]);
    world.others.push({ ...draw(world, random), rate, route, ratio: random.pick([0, 0, 0.3]) });
  };

const counting = (draw: (world: World, random: Random) => Instance["countsAs"]): Trouble =>
  toOne((instance, world, random) => {
    instance.countsAs = draw(world, random);
  });

/** Adds an instance that nobody scrapes and that answers badly: what stands where its requests are missing hides these. */
function addUnseen(world: World): void {
  const bad = { ...ever, ratio: 1, instance: world.instances.push({ ...instanceSince(-1000, ever), target: undefined }) - 1 };
  for (const spells of [world.errors, world.slow]) spells.push(bad);
}

/** Makes one instance always bad to a degree that is drawn. */
const alwaysBad = (ratios: readonly number[], more: (instance: Instance) => void): Trouble =>
  toOne((instance, world, random) => {
    more(instance);
    world.errors.push({ ...ever, ratio: random.pick(ratios), instance: world.instances.indexOf(instance) });
  });

const always = ({ seconds }: World): Stretch => ({ from: -60, to: seconds + 40 });
const reach = (world: World): number => Math.min(120, -world.scrapesFrom);

export const troubles: Readonly<Record<string, Trouble>> = {
  "checks of a module that is not bundled"(world, random) {
    world.unbundledChecks = random.pick([0.01, 0.3, 1]);
  },
  "restart before": restart((world, random) => -random.between(0.5, reach(world))),
  "restart just before": restart((_, random) => -random.between(0.5, 6)),
  "restart in the warm-up": restart((world, random) => random.between(0, judgedStretch(world).from)),
  "restart during": restart((world, random) => moment(world, random)),
  "restart after": restart((world, random) => judgedStretch(world).to + random.between(0.2, 2 * world.scrapeSeconds)),
  crash: toOne((instance, world, random) => end(instance, moment(world, random, -0.3, 1.1))),
  "roll-out"(world, random) {
    const [begin, apart] = [moment(world, random, -0.5, 1.1), random.between(0.5, 5)];
    for (const [i, old] of [...world.instances].entries()) {
      const when = begin + i * apart;
      end(old, when);
      if (old.target) old.target.to = when;
      world.instances.push(instanceSince(when - 1, { ...ever, from: when - 1 }));
    }
  },
  "new instance"(world, random) {
    const when = moment(world, random, -0.2, 1);
    world.instances.push(instanceSince(when, { ...ever, from: when + random.pick([0, 5, 30]) }));
  },
  "not scraped": alwaysBad([0, 0.1, 1], (instance) => {
    instance.target = undefined;
  }),
  "ended before"(world, random) {
    const [when, gone] = [-random.between(0.5, reach(world)), random.chance(0.5)];
    const added = instanceSince(-1000, { from: -1000, to: gone ? when : ever.to });
    end(added, when);
    world.instances.push(added);
  },
  "found late": toOne((instance, world, random) => {
    instance.target = { ...ever, from: moment(world, random, -0.3, 0.8) };
  }),
  "target lost": toOne(({ target }, world, random) => {
    if (target) target.to = Math.max(target.from, moment(world, random, -0.2, 1.2));
  }),
  "scrapes fail": (world, random) =>
    void Object.assign(world, { failedScrapes: random.pick([0.05, 0.3]), skippedScrapes: random.pick([0, 0.2]) }),
  "scrapes late": (world, random) => void Object.assign(world, { lateScrapes: random.pick([0.1, 0.5, 0.9]) }),
  "Prometheus away": (world, random) => void Object.assign(world, { away: stretch(world, random) }),
  "frozen metrics": counting((world, random) => {
    const from = moment(world, random);
    return ({ servedAt, status }) => (servedAt < from ? status : undefined);
  }),
  "half counted": counting(
    () =>
      ({ status }, nth) =>
        nth % 2 === 0 ? status : undefined,
  ),
  "errors not counted": counting(
    () =>
      ({ status }) =>
        status < 400 ? status : undefined,
  ),
  "errors counted as good": counting(() => () => 200),
  "others before": others(routes[0], (world, random) => ({ from: -reach(world), to: random.between(-5, 0) })),
  "others all the time": others(routes[0], always),
  "others in the load": others(routes[0], (world, random) => stretch(world, random, 120)),
  "others after": others(routes[0], (world) => ({ from: judgedStretch(world).to + 0.5, to: judgedStretch(world).to + 20 })),
  "others just after": others(routes[0], (world, random) => {
    addUnseen(world);
    const from = judgedStretch(world).to + 0.2;
    return { from, to: from + random.between(0.3, 2) * world.scrapeSeconds };
  }),
  "others first": (world, random) => {
    Object.assign(world, { lazy: true, past: 0 });
    const from = -random.between(0.5, 1) * world.scrapeSeconds;
    if (random.chance(0.5)) for (const one of world.instances) end(one, from, 0);
    others(routes[0], () => ({ from, to: random.pick([0.1, 0.5]) * world.seconds }))(world, random);
    addUnseen(world);
  },
  "others elsewhere": others("/probe", always),
  "clocks apart": (world, random) => void Object.assign(world, { offsetSeconds: random.pick([-1, 1]) * random.pick([0.04, 0.8, 5, 50]) }),
  pods(world, random) {
    const apart = random.pick([0.1, 0.1, 1.5, 8]);
    const lostAt = random.chance(0.3) ? moment(world, random, -0.1, 1) + 2 * apart : undefined;
    const clocks = random.pick([0, 0, 2]);
    world.pods = [0, 1, 2].map((i) => ({ startsAt: i * apart, clockSeconds: i * clocks, lostAt: i === 2 ? lostAt : undefined }));
  },
  "service drops": (world, random) => void world.drops.push({ ...stretch(world, random, 20), ratio: random.pick([0.1, 0.7]), ofK6: false }),
  "short of CPU"(world, random) {
    const from = world.spike ? judgedStretch(world).from + world.spike.from : moment(world, random, 0, 0.8);
    const short = { from, to: from + random.pick([2, 3, 6]) };
    world.shortages.push(short);
    if (random.chance(0.6)) world.drops.push({ ...short, ratio: random.pick([0.2, 0.8]), ofK6: true });
    world.healthKnown = random.chance(0.5);
  },
  burst: spell((world, random) => stretch(world, random)),
  "bad start": spell((world) => ({ from: 0, to: judgedStretch(world).from + Math.min(5, 0.1 * world.seconds) })),
  "bad end": spell((world) => ({ from: judgedStretch(world).to - Math.min(3, 0.1 * world.seconds), to: judgedStretch(world).to + 5 })),
  "bad warm-up": spell((world) => ({ from: -1, to: judgedStretch(world).from - 0.5 })),
  refused: (world, random) => void world.refused.push({ ...stretch(world, random), ratio: random.pick([0.02, 0.5, 1]) }),
  "start time untrue"(world, random) {
    const anew = moment(world, random, 0, 0.5);
    const told: World["startToldAt"][] = [
      (_, at) => at,
      (_, at) => Math.floor(at),
      (from, at) => Math.floor(at) - Math.floor(at - from),
      (from, at) => from + 0.0005 * (at - from),
      () => -5000,
      (from, at) => (at < anew ? from : anew),
    ];
    Object.assign(world, { tellsStart: true, startToldAt: random.pick(told) });
    if (random.chance(0.3)) addUnseen(world);
  },
  "metrics reset"(world, random) {
    end(random.pick(world.instances), moment(world, random), 0);
    Object.assign(world, { tellsStart: true, startToldAt: () => -5000 });
  },
  "clock ahead": toOne((instance, world, random) => {
    const [from, found] = [-random.between(5, 60), moment(world, random, 0.2, 0.6)];
    Object.assign(instance, instanceSince(from, { ...ever, from: found }));
    const told = random.between(judgedStretch(world).from + 1, found);
    addUnseen(world);
    Object.assign(world, { tellsStart: true, startToldAt: (start: number) => (start === from ? told : start) });
  }),
  "two on one address": toOne((instance, world) => {
    const [{ from } = ever] = instance.processes;
    instance.turnsWith = world.instances.push({ ...instanceSince(from, ever), target: undefined }) - 1;
    world.tellsStart = true;
  }),
  "histogram late": (world, random) => void Object.assign(world.counting, { flushSeconds: random.pick([0.3, 1, 5, 20]) }),
  "histogram by the dozen": (world, random) => void Object.assign(world.counting, { flushEvery: random.pick([12, 50, 300]) }),
  "probes timed only"(world, random) {
    others(routes[0], (_, chance) => ({ ...chance.pick([always(world), stretch(world, chance, 120)]), timedOnly: true }))(world, random);
    world.counting.flushSeconds = random.pick([0, 5, 20]);
  },
  "odd statuses": (world, random) => void Object.assign(world.counting, { oddEvery: random.pick([1, 7, 50]) }),
  "counted twice": (world) => void Object.assign(world.counting, { elsewhere: { zone: "b" }, isTwice: true }),
  "errors not timed": (world) => void Object.assign(world.counting, { timesErrors: false }),
  "one bad instance": alwaysBad([0.05, 1], () => undefined),
};

/** What goes wrong in most places some day, and tells on the judge at once. */
const likely = ["restart just before", "restart before", "not scraped"];

/** Makes a world: what it is about, and none to three things that go wrong in it. */
export function worldOf(seed: number, index: number): World {
  const random = randomOf(seed, index);
  const world = calmWorld(`w${seed}-${index}`, random);
  world.objectives = objectivesOf(world, random);
  const ratio = Math.min(1, world.badness * complement(world.objectives[0]?.targetRatio ?? 0.99));
  world.errors.push({ ...ever, ratio });
  world.slow.push({ ...ever, ratio });
  const names = Array.from({ length: random.pick([0, 0, 1, 1, 2, 3]) }, () => random.pick(Object.keys(troubles)));
  if (world.spike && random.chance(0.6)) names.push("short of CPU");
  if (names.length === 1 && random.chance(0.3)) names.push(random.pick(likely));
  world.words = [...new Set(names)];
  for (const name of world.words) troubles[name]?.(world, random);
  return world;
}
