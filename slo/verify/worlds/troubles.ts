import type { Random } from "./random.ts";
import { ever, judgedStretch, routes, type Instance, type Stretch, type World } from "./world.ts";

/** Makes one thing go wrong in a world, and says how in a few words. */
type Trouble = (world: World, random: Random) => string;

const at = (seconds: number): string => `${seconds.toFixed(1)} s`;
const span = ({ from, to }: Stretch): string => `${from.toFixed(1)} to ${at(to)}`;

/** Draws a moment of the judged load: 0 is its beginning, 1 its end. */
function moment(world: World, random: Random, earliest = 0, latest = 1): number {
  return judgedStretch(world).from + random.between(earliest, latest) * world.seconds;
}

/** Draws a stretch of the judged load, at its beginning or end as often as within; `most` bounds its length, seconds. */
function stretch(world: World, random: Random, most = Number.POSITIVE_INFINITY): Stretch {
  const length = Math.min(most, world.seconds * random.between(0.02, 0.3));
  const judged = judgedStretch(world);
  const from = random.pick([judged.from, random.between(judged.from, judged.to - length), judged.to - length]);
  return { from, to: from + length };
}

/** Lets something happen to one of the instances. */
function toOne(happen: (instance: Instance, world: World, random: Random, which: number) => string): Trouble {
  return (world, random) => {
    const which = Math.floor(random.between(0, world.instances.length));
    const instance = world.instances[which];
    return instance ? `instance ${which} ${happen(instance, world, random, which)}` : "nothing";
  };
}

/** Ends the process of an instance, and begins another one after a pause, if any. */
function end(instance: Instance, when: number, pause?: number): void {
  const last = instance.processes.at(-1);
  if (last === undefined || when <= last.from) return;
  last.to = when;
  if (pause !== undefined) instance.processes.push({ from: when + pause, to: Number.POSITIVE_INFINITY });
}

function restart(draw: (world: World, random: Random) => number): Trouble {
  return toOne((instance, world, random) => {
    const [when, pause, all] = [draw(world, random), random.pick([0.2, 1, 5]), random.chance(0.4)];
    for (const one of all ? world.instances : [instance]) end(one, when, pause);
    return `${all ? "and all others " : ""}at ${at(when)}`;
  });
}

function spell(draw: (world: World, random: Random) => Stretch): Trouble {
  return toOne((_, world, random, which) => {
    const bad = { ...draw(world, random), ratio: random.pick([0.05, 0.3, 1]), ...(random.chance(0.3) ? { instance: which } : {}) };
    world.errors.push(bad);
    world.slow.push(bad);
    return `${bad.instance === undefined ? "and all others " : ""}${bad.ratio} bad ${span(bad)}`;
  });
}

function others(route: string, draw: (world: World, random: Random) => Stretch): Trouble {
  return (world, random) => {
    const rate = Math.min(60, world.rate) * random.pick([0.2, 1]);
    const other = { ...draw(world, random), rate, route, ratio: random.pick([0, 0, 0.3]) };
    world.others.push(other);
    return `${rate.toFixed(1)}/s on ${route}, ${other.ratio} bad, ${span(other)}`;
  };
}

function lie(draw: (world: World, random: Random) => Instance["lie"]): Trouble {
  return toOne((instance, world, random) => {
    instance.lie = draw(world, random);
    return instance.lie.kind === "frozen" ? `from ${at(instance.lie.from)}` : "";
  });
}

/** Begins an instance that Prometheus finds at a moment. */
function addInstance(world: World, from: number, target: Stretch): void {
  world.instances.push({ processes: [{ from, to: Number.POSITIVE_INFINITY }], target, lie: { kind: "none" } });
}

const always = ({ seconds }: World): Stretch => ({ from: -60, to: seconds + 40 });
const reach = (world: World): number => Math.min(120, -world.scrapesFrom);

/** Everything that may go wrong, by its name. */
export const troubles: Readonly<Record<string, Trouble>> = {
  "restart before": restart((world, random) => -random.between(0.5, reach(world))),
  "restart just before": restart((_, random) => -random.between(0.5, 6)),
  "restart in the warm-up": restart((world, random) => random.between(0, judgedStretch(world).from)),
  "restart during": restart((world, random) => moment(world, random)),
  "restart after": restart((world, random) => judgedStretch(world).to + random.between(0.2, 2 * world.scrapeSeconds)),
  crash: toOne((instance, world, random) => {
    const when = moment(world, random, -0.3, 1.1);
    end(instance, when);
    return `at ${at(when)}`;
  }),
  "roll-out": (world, random) => {
    const [begin, apart] = [moment(world, random, -0.5, 1.1), random.between(0.5, 5)];
    for (const [i, old] of [...world.instances].entries()) {
      const when = begin + i * apart;
      end(old, when);
      if (old.target) old.target.to = when;
      addInstance(world, when - 1, { from: when - 1, to: Number.POSITIVE_INFINITY });
    }
    return `from ${at(begin)}`;
  },
  "new instance": (world, random) => {
    const when = moment(world, random, -0.2, 1);
    const found = when + random.pick([0, 5, 30]);
    addInstance(world, when, { from: found, to: Number.POSITIVE_INFINITY });
    return `at ${at(when)}, found at ${at(found)}`;
  },
  "not scraped": toOne((instance, world, random, which) => {
    const ratio = random.pick([0, 0.1, 1]);
    instance.target = undefined;
    world.errors.push({ ...ever, ratio, instance: which });
    return `${ratio} bad`;
  }),
  "ended before": (world, random) => {
    const [when, gone] = [-random.between(0.5, reach(world)), random.chance(0.5)];
    addInstance(world, -1000, { from: -1000, to: gone ? when : Number.POSITIVE_INFINITY });
    end(world.instances.at(-1) as Instance, when);
    return `at ${at(when)}, ${gone ? "no target any more" : "still a target"}`;
  },
  "found late": toOne((instance, world, random) => {
    instance.target = { from: moment(world, random, -0.3, 0.8), to: Number.POSITIVE_INFINITY };
    return `at ${at(instance.target.from)}`;
  }),
  "target lost": toOne((instance, world, random) => {
    if (instance.target) instance.target.to = Math.max(instance.target.from, moment(world, random, -0.2, 1.2));
    return `at ${at(instance.target?.to ?? 0)}`;
  }),
  "scrapes fail": (world, random) => {
    Object.assign(world, { failedScrapes: random.pick([0.05, 0.3]), skippedScrapes: random.pick([0, 0.2]) });
    return `${world.failedScrapes}, are skipped ${world.skippedScrapes}`;
  },
  "scrapes late": (world, random) => {
    world.lateScrapes = random.pick([0.1, 0.5, 0.9]);
    return `by up to ${world.lateScrapes} of their interval`;
  },
  "Prometheus away": (world, random) => {
    world.away = stretch(world, random);
    return span(world.away);
  },
  "frozen metrics": lie((world, random) => ({ kind: "frozen", from: moment(world, random) })),
  "half counted": lie(() => ({ kind: "half" })),
  "errors not counted": lie(() => ({ kind: "no errors" })),
  "others before": others(routes[0], (world, random) => ({ from: -reach(world), to: random.between(-5, 0) })),
  "others all the time": others(routes[0], always),
  "others in the load": others(routes[0], (world, random) => stretch(world, random, 120)),
  "others after": others(routes[0], (world) => ({ from: judgedStretch(world).to + 0.5, to: judgedStretch(world).to + 20 })),
  "others elsewhere": others("/probe", always),
  "clocks apart": (world, random) => {
    world.offsetSeconds = random.pick([-1, 1]) * random.pick([0.04, 0.8, 5, 50]);
    return `by ${world.offsetSeconds} s`;
  },
  pods: (world, random) => {
    const apart = random.pick([0.1, 0.1, 1.5, 8]);
    const lostAt = random.chance(0.3) ? moment(world, random, -0.1, 1) + 2 * apart : undefined;
    const clocks = random.pick([0, 0, 2]);
    world.pods = [0, 1, 2].map((i) => ({ startsAt: i * apart, clockSeconds: i * clocks, lostAt: i === 2 ? lostAt : undefined }));
    return `3, ${apart} s apart, clocks by ${clocks} s${lostAt === undefined ? "" : `, one lost at ${at(lostAt)}`}`;
  },
  "service drops": (world, random) => {
    const drop = { ...stretch(world, random, 20), ratio: random.pick([0.1, 0.7]), ofK6: false };
    world.drops.push(drop);
    return span(drop);
  },
  "short of CPU": (world, random) => {
    const from = world.spike ? judgedStretch(world).from + world.spike.from : moment(world, random, 0, 0.8);
    const short = { from, to: from + random.pick([2, 3, 6]) };
    const drops = random.chance(0.6);
    world.shortages.push(short);
    if (drops) world.drops.push({ ...short, ratio: random.pick([0.2, 0.8]), ofK6: true });
    world.healthKnown = random.chance(0.5);
    return `${span(short)}, ${world.healthKnown ? "known" : "unknown"}, ${drops ? "with drops" : "no drops"}`;
  },
  burst: spell((world, random) => stretch(world, random)),
  "bad start": spell((world) => ({ from: 0, to: judgedStretch(world).from + Math.min(5, 0.1 * world.seconds) })),
  "bad end": spell((world) => ({ from: judgedStretch(world).to - Math.min(3, 0.1 * world.seconds), to: judgedStretch(world).to + 5 })),
  "bad warm-up": spell((world) => ({ from: -1, to: judgedStretch(world).from - 0.5 })),
  refused: (world, random) => {
    const refused = { ...stretch(world, random), ratio: random.pick([0.02, 0.5, 1]) };
    world.refused.push(refused);
    return `${refused.ratio} ${span(refused)}`;
  },
  "one bad instance": toOne((_, world, random, which) => {
    const ratio = random.pick([0.05, 1]);
    world.errors.push({ ...ever, ratio, instance: which });
    return `${ratio} bad`;
  }),
};
